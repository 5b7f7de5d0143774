//! A mail server's reply, cut to what a log, a row, a page or an export may show (SECURITY rule 38).
//!
//! A server may repeat the subject, which has the code, or the recipient, in plain text or as the mail encoded it.

use std::error::Error;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lettre::Message;
use lettre::message::header::Subject;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::response::Response;

use crate::domain::{is_invisible, printable, printable_up_to, with_causes};

/// The longest text of a reply, in characters.
const LONGEST_TEXT: usize = 200;
/// Digits of a code. A shorter number is left in the text.
const CODE_DIGITS: usize = 6;
/// Eight characters encode the six digits of a code.
const SHORTEST_BASE64: usize = 8;
/// Stands for each removed part.
const REMOVED: &str = "…";
/// The start of an encoded word in a header (RFC 2047, 2).
const ENCODED_WORD: &str = "=?";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Cuts replies to the reply code, the enhanced status code (RFC 3463) and 200 characters of text. Codes, addresses and
/// the mail's subject are removed from the text. The default is for a connection on which no mail is sent.
#[derive(Default)]
pub struct ReplyFilter {
    subject: String,
}

impl ReplyFilter {
    /// For the replies to this mail.
    pub fn of(message: &Message) -> Self {
        let subject = message.headers().get::<Subject>();
        let subject = subject.as_ref().map_or("", |subject| subject.as_ref());
        Self {
            subject: one_spaced(subject),
        }
    }

    /// A positive reply.
    pub fn reply(&self, response: &Response) -> String {
        let lines: Vec<&str> = response.message().collect();
        self.line(&response.code().to_string(), &lines.join(" "))
    }

    /// A negative reply, or why there is no reply.
    pub fn error(&self, error: &SmtpError) -> String {
        match (error.status(), error.source()) {
            (Some(code), Some(text)) => self.line(&code.to_string(), &text.to_string()),
            _ => self.cut(&with_causes(error)),
        }
    }

    fn line(&self, code: &str, text: &str) -> String {
        let (enhanced, text) = split_enhanced_code(text);
        let parts = [code, enhanced, &self.cut(text)];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }

    /// Cuts to the length last, so that no part of a code or an address is left at the end.
    fn cut(&self, text: &str) -> String {
        let text = without_encoded_words(&printable(text));
        let text = without_encoded_words(&printable(&unquoted(&text)));
        let text = without_phrase(&one_spaced(&text), &self.subject);
        let text = without_numbers(&without_addresses(&without_base64(&text)));
        // The subject again, if its code was split.
        let text = without_phrase(&text, &without_numbers(&self.subject));
        printable_up_to(LONGEST_TEXT, &one_spaced(&text))
    }
}

/// Removes a phrase in any case of its ASCII letters.
fn without_phrase(text: &str, phrase: &str) -> String {
    if phrase.is_empty() {
        return text.to_owned();
    }
    // ASCII letters keep their length, so positions in the lower-case text are positions in the text.
    let (lower, phrase) = (text.to_ascii_lowercase(), phrase.to_ascii_lowercase());
    let found = lower.match_indices(&phrase);
    without(text, found.map(|(at, found)| (at, at + found.len())))
}

/// `5.1.1` at the start of a text, and the rest.
fn split_enhanced_code(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let number = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_code = match first.split('.').collect::<Vec<_>>()[..] {
        [class, subject, detail] => {
            matches!(class, "2" | "4" | "5") && number(subject) && number(detail)
        }
        _ => false,
    };
    if is_code { (first, rest) } else { ("", text) }
}

fn one_spaced(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// Replaces each part of a text, given by its start and its end, in order.
fn without(text: &str, parts: impl IntoIterator<Item = (usize, usize)>) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut kept_until = 0;
    for (start, end) in parts {
        kept.push_str(text.get(kept_until..start).unwrap_or_default());
        kept.push_str(REMOVED);
        kept_until = end;
    }
    kept.push_str(text.get(kept_until..).unwrap_or_default());
    kept
}

/// Removes everything from `=?` to the next space.
fn without_encoded_words(text: &str) -> String {
    let words = text
        .split(' ')
        .map(|word| match word.split_once(ENCODED_WORD) {
            Some((before, _)) => format!("{before}{REMOVED}"),
            None => word.to_owned(),
        });
    words.collect::<Vec<_>>().join(" ")
}

/// Decodes `=31` (quoted-printable) and `%31` (URLs) to visible characters and spaces.
fn unquoted(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(mark) = rest.find(['=', '%']) {
        let (before, from_mark) = rest.split_at(mark);
        decoded.push_str(before);
        let hex = from_mark.get(1..3);
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_graphic() || byte.is_ascii_whitespace() => {
                decoded.push(char::from(byte));
                rest = from_mark.get(3..).unwrap_or_default();
            }
            _ => {
                decoded.push_str(from_mark.get(..1).unwrap_or_default());
                rest = from_mark.get(1..).unwrap_or_default();
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// Removes words that are base64 of a code or of an address.
fn without_base64(text: &str) -> String {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive(|c| !is_base64(c)) {
        let word = part.trim_end_matches(|c| !is_base64(c));
        if word.len() >= SHORTEST_BASE64 && hides_a_secret(word) {
            found.push((start, start + word.len()));
        }
        start += part.len();
    }
    without(text, found)
}

/// Whether base64 in this word, from any of its first four characters on, has a code or is an address.
fn hides_a_secret(word: &str) -> bool {
    let standard = word.replace('-', "+").replace('_', "/");
    (0..4).any(|skipped| {
        let encoded = standard.get(skipped..).unwrap_or_default();
        // A single character over a multiple of four encodes no byte.
        let whole = encoded.len() - usize::from(encoded.len() % 4 == 1);
        let decoded = BASE64.decode(encoded.get(..whole).unwrap_or_default());
        decoded.is_ok_and(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            let is_text = text
                .chars()
                .all(|c| !c.is_control() && c != char::REPLACEMENT_CHARACTER);
            (is_text && text.contains('@')) || !numbers(&text).is_empty()
        })
    })
}

/// Removes every word with an `@`.
fn without_addresses(text: &str) -> String {
    let is_edge = |c: char| {
        c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"')
    };
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive(is_edge) {
        let word = part.trim_end_matches(is_edge);
        if word.contains('@') {
            found.push((start, start + word.len()));
        }
        start += part.len();
    }
    without(text, found)
}

fn without_numbers(text: &str) -> String {
    without(text, numbers(text))
}

/// Groups of six digits or more, also with spaces or dashes between them.
fn numbers(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut group: Option<(usize, usize, usize)> = None;
    for (at, c) in text.char_indices() {
        if c.is_ascii_digit() {
            let (start, _, digits) = group.unwrap_or((at, at, 0));
            group = Some((start, at + 1, digits + 1));
        } else if !separates_digits(c) {
            found.extend(group.take());
        }
    }
    found.extend(group);
    let long_enough = |(start, end, digits)| (digits >= CODE_DIGITS).then_some((start, end));
    found.into_iter().filter_map(long_enough).collect()
}

/// Dots and colons separate the parts of IP addresses and times, which may stay.
fn separates_digits(c: char) -> bool {
    c.is_whitespace()
        || is_invisible(c)
        || matches!(
            c,
            '-' | '_' | '=' | '\u{2010}'..='\u{2015}' | '\u{2212}' | char::REPLACEMENT_CHARACTER
        )
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn cut(text: &str) -> String {
        let filter = ReplyFilter {
            subject: "042917 is your sign-in code for acme.test".to_owned(),
        };
        filter.line("550", text)
    }

    // SECURITY rule 38: repeated parts of a mail are removed, in every form that a mail has.
    #[test]
    fn a_code_a_subject_and_an_address_are_removed_from_a_reply() {
        for (reply, shown) in [
            ("5.1.1 no such user", "550 5.1.1 no such user"),
            ("no such user", "550 no such user"),
            ("", "550"),
            ("5.1.1", "550 5.1.1"),
            ("5.7.1 042917 is spam", "550 5.7.1 … is spam"),
            ("5.7.1 042 917 is spam", "550 5.7.1 … is spam"),
            (
                "5.7.1 0-4-2 - 9\u{2013}1\u{200b}7 is spam",
                "550 5.7.1 … is spam",
            ),
            ("5.7.1 042\r\n917 is spam", "550 5.7.1 … is spam"),
            ("5.7.1 =30=34=32=39=31=37 is spam", "550 5.7.1 … is spam"),
            ("5.7.1 042=39%31%37 is spam", "550 5.7.1 … is spam"),
            ("5.7.1 x042917y is spam", "550 5.7.1 x…y is spam"),
            (
                "5.7.1 “042917 is Your sign-in\r\n code for ACME.test” is spam",
                "550 5.7.1 “…” is spam",
            ),
            (
                "5.7.1 04-29-17 is your sign-in code for acme.test: spam",
                "550 5.7.1 …: spam",
            ),
            (
                "5.7.1 =?utf-8?q?=30=34=32?= =?utf-8?b?OTE3?= is spam",
                "550 5.7.1 … … is spam",
            ),
            ("5.7.1 =3D?utf-8?b?OTE3 is spam", "550 5.7.1 … is spam"),
            (
                "5.1.1 <mira@acme.test>: no such user",
                "550 5.1.1 <…>: no such user",
            ),
            (
                "5.1.1 to=mira+1@acme.test, o'mira%40acme.test",
                "550 5.1.1 …, …",
            ),
            (
                "Client host [192.0.2.25] blocked at 13:48:15",
                "550 Client host [192.0.2.25] blocked at 13:48:15",
            ),
            ("4 of 12345 messages", "550 4 of 12345 messages"),
        ] {
            assert_eq!(cut(reply), shown, "{reply}");
        }
    }

    #[test]
    fn base64_of_a_code_or_an_address_is_removed_and_other_identifiers_stay() {
        for secret in [
            "042917 is your sign-in code for acme.test",
            "Subject: 042917 is your sign-in code",
            "042917",
            "mira@acme.test",
        ] {
            for before in ["", "a", "ab", "abc"] {
                let encoded = STANDARD.encode(secret);
                let shown = cut(&format!("5.7.1 {before}{encoded} is spam"));
                let encoded = encoded.trim_end_matches('=');
                assert!(!shown.contains(encoded), "{shown}");
                assert!(shown.ends_with(" is spam"), "{shown}");
            }
        }
        let queued = "2.0.0 Ok: queued as 4c2BfJ0WzHz9sTx, a640c23a62f3a-aa5f8cc3b2dsi.12";
        assert_eq!(cut(queued), format!("550 {queued}"));
    }

    #[test]
    fn a_reply_has_at_most_two_hundred_characters_of_text_and_no_half_code_at_the_end() {
        let long = format!("5.7.1 {}042917", "é".repeat(196));
        assert_eq!(cut(&long), format!("550 5.7.1 {}…", "é".repeat(196)));
        let longer = format!("5.7.1 {}", "é".repeat(201));
        assert_eq!(cut(&longer), format!("550 5.7.1 {}…", "é".repeat(200)));
    }
}
