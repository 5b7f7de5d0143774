//! Sign-ins under way at the provider: their cookies, and the states that come back.

use actix_web::cookie::Cookie;
use proptest::prelude::*;
use vestibule::domain::Timestamp;
use vestibule::sign_in::oidc::{CallbackMismatch, SignInFlow, StateSigner};
use vestibule::web::http::cookies::Cookies;
use vestibule::web::http::flow_cookies::FlowCookies;

use crate::cookies::{keys, sending, tampered};
use crate::corpus::{holds_for, like, texts};

const NOW: Timestamp = Timestamp(1_795_435_200_000);
const PIECES: &[&str] = &[
    ".",
    "..",
    "%",
    "é",
    "\0",
    "AAAA",
    "-",
    "9",
    "=",
    "state",
    "\u{1f600}",
];

fn flow(state: &str, number: usize) -> SignInFlow {
    let written = serde_json::json!({
        "provider": { "state": state, "verifier": "v" },
        "return_to": format!("/dashboard?tab={number}"),
        "started_at": NOW.0 + i64::try_from(number).unwrap(),
    });
    serde_json::from_value(written).unwrap()
}

fn line(cookies: &[Cookie<'_>]) -> String {
    let pairs = cookies
        .iter()
        .map(|cookie| cookie.encoded().stripped().to_string());
    pairs.collect::<Vec<_>>().join("; ")
}

// SECURITY rule 17: a state that we did not write tells nothing, however like ours it is.
#[test]
fn a_modified_state_is_rejected() {
    let states = StateSigner::new(keys());
    let host = "[a-z0-9.:\\[\\]-]{0,30}";
    let drawn = (
        host,
        any::<proptest::sample::Index>(),
        any::<char>(),
        0_u8..3,
    );
    holds_for([], drawn, |(host, place, with, kind)| {
        let state = states.issue(host, NOW);
        assert_eq!(
            states.explain(&state, host, NOW),
            CallbackMismatch::OtherBrowser
        );
        let touched = tampered(&state, place, *with, *kind);
        let found = states.explain(&touched, host, NOW);
        assert!(
            touched == state || found == CallbackMismatch::Unknown,
            "{touched:?}: {found:?}"
        );
    });
    holds_for(texts("state"), like(texts("state"), PIECES), |state| {
        assert_eq!(
            states.explain(state, "localhost", NOW),
            CallbackMismatch::Unknown
        );
    });
}

// SECURITY rule 17: a flow is found by its own state, in the browser that has it; two tabs do not
// disturb each other, and more than five are not kept.
#[test]
fn a_flow_is_found_by_its_own_state_alone() {
    let keys = keys();
    let cookies = Cookies::new(false, &keys);
    let states = StateSigner::new(keys);
    let drawn = (
        1_usize..7,
        any::<proptest::sample::Index>(),
        any::<char>(),
        0_u8..3,
    );
    holds_for([], drawn, |(tabs, place, with, kind)| {
        let mut held: Vec<Cookie<'static>> = Vec::new();
        let mut begun = Vec::new();
        for number in 0..*tabs {
            let state = states.issue("localhost", NOW);
            let request = sending(&line(&held));
            for cookie in FlowCookies::of(&request, &cookies).keep(&flow(&state, number)) {
                held.retain(|other| other.name() != cookie.name());
                if !cookie.value().is_empty() {
                    held.push(cookie);
                }
            }
            begun.push(state);
        }
        assert_eq!(held.len(), (*tabs).min(5));
        let request = sending(&line(&held));
        let flows = FlowCookies::of(&request, &cookies);
        for (number, state) in begun.iter().enumerate() {
            let kept = number + 5 >= *tabs;
            let found = flows.find(state).map(|flow| flow.return_to.to_string());
            assert_eq!(found, kept.then(|| format!("/dashboard?tab={number}")));
        }
        let newest = begun.last().unwrap();
        let touched = tampered(newest, place, *with, *kind);
        assert!(touched == *newest || flows.find(&touched).is_none());

        // A flow's cookie under the name of another flow is rejected: the name is authenticated too.
        let swapped = Cookie::new(
            held[0].name().to_owned(),
            held[held.len() - 1].value().to_owned(),
        );
        let request = sending(&line(&[swapped]));
        let found = FlowCookies::of(&request, &cookies).all().count();
        assert_eq!(found, usize::from(held.len() == 1));
    });
}

// No content of the callback's query and of the cookies forms a flow.
#[test]
fn no_flow_is_read_from_foreign_input() {
    let cookies = Cookies::new(false, &keys());
    let lines = like(texts("cookies"), PIECES)
        .prop_map(|value| format!("flow-AAAAAAAAAA={value}; {value}"));
    holds_for(
        [],
        (lines, like(texts("state"), PIECES)),
        |(line, state)| {
            let request = sending(line);
            let flows = FlowCookies::of(&request, &cookies);
            assert!(flows.find(state).is_none());
            assert_eq!(flows.all().count(), 0);
            flows.forget(state);
        },
    );
}
