//! What the real binary writes in its log of a sign-in with the provider.

use vestibule::clock::Clock;

use super::{
    KEY, MIRA, assert_landed, assert_turned_back, bring_back, come_back, set_out, way_back,
};
use crate::support::hostile::{CLIENT_ID, Hostile, REFRESH_TOKEN};
use crate::support::{Visitor, Workplace, until};

const TOKENS: &str = "/user_management/authenticate";

/// A place where Mira has an account, and its provider.
async fn place_and_provider() -> (Workplace, Hostile) {
    let provider = Hostile::start(Clock::system().now()).await;
    let place = Workplace::empty()
        .with("WORKOS_CLIENT_ID", CLIENT_ID)
        .with("WORKOS_API_KEY", KEY)
        .with("WORKOS_API_URL", provider.url.clone())
        .with("RUST_LOG", "trace");
    assert_eq!(place.run(&["account", "add", MIRA]).await.code, Some(0));
    (place, provider)
}

#[actix_web::test]
async fn the_reference_on_the_sign_in_page_is_in_the_log_with_its_cause() {
    let (place, provider) = place_and_provider().await;
    let console = place.serve(&[]).await;
    let mira = place.visitor();
    let refusal = r#"{"error":"invalid_client","error_description":"no such client"}"#;
    provider.script().refuse(TOKENS, 401, refusal);
    let state = set_out(&mira, "/auth/workos").await;
    let back = way_back(&state).replace("a_code", "a_code_of_some_length");
    let answer = bring_back(&mira, &back).await;
    assert_turned_back(&mira, &answer, "credentials").await;
    let reference = answer.header("x-request-id").to_owned();
    assert!(answer.location().contains(&reference));
    let ended = console.stopped().await;
    let mut lines = ended.stderr.lines();
    let line = lines.find(|line| line.contains(&format!(" {reference}] no sign-in")));
    let line = line.unwrap_or_else(|| panic!("{}", ended.stderr));
    assert!(line.contains("rejected our credentials"), "{line}");
    assert!(line.contains("no such client"), "{line}");
}

#[actix_web::test]
async fn with_email_codes_off_the_terminal_mentions_no_codes() {
    let (place, _provider) = place_and_provider().await;
    let place = place.with("EMAIL_CODES", "off").with("ADMIN_EMAIL", MIRA);
    let said = place.serve(&[]).await.stopped().await.stdout;
    assert!(
        said.contains("SMTP_URL is set: mail is written to"),
        "{said}"
    );
    assert!(said.contains("choose “Continue with WorkOS”"), "{said}");
    assert!(!said.contains("code"), "{said}");
}

#[actix_web::test]
async fn every_reference_that_a_page_shows_is_in_the_log_with_its_cause() {
    let (place, provider) = place_and_provider().await;
    let console = place.serve(&[]).await;
    let mira = place.visitor();
    let port = place.url().rsplit(':').next().unwrap().to_owned();
    let elsewhere = Visitor::new(format!("http://127.0.0.1:{port}"));
    let begun_elsewhere = set_out(&elsewhere, "/auth/workos").await;
    let begun_by_another = set_out(&place.visitor(), "/auth/workos").await;
    let cancelled = set_out(&mira, "/auth/workos").await;
    let mut expected = Vec::new();
    for (path, problem, cause) in [
        (way_back(&begun_by_another), "other-browser", "localhost"),
        (way_back(&begun_elsewhere), "other-address", "localhost"),
        (way_back("made.up"), "unknown", "come back to localhost"),
        (
            format!("/auth/workos/callback?error=access_denied&state={cancelled}"),
            "cancelled",
            "cancelled at the provider",
        ),
        (
            "/auth/workos/finish?flow=x".to_owned(),
            "lost",
            "nothing is known of it",
        ),
    ] {
        let answer = mira.get(&path).await;
        assert_turned_back(&mira, &answer, problem).await;
        expected.push((answer.header("x-request-id").to_owned(), cause));
    }
    place.sql("UPDATE accounts SET suspended_at = 1");
    let suspended = come_back(&mira).await;
    assert_turned_back(&mira, &suspended, "suspended").await;
    let jwks = "/sso/jwks/client_vestibule";
    for path in [jwks, TOKENS] {
        provider.script().refuse(path, 503, "");
    }
    // A failed sign-in brings the probe forward.
    come_back(&place.visitor()).await;
    until("the outage is noticed", async || {
        let page = place.visitor().get("/sign-in").await;
        page.body.contains("WorkOS can’t be reached right now")
    })
    .await;
    let another = mira.get("/auth/workos/another-account").await;
    assert_turned_back(&mira, &another, "unreachable").await;
    expected.push((another.header("x-request-id").to_owned(), "does not answer"));
    let ended = console.stopped().await;
    for (reference, cause) in expected {
        let mut lines = ended.stderr.lines();
        let line = lines.find(|line| line.contains(&format!(" {reference}] no sign-in")));
        let line = line.unwrap_or_else(|| panic!("{cause}: {}", ended.stderr));
        assert!(line.contains(cause), "{line}");
    }
}

// SECURITY rule 4.
#[actix_web::test]
async fn the_whole_log_of_a_sign_in_holds_no_code_no_token_and_no_cookie() {
    let (place, provider) = place_and_provider().await;
    let console = place.serve(&[]).await;
    let mira = place.visitor();
    let state = set_out(&mira, "/auth/workos").await;
    let name = format!("flow-{}", &state[..10]);
    let flow = mira.cookie(&name).unwrap();
    assert_landed(&bring_back(&mira, &way_back(&state)).await, "/dashboard");
    let session = mira.cookie("session").unwrap();
    assert!(mira.is_in().await);
    mira.post("/sign-out", &[]).await;
    let way_out = mira.cookie("way-out").unwrap();
    mira.get("/signed-out").await;
    let heard = provider.script().heard.join("\n");
    let verifier = heard.split("\"code_verifier\":\"").nth(1).unwrap();
    let verifier = verifier.split('"').next().unwrap().to_owned();
    let ended = console.stopped().await;

    assert!(ended.stderr.contains("TRACE"), "{}", ended.stderr);
    assert!(ended.stderr.contains("signed in with WorkOS"));
    let token = session.split(['=', '%']).next_back().unwrap().to_owned();
    assert!(token.len() > 30 && verifier.len() > 30, "{session}");
    for secret in [
        "a_code",
        &flow,
        &session,
        &token,
        &way_out,
        &verifier,
        REFRESH_TOKEN,
        KEY,
    ] {
        for said in [&ended.stderr, &ended.stdout] {
            assert!(!said.contains(secret), "{secret} is in\n{said}");
        }
    }
}
