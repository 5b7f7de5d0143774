use std::fmt;

/// A browser and its system in words, such as “Firefox on Linux”, read from a `User-Agent`.
///
/// It helps people to recognise their own sessions. It proves nothing, because a browser can send any `User-Agent`. All
/// words come from the two lists below, so no text from a visitor is stored or mailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserName(String);

/// Most specific first: Edge and Opera also say Chrome, Chrome also says Safari.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// Most specific first: Android also says Linux, an iPhone also says Mac OS X.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
];

impl BrowserName {
    /// Reads a `User-Agent` header.
    pub fn from_user_agent(user_agent: &str) -> Self {
        let find = |list: &[(&str, &'static str)]| {
            list.iter()
                .find(|(mark, _)| user_agent.contains(mark))
                .map(|(_, name)| *name)
        };
        Self(match (find(&BROWSERS), find(&SYSTEMS)) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(browser), None) => browser.to_owned(),
            (None, Some(system)) => format!("A browser on {system}"),
            (None, None) => "An unknown browser".to_owned(),
        })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The words for the middle of a sentence: “an unknown browser”.
    pub fn mid_sentence(&self) -> String {
        let article = ["A ", "An "]
            .into_iter()
            .find(|article| self.0.starts_with(article));
        article.map_or_else(
            || self.0.clone(),
            |article| article.to_lowercase() + &self.0[article.len()..],
        )
    }
}

impl fmt::Display for BrowserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_browsers_are_recognised() {
        for (user_agent, words) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.9.1", "curl"),
            ("", "An unknown browser"),
            ("<script>alert(1)</script>", "An unknown browser"),
        ] {
            assert_eq!(BrowserName::from_user_agent(user_agent).as_str(), words);
        }
    }

    #[test]
    fn an_article_is_lower_case_in_the_middle_of_a_sentence() {
        for (user_agent, words) in [
            ("Firefox/145.0 (Android 15)", "Firefox on Android"),
            ("Mystery/1.0 (X11; Linux x86_64)", "a browser on Linux"),
            ("", "an unknown browser"),
        ] {
            let browser = BrowserName::from_user_agent(user_agent);
            assert_eq!(browser.mid_sentence(), words);
        }
    }
}
