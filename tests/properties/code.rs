//! `SignInCode`: what is taken for six digits.

use proptest::prelude::*;
use vestibule::domain::SignInCode;

use crate::corpus::{holds_for, like, texts};

const PIECES: &[&str] = &[
    "0", "9", "-", " ", "\u{2013}", "\u{2212}", "\u{200e}", "\u{feff}", "٣", "३", "７", "²", "½",
    "Ⅳ", "十", "+", ".", "e", "\0", "\n", "x", "𝟗", "\u{0}",
];

fn drawn() -> impl Strategy<Value = String> {
    like(texts("code"), PIECES)
}

// SECURITY rule 1: exactly six digits, with anything around them.
#[test]
fn a_code_is_six_ascii_digits_and_is_read_back_as_it_is_exposed() {
    holds_for(texts("code"), drawn(), |typed| {
        let Ok(code) = SignInCode::parse(typed) else {
            return;
        };
        let digits = code.expose();
        assert!(digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(SignInCode::parse(digits).unwrap().expose(), digits);
        // SECURITY rule 4.
        assert!(!format!("{code:?}").contains(digits));
    });
}

#[test]
fn an_ascii_text_is_a_code_if_it_has_six_digits_beside_spaces_and_dashes() {
    let ascii = "[0-9]{3}[ -~\\t\\n]{0,2}[0-9]{2,3}[ 0-9-]{0,2}";
    holds_for([], ascii, |typed: &String| {
        let rest: Vec<char> = typed
            .chars()
            .filter(|c| *c != '-' && !c.is_ascii_whitespace())
            .collect();
        let six = rest.len() == 6 && rest.iter().all(char::is_ascii_digit);
        assert_eq!(SignInCode::parse(typed).is_ok(), six, "{typed:?}");
    });
}

#[test]
fn every_code_is_understood_in_every_script_with_separators_anywhere() {
    const ZEROS: &[u32] = &[0x30, 0x660, 0x6f0, 0x966, 0xff10];
    const SEPARATORS: &[&str] = &["", " ", "-", "\u{2013}", "\u{a0}", "\u{200f}"];
    let drawn = (
        0_u32..1_000_000,
        proptest::sample::select(ZEROS),
        proptest::collection::vec(proptest::sample::select(SEPARATORS), 6),
    );
    holds_for([], drawn, |(number, zero, separators)| {
        let digits = format!("{number:06}");
        let typed: String = digits
            .chars()
            .zip(separators)
            .map(|(digit, separator)| {
                let digit = char::from_u32(zero + digit.to_digit(10).unwrap()).unwrap();
                format!("{separator}{digit}")
            })
            .collect();
        assert_eq!(SignInCode::parse(&typed).unwrap().expose(), digits);
    });
}
