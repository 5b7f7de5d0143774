//! Callbacks with hostile queries: every line of `tests/corpus/callback.txt`, and queries drawn from their
//! pieces.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reqwest::header::{HeaderValue, USER_AGENT};
use reqwest::{Method, StatusCode};

use super::{assert_landed, bring_back, set_out, way_back, with_mira};
use crate::support::{Answer, TestApp};

const DRAWN: usize = 200;
const SEED: u64 = 28;

/// The kept queries, and others made of their pairs.
fn queries() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/callback.txt");
    let kept: Vec<String> = std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    let pairs: Vec<&str> = kept.iter().flat_map(|line| line.split('&')).collect();
    let mut random = StdRng::seed_from_u64(SEED);
    let drawn = (0..DRAWN).map(|_| {
        let count = random.random_range(1..6);
        let chosen: Vec<&str> = pairs.sample(&mut random, count).copied().collect();
        chosen.join("&")
    });
    let drawn: Vec<String> = drawn.collect();
    kept.into_iter().chain(drawn).collect()
}

/// No session begins, nothing breaks, and the browser stays on this site.
#[track_caller]
fn assert_refused(app: &TestApp, query: &str, answer: &str) {
    let status = answer.get(9..12).unwrap_or_default();
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    assert!(["303", "400"].contains(&status), "{query:?}: {head}");
    let header = |name: &str| {
        let mut lines = head.lines();
        lines.find(|line| line.to_ascii_lowercase().starts_with(name))
    };
    if status == "303" {
        let location = header("location:").unwrap();
        let (_, address) = location.split_once(": ").unwrap();
        assert!(
            address.starts_with("/sign-in?problem="),
            "{query:?} led to {address}"
        );
        assert!(address.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    assert!(!head.contains("session="), "{query:?}: {head}");
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 0);
}

// SECURITY rules 17 and 28: no query brings anybody in without the flow that it belongs to.
#[actix_web::test]
async fn no_callback_query_signs_in_without_a_flow() {
    let (app, _provider) = with_mira().await;
    for query in queries() {
        let answer = app
            .get_as_written(&format!("/auth/workos/callback?{query}"))
            .await;
        assert_refused(&app, &query, &answer);
    }
}

// SECURITY rules 4 and 28: hostile queries with the right state.
#[actix_web::test]
async fn every_callback_with_the_right_state_gets_one_of_our_messages() {
    let (app, provider) = with_mira().await;
    provider.script().refuse(
        "/user_management/authenticate",
        400,
        "{\"error\":\"invalid_grant\"}",
    );
    let visitor = app.visitor();
    for query in queries().iter().step_by(4) {
        // Not so many in a minute that the limit answers.
        app.later(Duration::from_secs(2));
        let state = set_out(&visitor, "/auth/workos").await;
        let others: Vec<_> = query
            .split('&')
            .filter(|pair| !pair.starts_with("state"))
            .collect();
        let path = format!("/auth/workos/callback?state={state}&{}", others.join("&"));
        let answer: Answer = visitor.get(&path).await;
        match answer.status {
            StatusCode::SEE_OTHER => {
                assert!(
                    answer.location().starts_with("/sign-in?problem="),
                    "{query:?}: {answer:?}"
                );
            }
            status => assert_eq!(status, StatusCode::BAD_REQUEST, "{query:?}"),
        }
        assert_eq!(app.number("SELECT count(*) FROM sessions"), 0, "{query:?}");
    }
}

// SECURITY rule 32: what no provider sends is refused before anything is sent to the provider.
#[actix_web::test]
async fn a_callback_with_a_value_that_no_provider_sends_cannot_be_read() {
    let (app, provider) = with_mira().await;
    let mira = app.visitor();
    let state = set_out(&mira, "/auth/workos").await;
    let back = way_back(&state);
    let long = "a".repeat(4097);
    let very_long = "a".repeat(10_000);
    for query in [
        format!("code=%00&state={state}"),
        format!("code=a%20code&state={state}"),
        format!("code=%C3%A9&state={state}"),
        format!("code=%FF&state={state}"),
        format!("code={long}&state={state}"),
        format!("code={very_long}&state={state}"),
        format!("code=a_code&state={state}%0A"),
        format!("code=a_code&state=%0D%0A{state}"),
        format!("code=a_code&state={long}"),
        format!("code=a_code&state={state}&iss=https://a.test%0A"),
        format!("code=a_code&state={state}&iss={long}"),
    ] {
        let answer = mira.get(&format!("/auth/workos/callback?{query}")).await;
        assert_eq!(answer.status, 400, "{query:.80}");
        assert_eq!(answer.text("h1"), "That request can’t be read");
    }
    let empty = mira
        .get(&format!("/auth/workos/callback?code=&state={state}"))
        .await;
    assert!(empty.location().starts_with("/sign-in?problem=untrusted"));
    assert!(provider.script().heard.is_empty());

    // The longest value that is read is sent.
    let state = set_out(&mira, "/auth/workos").await;
    let longest = "a".repeat(4096);
    let path = back.replace("a_code", &longest);
    let path = path.rsplit_once('=').unwrap().0;
    assert_landed(
        &bring_back(&mira, &format!("{path}={state}")).await,
        "/dashboard",
    );
    assert!(provider.script().heard[0].contains(&longest));
}

// SECURITY rule 32: WorkOS gets the browser's User-Agent as plain text of a bounded length.
#[actix_web::test]
async fn the_user_agent_is_cleaned_before_it_is_passed_on() {
    let (app, provider) = with_mira().await;
    let sent = [&b"Fire\tfox\xE9 on \xF0\x9F\x90\xA7 "[..], &[b'a'; 600]].concat();
    let mira = app.visitor();
    let state = set_out(&mira, "/auth/workos").await;
    let request = mira.request(Method::GET, &way_back(&state));
    let agent = HeaderValue::from_bytes(&sent).unwrap();
    request.header(USER_AGENT, agent).send().await.unwrap();
    let heard = provider.script().heard[0].clone();
    let body = heard.split_once(' ').unwrap().1.trim();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let cleaned = format!("Firefox on  {}", "a".repeat(500));
    assert_eq!(body["user_agent"], cleaned);
}
