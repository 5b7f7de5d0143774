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

    /// The name in a text from another system. Hidden characters and direction marks are left out, line breaks and
    /// tabs become spaces, and a longer name is cut to the limit.
    pub fn from_foreign(text: &str) -> Self {
        let plain = text.chars().filter_map(|c| match c {
            c if is_hidden(c) && c.is_whitespace() => Some(' '),
            c if is_hidden(c) || is_direction_mark(c) => None,
            c => Some(c),
        });
        let plain: String = plain.skip_while(|c| c.is_whitespace()).collect();
        let cut: String = plain.chars().take(LONGEST).collect();
        let seen = if shows_nothing(&cut) {
            ""
        } else {
            cut.trim_end()
        };
        Self(seen.to_owned())
    }

    /// The name; empty when there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Marks that set the direction of the neutral characters beside them.
const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_name_becomes_a_name() {
        let long = "é".repeat(300);
        let spaced = format!("{} {}", "a".repeat(199), "b".repeat(9));
        for (sent, name) in [
            ("Mira Bell", "Mira Bell"),
            ("", ""),
            (" \u{202e}\u{200b} ", ""),
            ("\u{202e}Mira\u{200f} \u{2066}Bell\u{2069}", "Mira Bell"),
            ("\u{202e} Mira", "Mira"),
            ("Mira\r\nBell\t\0", "Mira  Bell"),
            ("نازنین\u{200c}زهرا", "نازنین\u{200c}زهرا"),
            (&long, &"é".repeat(200)),
            (&"é".repeat(200), &"é".repeat(200)),
            (&spaced, &"a".repeat(199)),
        ] {
            let kept = PersonName::from_foreign(sent);
            assert_eq!(kept.as_str(), name, "{sent:?}");
            assert_eq!(PersonName::parse(kept.as_str()), Ok(kept));
        }
    }

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
