//! The provider's tokens and sessions while a person is signed in, and at the sign-out.

use std::fs;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use super::{MIRA, signed_in, take_down, until_nothing_is_to_be_revoked, with_mira};
use crate::support::app::connect;
use crate::support::hostile::{Hostile, Instead, REFRESH_TOKEN};
use crate::support::{TestApp, until};

pub(super) const TOKENS: &str = "/user_management/authenticate";
pub(super) const REVOKE: &str = "/user_management/sessions/revoke";
const INVALID_GRANT: &str = r#"{"error":"invalid_grant","error_description":"gone"}"#;

/// The requests at one path that were about this.
pub(super) fn heard(provider: &Hostile, path: &str, word: &str) -> usize {
    let script = provider.script();
    let lines = script.heard.iter();
    lines
        .filter(|line| line.starts_with(path) && line.contains(word))
        .count()
}

pub(super) fn refreshes(provider: &Hostile) -> usize {
    heard(provider, TOKENS, "\"grant_type\":\"refresh_token\"")
}

/// The access token has run out, and the next one is good for five minutes again.
pub(super) fn run_out(app: &TestApp, provider: &Hostile, rotated: &str) {
    app.later(Duration::from_mins(6));
    let now = app.clock.now().0 / 1000;
    let mut script = provider.script();
    script.claim("iat", json!(now));
    script.expire(300);
    script.field("refresh_token", json!(rotated));
}

pub(super) fn expires_at(app: &TestApp) -> i64 {
    app.number("SELECT access_expires_at FROM provider_sessions")
}

// SECURITY rules 21 and 26: the older refresh token is spent by then, so the session would be lost.
#[actix_web::test]
async fn a_database_that_is_held_for_some_seconds_loses_no_refreshed_session() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    run_out(&app, &provider, "rotated");
    let mut holder = connect(&app.database());
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    // The request does not wait for the write.
    assert!(mira.is_in().await);
    // A later write has timed out, so the first try to store the token has timed out too.
    let noor = app.visitor().ask_for_code("noor@acme.test").await;
    assert_eq!(noor.status, 503);
    let before = expires_at(&app);
    holder.batch_execute("ROLLBACK").unwrap();
    until("the new token is stored", async || {
        expires_at(&app) > before
    })
    .await;
    run_out(&app, &provider, "rotated again");
    assert!(mira.is_in().await);
}

// SECURITY rule 21.
#[actix_web::test]
async fn twenty_requests_at_once_cause_one_refresh() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    assert_eq!(refreshes(&provider), 0);
    run_out(&app, &provider, "rotated-once");
    let all = join_all((0..20).map(|_| mira.is_in())).await;
    assert!(all.into_iter().all(|is_in| is_in));
    assert_eq!(refreshes(&provider), 1);
    assert_eq!(heard(&provider, TOKENS, REFRESH_TOKEN), 1);
    assert_eq!(expires_at(&app), app.clock.now().0 + 300_000);

    // The next one is with the rotated token.
    run_out(&app, &provider, "rotated-twice");
    assert!(mira.is_in().await);
    assert_eq!(heard(&provider, TOKENS, "rotated-once"), 1);
    assert!(mira.is_in().await);
    assert_eq!(refreshes(&provider), 2);
}

// SECURITY rule 21.
#[actix_web::test]
async fn a_session_ended_by_the_provider_ends_here() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    run_out(&app, &provider, "never");
    provider.script().refuse(TOKENS, 400, INVALID_GRANT);
    let answer = mira.get("/dashboard").await;
    assert!(answer.location().starts_with("/sign-in"), "{answer:?}");
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 0);
    let told =
        "SELECT a.email || ' ' || actor FROM activity a JOIN accounts ON accounts.id = account_id
                WHERE kind = 'session_ended'";
    assert_eq!(app.text(told), "mira@acme.test WorkOS");
}

// SECURITY rule 39: a person who was blocked at the provider does not stay until their session is at its end.
#[actix_web::test]
async fn a_refusal_that_is_repeated_a_minute_later_ends_the_session() {
    let (app, provider) = with_mira().await;
    for (status, body, is_final) in [
        (400, r#"{"error":"access_denied"}"#, true),
        (403, r#"{"code":"user_blocked"}"#, true),
        (403, "", true),
        (404, "", true),
        (422, r#"{"code":"membership_inactive"}"#, true),
        (408, "", false),
        (429, "", false),
        (503, "", false),
        (401, r#"{"error":"invalid_client"}"#, false),
        (400, r#"{"error":"invalid_client"}"#, false),
    ] {
        provider.script().instead.clear();
        run_out(&app, &provider, "rotated");
        let mira = signed_in(&app).await;
        app.later(Duration::from_mins(6));
        provider.script().refuse(TOKENS, status, body);
        let before = refreshes(&provider);
        assert!(mira.is_in().await, "{status} {body}");
        app.later(Duration::from_secs(59));
        assert!(mira.is_in().await, "{status} {body}");
        app.later(Duration::from_secs(31));
        assert_eq!(mira.is_in().await, !is_final, "{status} {body}");
        assert_eq!(refreshes(&provider), before + 3, "{status} {body}");
    }
}

// SECURITY rule 39: a success in between starts the minute anew.
#[actix_web::test]
async fn a_refusal_long_after_a_success_does_not_end_the_session() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    for _ in 0..2 {
        run_out(&app, &provider, "rotated");
        provider.script().refuse(TOKENS, 403, "");
        assert!(mira.is_in().await);
        provider.script().instead.clear();
        app.later(Duration::from_secs(30));
        assert!(mira.is_in().await);
        assert_eq!(expires_at(&app), app.clock.now().0 + 270_000);
    }
}

// SECURITY rule 39: only an answer to the refresh itself counts.
#[actix_web::test]
async fn keys_that_the_provider_refuses_end_no_session() {
    let (mut app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    app.stop().await;
    let jwks = "/sso/jwks/client_vestibule";
    app.later(Duration::from_mins(6));
    for (status, body) in [(404, ""), (403, ""), (401, ""), (400, INVALID_GRANT)] {
        provider.script().refuse(jwks, status, body);
        app.start_again().await;
        for _ in 0..3 {
            assert!(mira.is_in().await, "{status}");
            app.later(Duration::from_mins(1));
        }
        app.stop().await;
    }
    assert_eq!(refreshes(&provider), 0);
}

// SECURITY rule 39: wrong credentials end no session, and an admin sees them.
#[actix_web::test]
async fn rejected_credentials_turn_health_red_until_a_refresh_works() {
    let (app, provider) = with_mira().await;
    app.sql("UPDATE accounts SET role = 'admin'");
    let mira = signed_in(&app).await;
    let state = async || mira.get("/admin/health").await;
    assert_eq!(state().await.text("h1 + p"), "Everything works.");
    run_out(&app, &provider, "rotated");
    let refusal = r#"{"error":"invalid_client","error_description":"no such client"}"#;
    provider.script().refuse(TOKENS, 401, refusal);
    let page = state().await;
    assert_eq!(page.text("h1 + p"), "One thing needs attention.");
    let words = "WorkOS rejected this console’s credentials just now: no such client.";
    assert!(page.body.contains(words), "{}", page.body);
    provider.script().instead.clear();
    app.later(Duration::from_secs(30));
    assert_eq!(state().await.text("h1 + p"), "Everything works.");
}

// SECURITY rule 21.
#[actix_web::test]
async fn a_provider_in_trouble_ends_no_session_and_is_left_alone_for_a_while() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    run_out(&app, &provider, "rotated");
    for status in [500, 503, 429] {
        provider.script().refuse(TOKENS, status, "");
        let before = refreshes(&provider);
        for _ in 0..3 {
            assert!(mira.is_in().await, "{status}");
        }
        assert_eq!(refreshes(&provider), before + 1, "{status}");
        app.later(Duration::from_secs(30));
    }
    provider.script().instead.clear();
    run_out(&app, &provider, "rotated");
    assert!(mira.is_in().await);
    assert_eq!(expires_at(&app), app.clock.now().0 + 300_000);
}

#[actix_web::test]
async fn a_session_goes_on_resting_while_another_one_begins_to() {
    let (app, provider) = with_mira().await;
    let here = signed_in(&app).await;
    let there = signed_in(&app).await;
    run_out(&app, &provider, "rotated");
    provider.script().refuse(TOKENS, 503, "");
    for _ in 0..2 {
        assert!(here.is_in().await && there.is_in().await);
    }
    assert_eq!(refreshes(&provider), 2);
}

#[actix_web::test]
async fn an_access_token_is_renewed_from_the_moment_it_runs_out() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    let left = expires_at(&app) - app.clock.now().0;
    app.later(Duration::from_millis(left.unsigned_abs() - 1));
    assert!(mira.is_in().await);
    assert_eq!(refreshes(&provider), 0);
    app.later(Duration::from_millis(1));
    provider
        .script()
        .claim("iat", json!(app.clock.now().0 / 1000));
    provider.script().expire(300);
    assert!(mira.is_in().await);
    assert_eq!(refreshes(&provider), 1);
}

// SECURITY rule 21: a request waits at most two seconds for the provider.
#[actix_web::test]
async fn no_request_waits_long_for_a_provider_that_never_answers() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    run_out(&app, &provider, "rotated");
    provider.script().instead.insert(TOKENS, Instead::Silence);
    let within = tokio::time::timeout(Duration::from_secs(6), mira.is_in()).await;
    assert_eq!(within, Ok(true));
}

#[actix_web::test]
async fn a_session_by_email_code_sends_no_request_to_the_provider() {
    let (app, provider) = with_mira().await;
    let mira = app.visitor();
    mira.sign_in(&app, MIRA).await;
    app.later(Duration::from_hours(2));
    assert!(mira.is_in().await);
    assert!(provider.script().heard.is_empty());
}

/// Whether the bytes are anywhere in the folder of the data.
fn is_on_disk(app: &TestApp, secret: &str) -> bool {
    let entries = fs::read_dir(app.data()).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .any(|path| {
            let bytes = fs::read(path).unwrap();
            let mut windows = bytes.windows(secret.len());
            windows.any(|window| window == secret.as_bytes())
        })
}

// SECURITY rule 23.
#[actix_web::test]
async fn the_refresh_token_is_encrypted_at_rest() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    assert_eq!(
        app.number("SELECT count(*) FROM provider_sessions WHERE refresh_token IS NOT NULL"),
        1
    );
    assert!(is_on_disk(&app, MIRA));
    assert!(!is_on_disk(&app, REFRESH_TOKEN));
    run_out(&app, &provider, "rotated-secret-token");
    assert!(mira.is_in().await);
    provider.script().refuse(REVOKE, 503, "");
    mira.post("/sign-out", &[]).await;
    assert!(!is_on_disk(&app, REFRESH_TOKEN));
    assert!(!is_on_disk(&app, "rotated-secret-token"));
}

#[actix_web::test]
async fn every_page_shows_that_a_session_is_impersonated() {
    let (app, provider) = with_mira().await;
    let impersonator = json!({ "email": "admin@acme.test", "reason": "a question" });
    assert!(
        !signed_in(&app)
            .await
            .get("/dashboard")
            .await
            .has("#impersonated")
    );
    app.sql("DELETE FROM sessions");
    provider.script().field("impersonator", impersonator);
    let admin = signed_in(&app).await;
    let banner = admin.get("/dashboard").await.text("#impersonated");
    assert!(banner.contains("admin@acme.test"), "{banner}");
    assert_eq!(
        app.text("SELECT impersonator FROM provider_sessions"),
        "admin@acme.test"
    );
}

// SECURITY rule 22.
#[actix_web::test]
async fn a_sign_out_ends_the_session_here_at_once_and_then_at_the_provider() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    let out = mira.post("/sign-out", &[]).await;
    assert_eq!(out.location(), "/signed-out");
    assert!(!mira.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 0);
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(heard(&provider, REVOKE, "session_1"), 1);
}

// SECURITY rule 22: over a restart too.
#[actix_web::test]
async fn a_sign_out_during_an_outage_is_revoked_after_a_restart() {
    let (mut app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    provider.script().refuse(REVOKE, 503, "");
    assert_eq!(mira.post("/sign-out", &[]).await.location(), "/signed-out");
    assert!(!mira.is_in().await);
    until("it was tried", async || {
        app.number("SELECT coalesce(max(attempts), 0) FROM pending_revocations") == 1
    })
    .await;
    app.stop().await;
    provider.script().instead.clear();
    app.later(Duration::from_mins(1));
    app.start_again().await;
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(heard(&provider, REVOKE, "session_1"), 2);
    assert!(!mira.is_in().await);
}

// By then, after about a month, the provider has forgotten it by itself.
#[actix_web::test]
async fn a_revocation_is_given_up_after_eight_hundred_attempts() {
    let (mut app, provider) = with_mira().await;
    provider.script().refuse(REVOKE, 503, "");
    for (attempts, left) in [(799, 1), (800, 0)] {
        signed_in(&app).await.post("/sign-out", &[]).await;
        until("it was tried", async || {
            app.number("SELECT attempts FROM pending_revocations") == 1
        })
        .await;
        app.stop().await;
        let again =
            format!("UPDATE pending_revocations SET attempts = {attempts}, next_attempt_at = 0");
        app.sql(&again);
        let tried = heard(&provider, REVOKE, "session_1");
        app.start_again().await;
        until("it was tried again", async || {
            let rows = app.number("SELECT count(*) FROM pending_revocations");
            let as_before = "SELECT count(*) FROM pending_revocations WHERE next_attempt_at = 0";
            heard(&provider, REVOKE, "session_1") > tried
                && app.number(as_before) == 0
                && rows == left
        })
        .await;
        app.sql("DELETE FROM pending_revocations");
    }
}

// SECURITY rule 22: however a session ends.
#[actix_web::test]
async fn a_session_that_an_admin_ends_in_the_database_ends_at_the_provider() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    app.sql("DELETE FROM sessions");
    assert_eq!(mira.get("/dashboard").await.status, StatusCode::SEE_OTHER);
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(heard(&provider, REVOKE, "session_1"), 1);
}

#[actix_web::test]
async fn the_page_after_a_sign_out_goes_through_the_providers_logout_once() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    mira.post("/sign-out", &[]).await;
    let first = mira.get("/signed-out").await;
    let refresh = first.header("refresh").to_owned();
    let logout = format!("0;url={}/user_management/sessions/logout?", provider.url);
    assert!(refresh.starts_with(&logout), "{refresh}");
    assert!(refresh.contains("session_id=session_1"), "{refresh}");
    let encoded: String =
        url::form_urlencoded::byte_serialize(format!("{}/signed-out", app.url()).as_bytes())
            .collect();
    assert!(refresh.contains(&encoded), "{refresh}");
    let second = mira.get("/signed-out").await;
    assert_eq!(second.header("refresh"), "");
    assert!(second.has("a[href='/sign-in']"));
}

#[actix_web::test]
async fn a_sign_out_while_the_provider_is_down_leads_nowhere_else() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    take_down(&app, &provider).await;
    mira.post("/sign-out", &[]).await;
    let page = mira.get("/signed-out").await;
    assert_eq!(page.header("refresh"), "");
    let words = page.text("[role=status]");
    assert!(words.contains("ends once WorkOS answers"), "{words}");
}
