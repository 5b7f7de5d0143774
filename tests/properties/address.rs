//! `Email`: what is taken for an address.

use proptest::prelude::*;
use vestibule::domain::Email;

use crate::corpus::{holds_for, like, texts};

const PIECES: &[&str] = &[
    "@",
    ".",
    "..",
    "-",
    "+",
    "<",
    ">",
    ",",
    ";",
    ":",
    "\"",
    "\\",
    "(",
    "[",
    " ",
    "\r\n",
    "\0",
    "\t",
    "\u{200b}",
    "\u{202e}",
    "\u{85}",
    "\u{a0}",
    "ı",
    "İ",
    "K",
    "ß",
    "。",
    "e\u{301}",
    "Bcc: ",
    "=?utf-8?q?",
    "xn--",
    "a",
    "Z",
];

fn drawn() -> impl Strategy<Value = String> {
    like(texts("address"), PIECES)
}

// SECURITY rule 7: one `@`, nothing that a header could read; and what is printed is read back.
#[test]
fn an_address_round_trips_and_contains_nothing_that_ends_a_header() {
    holds_for(texts("address"), drawn(), |typed| {
        let Ok(email) = Email::parse(typed) else {
            return;
        };
        let printed = email.to_string();
        assert_eq!(printed, typed.trim());
        assert_eq!(Email::parse(&printed).unwrap().as_str(), printed);
        assert_eq!(printed.matches('@').count(), 1);
        assert!(printed.len() <= 254);
        let ends_something =
            |c: char| c.is_control() || c.is_whitespace() || "<>,;:\"\\()[]".contains(c);
        assert!(!printed.contains(ends_something), "{printed:?}");
    });
}

// SECURITY rule 7: the mail to such an address has the headers that we gave it, and no other.
#[test]
fn every_address_yields_only_our_mail_headers() {
    holds_for(texts("address"), drawn(), |typed| {
        let Ok(email) = Email::parse(typed) else {
            return;
        };
        let from = "console@acme.test".parse().unwrap();
        let to = email.as_str().parse().unwrap();
        let mail = lettre::Message::builder()
            .from(from)
            .to(to)
            .subject("A code");
        let mail = String::from_utf8(mail.body(String::new()).unwrap().formatted()).unwrap();
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        assert!(body.trim().is_empty(), "{mail:?}");
        let ours = [
            "From: ",
            "To: ",
            "Subject: ",
            "Content-Transfer-Encoding: ",
            "Date: ",
            " ",
        ];
        for line in head.split("\r\n") {
            assert!(ours.iter().any(|name| line.starts_with(name)), "{line:?}");
            assert!(!line.contains(['\r', '\n']), "{line:?}");
        }
    });
}

// SECURITY rule 6: the case of ASCII letters is folded, and nothing else.
#[test]
fn addresses_are_equal_only_up_to_the_case_of_ascii_letters() {
    let pairs = (drawn(), drawn()).prop_flat_map(|(one, other)| {
        let swapped: String = one.chars().map(swapped_case).collect();
        let unicode = [one.to_lowercase(), one.to_uppercase()];
        let [lower, upper] = unicode;
        (
            Just(one),
            prop_oneof![Just(other), Just(swapped), Just(lower), Just(upper)],
        )
    });
    holds_for([], pairs, |(one, other)| {
        let (Ok(one), Ok(other)) = (Email::parse(one), Email::parse(other)) else {
            return;
        };
        let same = one.as_str().eq_ignore_ascii_case(other.as_str());
        assert_eq!(one == other, same);
        assert_eq!(one.folded() == other.folded(), same);
        assert_eq!(Email::parse(&one.folded()).unwrap().folded(), one.folded());
    });
}

fn swapped_case(c: char) -> char {
    if c.is_ascii_lowercase() {
        c.to_ascii_uppercase()
    } else {
        c.to_ascii_lowercase()
    }
}
