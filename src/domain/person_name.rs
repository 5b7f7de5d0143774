use thiserror::Error;

use super::printable::{is_hidden, shows_nothing};

/// The limit of the database column, in characters.
const LONGEST: usize = 200;

/// A person's name: one line of at most 200 characters, or empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidName {
    #[error("That is too long. Use at most {LONGEST} characters.")]
    TooLong,
    /// Line breaks, control characters, or marks that change the direction of the text after them.
    #[error("Use one line of letters, without line breaks or hidden characters.")]
    NotOneLine,
}

impl PersonName {
    /// Parses a name. Spaces around it are removed. A name without visible characters becomes empty.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.chars().count() > LONGEST {
            return Err(InvalidName::TooLong);
        }
        if text.chars().any(is_hidden) {
            return Err(InvalidName::NotOneLine);
        }
        // A blank name could not be seen in a list.
        let seen = if shows_nothing(text) { "" } else { text };
        Ok(Self(seen.to_owned()))
    }

    /// The name; empty when there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_visible_line() {
        for (typed, name) in [
            ("Mira Bell", "Mira Bell"),
            ("  Mira  ", "Mira"),
            ("", ""),
            ("山田 太郎", "山田 太郎"),
            ("نازنین\u{200c}زهرا", "نازنین\u{200c}زهرا"),
            (&"é".repeat(200), &"é".repeat(200)),
            // These names contain joiners and variation selectors, which are invisible.
            ("क्\u{200d}ष", "क्\u{200d}ष"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            (
                "🏴\u{e0067}\u{e0062}\u{e007f}",
                "🏴\u{e0067}\u{e0062}\u{e007f}",
            ),
            ("葛\u{e0100}城", "葛\u{e0100}城"),
            ("\u{200b}Mira\u{200b}", "\u{200b}Mira\u{200b}"),
            ("\u{200b}", ""),
            ("\u{3164}", ""),
            ("\u{ad}\u{34f}", ""),
            ("\u{e0041}", ""),
            ("\u{2800}", ""),
            (" \u{200b} \u{feff}\u{3000}\u{ffa0} \u{115f}\u{200d} ", ""),
        ] {
            assert_eq!(PersonName::parse(typed).unwrap().as_str(), name);
        }
        for typed in [
            "Mira\nBell",
            "Mira\rBell",
            "Mira\0",
            "a\tb",
            "a\u{2028}b",
            "a\u{202e}b",
        ] {
            assert_eq!(
                PersonName::parse(typed).unwrap_err(),
                InvalidName::NotOneLine,
                "{typed:?}"
            );
        }
        assert_eq!(
            PersonName::parse(&"é".repeat(201)).unwrap_err(),
            InvalidName::TooLong
        );
    }
}
