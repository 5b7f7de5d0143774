use super::printable::{printable_up_to, shows_nothing};

/// In characters, without the “…” behind a cut.
const LONGEST: usize = 60;

/// How a provider authenticated a person, in its own words, such as “SSO” or “pwd + otp”.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationMethod(String);

impl AuthenticationMethod {
    /// One line of at most 60 characters. `None` for a text without visible characters.
    pub fn from_foreign(text: &str) -> Option<Self> {
        let text = text.trim();
        (!shows_nothing(text)).then(|| Self(printable_up_to(LONGEST, text)))
    }

    pub(crate) fn from_database(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_words_become_one_short_line() {
        let method = |text: &str| AuthenticationMethod::from_foreign(text).map(|method| method.0);
        assert_eq!(method(" SSO ").as_deref(), Some("SSO"));
        assert_eq!(method("a\nb\u{1b}").as_deref(), Some("a b\u{fffd}"));
        let cut = format!("{}…", "é".repeat(60));
        assert_eq!(method(&"é".repeat(61)), Some(cut));
        for nothing in ["", "  ", "\u{200b}"] {
            assert_eq!(method(nothing), None);
        }
    }
}
