//! Failures on the way to the provider and back: each cause has its own message.

use std::time::Duration;

use reqwest::Method;

use super::{
    MIRA, assert_landed, assert_turned_back, bring_back, bring_up, come_back, come_back_to_wait,
    console_and_provider, set_out, take_down, way_back, with_mira,
};
use crate::support::hostile::Instead;
use crate::support::{Answer, TestApp, Visitor, until};

const TOKENS: &str = "/user_management/authenticate";

async fn words_after(app: &TestApp, visitor: &Visitor, answer: &Answer, problem: &str) -> String {
    let words = assert_turned_back(visitor, answer, problem).await;
    assert!(!visitor.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 0);
    words
}

// SECURITY rule 17.
#[actix_web::test]
async fn two_tabs_can_sign_in_at_once() {
    let (app, _provider) = with_mira().await;
    let mira = app.visitor();
    let first = set_out(&mira, "/auth/workos?return_to=%2Fdashboard%3Ffirst").await;
    let second = set_out(&mira, "/auth/workos?return_to=%2Fdashboard%3Fsecond").await;
    assert_landed(
        &bring_back(&mira, &way_back(&first)).await,
        "/dashboard?first",
    );
    assert_landed(
        &bring_back(&mira, &way_back(&second)).await,
        "/dashboard?second",
    );
    assert!(mira.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);
}

// SECURITY rule 17.
#[actix_web::test]
async fn a_flow_is_used_once() {
    let (app, _provider) = with_mira().await;
    let mira = app.visitor();
    let state = set_out(&mira, "/auth/workos").await;
    assert_landed(&bring_back(&mira, &way_back(&state)).await, "/dashboard");
    // The back button brings someone who is in nowhere else.
    assert_landed(&bring_back(&mira, &way_back(&state)).await, "/dashboard");
    mira.post("/sign-out", &[]).await;
    let again = mira.get(&way_back(&state)).await;
    let words = words_after(&app, &mira, &again, "other-browser").await;
    assert!(words.contains("finished already"), "{words}");
}

// SECURITY rule 17.
#[actix_web::test]
async fn a_callback_in_another_browser_is_refused() {
    let (app, provider) = with_mira().await;
    let state = set_out(&app.visitor(), "/auth/workos").await;
    let other = app.visitor();
    let answer = other.get(&way_back(&state)).await;
    let words = words_after(&app, &other, &answer, "other-browser").await;
    assert!(words.contains("started in another browser"), "{words}");
    let made_up = other.get(&way_back("made.up")).await;
    words_after(&app, &other, &made_up, "unknown").await;
    let bare = other.get("/auth/workos/callback").await;
    words_after(&app, &other, &bare, "unknown").await;
    assert!(provider.script().heard.is_empty());
}

#[actix_web::test]
async fn a_sign_in_older_than_ten_minutes_has_expired() {
    let (app, provider) = with_mira().await;
    let mira = app.visitor();
    let state = set_out(&mira, "/auth/workos").await;
    app.later(Duration::from_mins(10));
    let answer = mira.get(&way_back(&state)).await;
    let words = words_after(&app, &mira, &answer, "expired").await;
    assert!(words.contains("ten minutes"), "{words}");
    assert!(provider.script().heard.is_empty());
}

#[actix_web::test]
async fn a_sign_in_started_at_another_address_names_the_right_address() {
    let (app, _provider) = with_mira().await;
    let port = app.server().address().port();
    let elsewhere = Visitor::new(format!("http://127.0.0.1:{port}"));
    let state = set_out(&elsewhere, "/auth/workos").await;
    let mira = app.visitor();
    let answer = mira.get(&way_back(&state)).await;
    let words = words_after(&app, &mira, &answer, "other-address").await;
    assert!(words.contains(&app.url()), "{words}");
}

#[actix_web::test]
async fn a_cancelled_sign_in_returns_to_the_sign_in_page() {
    let (app, _provider) = with_mira().await;
    let mira = app.visitor();
    let state = set_out(&mira, "/auth/workos").await;
    let path = format!("/auth/workos/callback?error=access_denied&state={state}");
    let words = words_after(&app, &mira, &mira.get(&path).await, "cancelled").await;
    assert!(words.contains("cancelled at WorkOS"), "{words}");
    assert!(flow_names(&mira).is_empty());
}

#[actix_web::test]
async fn the_providers_error_text_is_not_repeated_on_the_page() {
    let (app, _provider) = with_mira().await;
    let mira = app.visitor();
    let state = set_out(&mira, "/auth/workos").await;
    let path = format!(
        "/auth/workos/callback?error=server_error&error_description=evil%0Awords&state={state}"
    );
    let answer = mira.get(&path).await;
    assert!(!answer.location().contains("evil"));
    words_after(&app, &mira, &answer, "refused").await;
}

#[actix_web::test]
async fn every_refusal_of_the_provider_has_its_own_message() {
    let (app, provider) = with_mira().await;
    let unauthorized = r#"{"error":"invalid_client","error_description":"no"}"#;
    let spent = r#"{"error":"invalid_grant","error_description":"used"}"#;
    for (status, body, problem) in [
        (401, unauthorized, "credentials"),
        (400, spent, "code-refused"),
        (200, "{}", "untrusted"),
        (503, "", "unreachable"),
    ] {
        provider.script().refuse(TOKENS, status, body);
        let mira = app.visitor();
        let answer = come_back(&mira).await;
        words_after(&app, &mira, &answer, problem).await;
    }
}

// SECURITY rule 9: anyone can make up a code, and the provider is asked about each.
#[actix_web::test]
async fn too_many_failed_callbacks_block_only_their_own_network() {
    let (app, provider) = console_and_provider(|settings| {
        settings.trusted_proxies = Some("127.0.0.1/32".to_owned());
    })
    .await;
    app.add_account(MIRA, "");
    let spent = r#"{"error":"invalid_grant"}"#;
    let flooder = app.visitor_at("192.0.2.7");
    let in_vain = async |visitor: &Visitor| {
        provider.script().refuse(TOKENS, 400, spent);
        assert_turned_back(visitor, &come_back(visitor).await, "code-refused").await;
    };
    for _ in 0..59 {
        in_vain(&flooder).await;
    }
    // A sign-in that works does not count.
    provider.script().instead.clear();
    let neighbour = app.visitor_at("192.0.2.7");
    assert_landed(&come_back(&neighbour).await, "/dashboard");
    in_vain(&flooder).await;

    let heard = provider.script().heard.len();
    let state = set_out(&flooder, "/auth/workos?return_to=%2Fdashboard%3Fx").await;
    let limited = flooder.get(&way_back(&state)).await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("retry-after"), "60");
    assert_eq!(limited.header("referrer-policy"), "no-referrer");
    let words = limited.text("#problem p");
    assert!(words.contains("Too many sign-ins from your network"));
    assert_eq!(
        limited.text("#problem code"),
        limited.header("x-request-id")
    );
    assert_eq!(provider.script().heard.len(), heard);
    in_vain(&app.visitor_at("192.0.2.8")).await;

    // The code was not spent: a reload goes on.
    provider.script().instead.clear();
    app.later(Duration::from_mins(1));
    assert_landed(
        &bring_back(&flooder, &way_back(&state)).await,
        "/dashboard?x",
    );
}

/// The names of the flow cookies in this browser.
fn flow_names(visitor: &Visitor) -> Vec<String> {
    let names = visitor.cookie_names();
    names
        .into_iter()
        .filter(|name| name.contains("flow-"))
        .collect()
}

#[actix_web::test]
async fn at_most_five_flows_are_kept_and_the_oldest_is_given_up() {
    let (app, _provider) = with_mira().await;
    let mira = app.visitor();
    let mut states = Vec::new();
    for _ in 0..8 {
        states.push(set_out(&mira, "/auth/workos").await);
        app.later(Duration::from_secs(1));
        assert!(flow_names(&mira).len() <= 5);
    }
    assert_eq!(flow_names(&mira).len(), 5);
    let given_up = mira.get(&way_back(&states[2])).await;
    assert_turned_back(&mira, &given_up, "other-browser").await;
    assert_landed(
        &bring_back(&mira, &way_back(&states[3])).await,
        "/dashboard",
    );
}

#[actix_web::test]
async fn the_flow_cookie_is_host_only_and_reveals_nothing() {
    let (app, _provider) = with_mira().await;
    let answer = app.visitor().get("/auth/workos").await;
    let state = super::state_in(answer.location());
    let line = answer.set_cookie(&format!("flow-{}", &state[..10]));
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(line.contains(attribute), "{line}");
    }
    assert!(!line.contains(&state) && !line.contains("Domain"), "{line}");
}

#[actix_web::test]
async fn an_unfinished_sign_in_shows_the_callback_to_register() {
    let (app, _provider) = with_mira().await;
    let mira = app.visitor();
    assert!(!mira.get("/sign-in").await.has("details"));
    set_out(&mira, "/auth/workos").await;
    let page = mira.get("/sign-in").await;
    assert_eq!(page.text("summary"), "Problem at WorkOS?");
    let callback = format!("{}/auth/workos/callback", app.url());
    assert_eq!(page.text("details code"), callback);

    // Where another one is set up, it is that one.
    let other = "https://sso.acme.test/auth/workos/callback";
    let (app, _provider) = console_and_provider(|settings| {
        settings.workos_redirect_uri = Some(other.to_owned());
    })
    .await;
    let mira = app.visitor();
    set_out(&mira, "/auth/workos").await;
    assert_eq!(mira.get("/sign-in").await.text("details code"), other);
}

#[actix_web::test]
async fn while_the_provider_is_down_the_email_code_is_put_forward_and_afterwards_it_is_back() {
    let (app, provider) = with_mira().await;
    let mira = app.visitor();
    take_down(&app, &provider).await;
    let page = mira.get("/sign-in").await;
    assert_eq!(page.text("a.button"), "Use email code");
    assert!(page.text("#card").contains("can’t be reached right now"));
    mira.sign_in(&app, MIRA).await;

    bring_up(&app, &provider).await;
    assert_landed(&come_back(&app.visitor()).await, "/dashboard");
    let page = app.visitor().get("/sign-in").await;
    assert_eq!(page.text("a.button"), "Continue with WorkOS");
}

#[actix_web::test]
async fn the_probe_alone_notices_that_the_provider_is_down_and_that_it_is_back() {
    let (app, provider) = with_mira().await;
    let jwks = "/sso/jwks/client_vestibule";
    let button = async || app.visitor().get("/sign-in").await.text("a.button");
    assert_eq!(button().await, "Continue with WorkOS");
    provider.script().refuse(jwks, 503, "");
    until("the email code is put forward", async || {
        button().await == "Use email code"
    })
    .await;
    provider.script().instead.clear();
    until("WorkOS is back", async || {
        button().await == "Continue with WorkOS"
    })
    .await;
}

// SECURITY rule 17: no browser is signed in to a foreign account (login CSRF).
#[actix_web::test]
async fn a_callback_that_another_site_opens_finds_no_flow() {
    let (app, _provider) = with_mira().await;
    let thief = app.visitor();
    let state = set_out(&thief, "/auth/workos").await;
    let victim = app.visitor();
    let request = victim.request(Method::GET, &way_back(&state));
    let answer = request.header("sec-fetch-site", "cross-site").send().await;
    let answer = Answer::of(answer.unwrap()).await;
    words_after(&app, &victim, &answer, "other-browser").await;
}

// SECURITY rule 17: a link on another site starts no sign-in.
#[actix_web::test]
async fn a_link_on_another_site_leads_to_the_sign_in_page() {
    let (app, _provider) = with_mira().await;
    let mira = app.visitor();
    let follow = async |from: &str, path: &str| {
        let request = mira.request(Method::GET, path);
        let answer = request.header("sec-fetch-site", from).send().await;
        Answer::of(answer.unwrap()).await
    };
    let there = "/auth/workos?return_to=/account/sessions";
    let stopped = follow("cross-site", there).await;
    let expected = "/sign-in?return_to=/account/sessions";
    assert_eq!(stopped.location(), expected);
    assert!(flow_names(&mira).is_empty());
    assert_eq!(
        follow("cross-site", "/auth/workos").await.location(),
        "/sign-in"
    );
    // The button there, an address that was typed, and a browser without the header start a sign-in.
    let page = mira.get(stopped.location()).await;
    assert_eq!(page.attribute("a.button", "href"), there);
    for from in ["same-origin", "same-site", "none"] {
        super::state_in(follow(from, there).await.location());
    }
    super::state_in(mira.get(there).await.location());
    assert!(!flow_names(&mira).is_empty());
}

#[actix_web::test]
async fn a_provider_that_never_answers_is_given_up_on() {
    let (app, provider) = with_mira().await;
    let silence = Instead::Silence;
    provider.script().instead.insert(TOKENS, silence);
    let mira = app.visitor();
    let on = come_back_to_wait(&mira).await;
    let answer = mira.get(&on).await;
    words_after(&app, &mira, &answer, "unreachable").await;
}
