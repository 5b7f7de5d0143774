use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::printable::is_invisible;

/// The longest address that fits a mail envelope (RFC 5321, 4.5.3.1.3, less its brackets), in octets.
const LONGEST: usize = 254;
/// The longest part before the `@` (RFC 5321, 4.5.3.1.1), in octets.
const LONGEST_LOCAL_PART: usize = 64;

/// A well-formed mail address.
///
/// The case of ASCII letters is ignored in comparisons. Unicode case, dots and plus signs are not folded, so two
/// addresses that only look alike stay different (SECURITY rule 6).
#[derive(Clone)]
pub struct Email(String);

/// Why a text is not a mail address, as a message for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidEmail {
    /// Only white space.
    #[error("Enter your email address.")]
    Empty,
    /// No `@`, two of them, a space, a control character, or a part missing.
    #[error("That doesn’t look like an email address. Check it for typing mistakes.")]
    Malformed,
    /// Longer than any mail system accepts.
    #[error("That address is too long to be an email address.")]
    TooLong,
}

impl Email {
    /// Parses an address. White space around it is removed.
    pub fn parse(typed: &str) -> Result<Self, InvalidEmail> {
        let address = typed.trim();
        if address.is_empty() {
            return Err(InvalidEmail::Empty);
        }
        if address.len() > LONGEST {
            return Err(InvalidEmail::TooLong);
        }
        let (local, domain) = address.split_once('@').ok_or(InvalidEmail::Malformed)?;
        if local.len() > LONGEST_LOCAL_PART {
            return Err(InvalidEmail::TooLong);
        }
        // lettre sends the mail, so it decides which addresses are valid. It also accepts quoted text, which could
        // break a page, a log line or a list of addresses and is refused here.
        let mailable = lettre::Address::new(local, domain).is_ok();
        // Two addresses that differ only in invisible characters would look the same.
        let plain = !address.contains(|c| c == '"' || is_invisible(c));
        if mailable && plain && domain.chars().all(is_of_a_domain) {
            Ok(Self(address.to_owned()))
        } else {
            Err(InvalidEmail::Malformed)
        }
    }

    /// Takes an address from the database without parsing it again. A stricter rule in a later version must not make
    /// an older account unreadable, because one unreadable row would fail the whole list of accounts.
    pub(crate) fn from_database(address: String) -> Self {
        Self(address)
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address with its ASCII letters in lower case. Equal addresses have equal folded forms.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Restricts ASCII characters only. lettre checks all others by the rules for international domain names.
fn is_of_a_domain(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '.')
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Email {}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_taken_and_trimmed() {
        for address in [
            "mira@acme.test",
            " Mira.Bell+console@mail.acme.test\n",
            "o'neill@acme.test",
            "用户@例子.test",
            "root@localhost",
        ] {
            assert_eq!(Email::parse(address).unwrap().as_str(), address.trim());
        }
    }

    // SECURITY rule 7: one `@`, no control characters, no line breaks.
    #[test]
    fn an_address_has_one_at_sign_and_nothing_that_a_header_could_read() {
        for address in [
            "",
            "  ",
            "mira",
            "@acme.test",
            "mira@",
            "mira@@acme.test",
            "mira@acme@test",
            "mira@acme.test\r\nBcc: eve@evil.test",
            "mira\n@acme.test",
            "mira\0@acme.test",
            "mira bell@acme.test",
            "mira@acme test",
            "<mira@acme.test>",
            "Mira <mira@acme.test>",
            "mira@acme.test,eve@evil.test",
            "mira@acme.test;eve@evil.test",
            "\"mira@evil.test\"@acme.test",
            "\"mira\"@acme.test",
            "\"mira bell\"@acme.test",
            ".mira@acme.test",
            "mi..ra@acme.test",
            "mira@.acme.test",
            "mira@acme..test",
            "mira@acme.test.",
            "mira@.",
            "mira@-acme.test",
            "mira@[127.0.0.1]",
            "mi\u{200b}ra@acme.test",
            "mi\u{85}ra@acme.test",
            "mi\u{3000}ra@acme.test",
            "mira@ac\u{85}me.test",
            "mira@ac\u{200b}me.test",
            "mira@ac\u{feff}me.test",
            "mira@ac\u{fe0f}me.test",
            "mira@ac\u{e0100}me.test",
            "mi\u{3164}ra@acme.test",
            "mi\u{ffa0}ra@acme.test",
            "mira@ac!me.test",
            "mira@ac\u{3000}me.test",
            "mira\u{202e}@acme.test",
        ] {
            assert!(Email::parse(address).is_err(), "{address:?} was taken");
        }
        let long = format!("{}@acme.test", "m".repeat(65));
        assert_eq!(Email::parse(&long), Err(InvalidEmail::TooLong));
        let longer = format!("mira@{}test", "a.".repeat(130));
        assert_eq!(Email::parse(&longer), Err(InvalidEmail::TooLong));
    }

    #[test]
    fn an_address_may_be_as_long_as_mail_allows_and_not_one_letter_longer() {
        let address = |local: usize, label: usize, last: usize| {
            let [local, label, last] = [local, label, last].map(|length| "m".repeat(length));
            Email::parse(&format!("{local}@{label}.{label}.{last}"))
        };
        assert_eq!(address(64, 63, 61).unwrap().as_str().len(), LONGEST);
        assert_eq!(address(64, 63, 62), Err(InvalidEmail::TooLong));
        assert_eq!(address(65, 1, 1), Err(InvalidEmail::TooLong));
        assert_eq!(address(1, 64, 1), Err(InvalidEmail::Malformed));
    }

    #[test]
    fn a_name_may_have_marks_that_join_its_letters_and_no_hyphen_or_dot_at_its_end() {
        assert!(Email::parse("mira@हिन्दी.test").is_ok());
        assert!(Email::parse("mira@a-b.test").is_ok());
        for address in ["mira.@acme.test", "mira@acme-.test", "mira@ac_me.test"] {
            assert!(Email::parse(address).is_err(), "{address:?} was taken");
        }
    }

    #[test]
    fn an_address_is_shown_as_it_was_typed_and_logged_with_quotes() {
        let mira = Email::parse("Mira@acme.test").unwrap();
        assert_eq!(
            format!("{mira} {mira:?}"),
            "Mira@acme.test \"Mira@acme.test\""
        );
    }

    // SECURITY rule 6: the case of ASCII letters is folded and nothing else.
    #[test]
    fn addresses_that_look_alike_stay_apart() {
        let mike = Email::parse("mike@acme.test").unwrap();
        assert_eq!(mike, Email::parse("MIKE@Acme.Test").unwrap());
        for other in [
            "mıke@acme.test",
            "mİke@acme.test",
            "mi.ke@acme.test",
            "mike+a@acme.test",
            "mi\u{212a}e@acme.test",
            "ｍike@acme.test",
        ] {
            let other = Email::parse(other).unwrap();
            assert_ne!(mike, other);
            assert_ne!(mike.folded(), other.folded());
        }
    }
}
