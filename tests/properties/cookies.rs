//! The cookies of the challenge, of the known browser and of the way out.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::test::TestRequest;
use proptest::prelude::*;
use vestibule::domain::{SecretKey, Token};
use vestibule::keys::Keys;
use vestibule::web::http::cookies::Cookies;

use crate::corpus::{holds_for, like, texts};

const PIECES: &[&str] = &[
    "=",
    ";",
    " ",
    "\"",
    "%00",
    "%",
    ".",
    ":",
    "-",
    "_",
    "A",
    "é",
    "\u{0}",
    "session",
    "device=",
    "challenge=",
    "way-out=",
    "flow-",
    "9223372036854775808",
    "{\"a\":1}",
];

pub fn keys() -> Keys {
    Keys {
        current: SecretKey::generate(&mut rand::rng()),
        previous: Some(SecretKey::generate(&mut rand::rng())),
    }
}

/// A request with this `Cookie` line.
pub fn sending(line: &str) -> HttpRequest {
    let line = actix_web::http::header::HeaderValue::from_bytes(line.as_bytes());
    let request = TestRequest::default();
    match line {
        Ok(line) => request.insert_header(("cookie", line)).to_http_request(),
        // No HTTP parser lets such a line through.
        Err(_) => request.to_http_request(),
    }
}

/// The value with one character changed, removed or inserted.
pub fn tampered(value: &str, place: &proptest::sample::Index, with: char, kind: u8) -> String {
    let mut text: Vec<char> = value.chars().collect();
    let at = place.index(text.len());
    match kind % 3 {
        0 => text[at] = with,
        1 => drop(text.remove(at)),
        _ => text.insert(at, with),
    }
    text.into_iter().collect()
}

// SECURITY rules 2 and 12: in any cookie header, only values of the right form are found.
#[test]
fn a_foreign_cookie_line_yields_no_session() {
    let cookies = Cookies::new(false, &keys());
    let drawn = prop_oneof![
        like(texts("cookies"), PIECES),
        like(texts("cookies"), PIECES).prop_map(|value| format!("device={value}; way-out={value}")),
    ];
    holds_for(texts("cookies"), drawn, |line| {
        let request = sending(line);
        // These tokens are opaque: one that looks right may be asked for, and is not there.
        for (name, found) in [
            ("challenge", cookies.challenge(&request)),
            ("device", cookies.browser_token(&request)),
            ("way-out", cookies.provider_logout(&request)),
        ] {
            if let Some(hash) = found {
                let cookie = request.cookie(name).unwrap();
                assert_eq!(Token::parse(cookie.value()).unwrap().hash(), hash);
            }
        }
    });
}

// SECURITY rule 33: a known browser is its token, byte for byte.
#[test]
fn a_modified_browser_token_yields_no_other_browser() {
    let cookies = Cookies::new(false, &keys());
    let drawn = (any::<proptest::sample::Index>(), any::<char>(), 0_u8..3);
    holds_for([], drawn, |(place, with, kind)| {
        let token = Token::generate(&mut rand::rng());
        let cookie = cookies.remember_browser(&token);
        let (name, value) = (cookie.name(), cookie.value());
        let sent = Cookie::new(name, value).encoded().to_string();
        assert_eq!(cookies.browser_token(&sending(&sent)), Some(token.hash()));
        let touched = tampered(value, place, *with, *kind);
        let sent = Cookie::new(name, &touched).encoded().to_string();
        let found = cookies.browser_token(&sending(&sent));
        assert_eq!(found == Some(token.hash()), touched == value, "{touched}");
    });
}

// SECURITY rule 2: a token is 43 characters of its alphabet, and comes back as it went out.
#[test]
fn a_token_is_of_one_length_and_one_alphabet() {
    let near = prop_oneof![
        "[A-Za-z0-9_-]{42,44}",
        "[ -~]{43}",
        like(texts("cookies"), PIECES)
    ];
    holds_for(texts("cookies"), near, |text| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let one_of_ours = text.len() == 43 && text.bytes().all(plain);
        let token = Token::parse(text);
        assert_eq!(token.is_some(), one_of_ours);
        if let Some(token) = token {
            assert_eq!(token.expose(), text);
            assert!(!format!("{token:?}").contains(text));
        }
    });
}
