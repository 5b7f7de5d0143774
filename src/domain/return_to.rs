use std::fmt;

use url::Url;

/// In bytes. A challenge stores the path for anyone who asks for a code, and flow cookies carry it.
const LONGEST: usize = 512;
const HOME: &str = "/dashboard";
/// Paths that are not a destination after a sign-in: the pages of signing in and out, and static files.
const NOT_A_PLACE: [&str; 5] = ["/sign-in", "/sign-out", "/signed-out", "/auth/", "/static/"];

/// A path and query on this origin, to go to after the sign-in (ASVS 3.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Parses the value from a query. A value that could lead to another origin becomes the dashboard.
    pub fn parse(text: &str) -> Self {
        Self::local_path(text).map_or_else(Self::default, Self)
    }

    fn local_path(text: &str) -> Option<String> {
        // Browsers parse URLs by the WHATWG standard, and so does this parser. Its output is kept, not the input.
        let base = Url::parse("https://vestibule.invalid/").ok()?;
        let url = base.join(text).ok()?;
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let stays = text.starts_with('/') && url.origin() == base.origin();
        let is_a_place = !NOT_A_PLACE.iter().any(|start| path.starts_with(start));
        // A browser reads a host after two leading slashes, and some browsers read a backslash as a slash.
        let is_plain = !path.starts_with("//") && !path.contains('\\');
        (stays && is_plain && is_a_place && path.len() <= LONGEST).then(|| path.to_owned())
    }

    /// The path and its query.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the default destination, the dashboard.
    pub fn is_default(&self) -> bool {
        self.0 == HOME
    }

    /// `path` with this destination in its query, unless it is the default one.
    pub fn carried_by(&self, path: &str) -> String {
        if self.is_default() {
            return path.to_owned();
        }
        self.explicitly_carried_by(path)
    }

    /// `path` with this destination in its query in any case.
    pub fn explicitly_carried_by(&self, path: &str) -> String {
        let value: String = url::form_urlencoded::byte_serialize(self.0.as_bytes()).collect();
        // A query may contain plain slashes (RFC 3986, 3.4), which are easier to read.
        format!("{path}?return_to={}", value.replace("%2F", "/"))
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self(HOME.to_owned())
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SECURITY rule 37: a made-up request writes a bounded row.
    #[test]
    fn a_path_of_more_than_512_bytes_becomes_the_dashboard() {
        let path = |length: usize| format!("/{}", "x".repeat(length - 1));
        assert_eq!(ReturnTo::parse(&path(512)).as_str(), path(512));
        assert!(ReturnTo::parse(&path(513)).is_default());
        // Percent-encoding counts: the stored form is measured.
        assert!(ReturnTo::parse(&format!("/{}", "ä".repeat(100))).is_default());
    }

    #[test]
    fn a_path_and_its_query_survive() {
        for path in ["/", "/dashboard?tab=2", "/a/b%20c?x=1&y=%2F", "/ü?q=é"] {
            let carried = ReturnTo::parse(path);
            let base = Url::parse("https://vestibule.invalid/").unwrap();
            assert_eq!(
                base.join(carried.as_str()).unwrap(),
                base.join(path).unwrap()
            );
        }
        assert_eq!(
            ReturnTo::parse("/a?b=1&c=2").carried_by("/sign-in"),
            "/sign-in?return_to=/a%3Fb%3D1%26c%3D2"
        );
        assert_eq!(
            ReturnTo::parse("/dashboard").carried_by("/sign-in"),
            "/sign-in"
        );
    }

    #[test]
    fn what_is_kept_is_what_a_browser_would_ask_for() {
        for (typed, kept) in [
            ("/account#sessions", "/account"),
            ("/account\\sessions", "/account/sessions"),
            ("/acc\tou\r\nnt", "/account"),
            ("/a b\u{1}?ü", "/a%20b%01?%C3%BC"),
            ("/account/../account/./sessions", "/account/sessions"),
        ] {
            assert_eq!(ReturnTo::parse(typed).as_str(), kept, "{typed:?}");
        }
        assert!(ReturnTo::parse("/account?next=\\evil").is_default());
    }

    #[test]
    fn nobody_is_sent_back_to_the_way_in_or_out_or_to_a_file() {
        for path in [
            "/sign-in",
            "/sign-in/code?x=1",
            "/sign-out",
            "/signed-out",
            "/auth/workos/callback?code=1",
            "/static/app.css",
            "/a/../sign-in",
        ] {
            assert!(ReturnTo::parse(path).is_default(), "{path}");
        }
        // A text that is not an absolute path is refused, even if it resolves to a page of this console.
        for text in [
            "account",
            "?tab=2",
            " /account",
            "https://vestibule.invalid/account",
        ] {
            assert!(ReturnTo::parse(text).is_default(), "{text}");
        }
        let elsewhere = ReturnTo::parse("/account");
        assert!(!elsewhere.is_default());
        assert_eq!(elsewhere.to_string(), "/account");
    }

    #[test]
    fn a_path_may_be_as_long_as_the_limit_when_it_is_written_out() {
        let longest = format!("/{}", "a".repeat(LONGEST - 1));
        assert_eq!(ReturnTo::parse(&longest).as_str(), longest);
        assert!(ReturnTo::parse(&format!("{longest}a")).is_default());
        let wound = format!(
            "/{}account#{}",
            "a/../".repeat(LONGEST),
            "a".repeat(LONGEST)
        );
        assert_eq!(ReturnTo::parse(&wound).as_str(), "/account");
        // Each “é” is two bytes as typed and six bytes percent-encoded.
        assert!(ReturnTo::parse(&format!("/{}", "é".repeat(LONGEST / 3))).is_default());
    }

    // SECURITY rule 15: hundreds of payloads that point to another origin, each resolved by a real URL parser.
    #[test]
    fn nobody_is_sent_to_another_origin() {
        let slashes = [
            "/",
            "//",
            "///",
            "/\\",
            "\\",
            "\\\\",
            "/\t/",
            "/\n/",
            "/\r/",
            "/%09/",
            "/%2f/",
            "/%5c",
            "/.//",
            "/..//",
            "/./\\",
            "/;//",
            "/%2e//",
            "/%2e%2e//",
            "/a/..//",
            "\u{2028}//",
            " //",
            "\t//",
            "/\u{0}/",
            "https://",
            "https:",
            "https:/",
            "http:///",
            "HTTPS://",
            "//user@",
            "//user:pass@",
            "javascript://",
            "javascript:",
            "data:text/html,",
            "/https://",
            "?//",
            "#//",
            "//[::1]",
            "/\u{ff0f}",
            "\u{ff0f}\u{ff0f}",
            "/\u{2044}/",
        ];
        let hosts = [
            "evil.test",
            "evil.test/",
            "evil.test:443",
            "evil.test/dashboard",
            "evil.test?x=1",
            "evil.test#x",
            "localhost@evil.test",
            "evil.test\\@localhost",
            "%65vil.test",
            "evil。test",
            "0x7f.1",
        ];
        let home = Url::parse("https://console.acme.test/sign-in").unwrap();
        let mut judged = 0;
        for slash in slashes {
            for host in hosts {
                let payload = format!("{slash}{host}");
                let landed = home.join(ReturnTo::parse(&payload).as_str()).unwrap();
                assert_eq!(
                    landed.origin(),
                    home.origin(),
                    "{payload:?} led to {landed}"
                );
                judged += 1;
            }
        }
        assert!(judged > 400);
        assert!(ReturnTo::parse(&format!("/{}", "a".repeat(LONGEST))).is_default());
    }
}
