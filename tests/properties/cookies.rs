//! The cookies of the challenge, of the known browser and of the way out.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::test::TestRequest;
use proptest::collection::vec;
use proptest::prelude::*;
use vestibule::domain::{Device, Email, SecretKey, Timestamp, Token};
use vestibule::keys::Keys;
use vestibule::web::http::cookies::Cookies;

use crate::corpus::{holds_for, like, texts};

const NOW: Timestamp = Timestamp(1_795_435_200_000);
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

// SECURITY rules 2 and 12: in any cookie header, only values that we signed are found.
#[test]
fn a_foreign_cookie_line_yields_no_session() {
    let cookies = Cookies::new(false, &keys());
    let drawn = prop_oneof![
        like(texts("cookies"), PIECES),
        like(texts("cookies"), PIECES).prop_map(|value| format!("device={value}; way-out={value}")),
    ];
    holds_for(texts("cookies"), drawn, |line| {
        let request = sending(line);
        assert_eq!(cookies.device(&request), None);
        // These tokens are opaque: one that looks right may be asked for, and is not there.
        for (name, found) in [
            ("challenge", cookies.challenge(&request)),
            ("way-out", cookies.provider_logout(&request)),
        ] {
            if let Some(hash) = found {
                let cookie = request.cookie(name).unwrap();
                assert_eq!(Token::parse(cookie.value()).unwrap().hash(), hash);
            }
        }
    });
}

// SECURITY rule 8: a known browser is what we signed, byte for byte.
#[test]
fn a_modified_device_cookie_yields_no_other_device() {
    let keys = keys();
    let cookies = Cookies::new(false, &keys);
    let drawn = (
        vec("[a-z]{1,8}@acme\\.test", 0..9),
        any::<proptest::sample::Index>(),
        any::<char>(),
        0_u8..3,
    );
    holds_for([], drawn, |(addresses, place, with, kind)| {
        let device =
            addresses
                .iter()
                .fold(Device::generate(&mut rand::rng()), |device, address| {
                    device.after_sign_in(&Email::parse(address).unwrap(), &keys.current, NOW)
                });
        assert_eq!(Device::from_text(&device.to_text()), Some(device.clone()));
        // It is signed with the session cookie's key, and must never pass for a session.
        assert!(Token::parse(&device.to_text()).is_none());

        let cookie = cookies.remember_device(&device).unwrap();
        let (name, value) = (cookie.name(), cookie.value());
        let sent = Cookie::new(name, value).encoded().to_string();
        assert!(cookie.to_string().len() < 4096);
        assert_eq!(cookies.device(&sending(&sent)), Some(device.clone()));
        let touched = Cookie::new(name, tampered(value, place, *with, *kind))
            .encoded()
            .to_string();
        let found = cookies.device(&sending(&touched));
        assert!(found.is_none() || found == Some(device), "{touched}");
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

// A signed value may come from an older version: no content of it panics.
#[test]
fn a_devices_text_is_read_back_or_refused() {
    let near = "[A-Za-z0-9_-]{21,23}(\\.[A-Za-z0-9_-]{0,22}:-?[0-9]{0,20}){0,3}";
    holds_for(
        texts("cookies"),
        prop_oneof![near, any::<String>()],
        |text| {
            if let Some(device) = Device::from_text(text) {
                assert_eq!(Device::from_text(&device.to_text()), Some(device.clone()));
                let email = Email::parse("mira@acme.test").unwrap();
                let key = SecretKey::generate(&mut rand::rng());
                assert_eq!(device.known_for(&email, &key, NOW), None);
                let known = device.after_sign_in(&email, &key, NOW);
                assert!(known.known_for(&email, &key, NOW).is_some());
            }
        },
    );
}
