//! `ReturnTo`: where someone is sent after the sign-in.

use proptest::prelude::*;
use url::Url;
use vestibule::domain::ReturnTo;

use crate::corpus::{holds_for, like, texts};

const PIECES: &[&str] = &[
    "/",
    "//",
    "\\",
    "/\\",
    "\t",
    "\n",
    "\r",
    "\0",
    " ",
    "..",
    "/../",
    "/./",
    "%2e",
    "%2f",
    "%5c",
    "%09",
    "%00",
    "@",
    ":",
    "?",
    "#",
    ";",
    "&",
    "=",
    "evil.test",
    "https:",
    "javascript:",
    "\u{ff0f}",
    "\u{2044}",
    "\u{2028}",
    "\u{feff}",
    "。",
    "[::1]",
    "ü",
    "/sign-in",
    "/auth/",
    "//evil.test/%2e%2e",
];

fn drawn() -> impl Strategy<Value = String> {
    like(texts("return_to"), PIECES)
}

// SECURITY rule 15: for any requested target, the browser stays on this origin.
#[test]
fn no_return_to_leads_to_another_origin() {
    let doors = [
        "https://console.acme.test/sign-in",
        "http://localhost:8080/auth/workos/callback?code=a",
        "https://console.acme.test/a//b/",
    ];
    holds_for(texts("return_to"), drawn(), |asked| {
        let place = ReturnTo::parse(asked);
        let path = place.as_str();
        assert!(path.starts_with('/') && !path.starts_with("//") && path.len() <= 2048);
        let plain = |c: char| c.is_ascii_graphic() && c != '\\' && c != '#';
        assert!(path.chars().all(plain), "{path:?}");
        for door in doors {
            let door = Url::parse(door).unwrap();
            let landed = door.join(path).unwrap();
            assert_eq!(landed.origin(), door.origin(), "{asked:?} led to {landed}");
            assert!(landed.username().is_empty());
            // Read again by the same rules, it is the same place: nothing hides behind a second reading.
            assert_eq!(&landed[url::Position::BeforePath..], path);
        }
        assert_eq!(ReturnTo::parse(path), place);
    });
}

// SECURITY rule 15: it survives being carried in a query.
#[test]
fn a_return_to_round_trips_through_a_query() {
    holds_for(texts("return_to"), drawn(), |asked| {
        let place = ReturnTo::parse(asked);
        let door = Url::parse("https://console.acme.test").unwrap();
        let carried = door.join(&place.explicitly_carried_by("/sign-in")).unwrap();
        assert_eq!(carried.path(), "/sign-in");
        let found: Vec<_> = carried.query_pairs().collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "return_to");
        assert_eq!(ReturnTo::parse(&found[0].1), place);
    });
}

// After a sign-in, no one is sent to the sign-in page or to a URL that is not a page.
#[test]
fn no_return_to_leads_back_to_the_sign_in() {
    holds_for(texts("return_to"), drawn(), |asked| {
        let place = ReturnTo::parse(asked);
        for door in ["/sign-in", "/sign-out", "/signed-out", "/auth/", "/static/"] {
            assert!(!place.as_str().starts_with(door), "{asked:?}");
        }
    });
}
