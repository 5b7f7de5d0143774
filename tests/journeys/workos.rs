//! Signing in with `WorkOS`, from the first page to the last: with a provider that says what a test
//! wants it to say, and with `WorkOS`'s own emulator.

mod admin_sign_in;
mod any_query;
mod heads;
mod impersonation;
mod leaving;
mod log;
mod method;
mod mishaps;
mod moved;
mod own_account;
mod slow;
mod unplugged;
mod while_signed_in;
mod who_gets_in;
#[cfg(feature = "browser")]
mod with_emulator;
#[cfg(feature = "browser")]
pub(crate) mod with_openid_provider;

use std::time::Duration;

use url::Url;
use vestibule::config::Settings;

use crate::support::app::START;
use crate::support::hostile::{CLIENT_ID, Hostile};
use crate::support::{Answer, TestApp, Visitor, until};

const MIRA: &str = "mira@acme.test";
const KEY: &str = "sk_test_made_up";

/// A console and its provider.
pub(crate) async fn console_and_provider(change: impl FnOnce(&mut Settings)) -> (TestApp, Hostile) {
    let provider = Hostile::start(START).await;
    let app = TestApp::spawn_with(|settings| {
        settings.workos_client_id = Some(CLIENT_ID.to_owned());
        settings.workos_api_key = Some(KEY.to_owned());
        settings.workos_api_url = Some(provider.url.clone());
        change(settings);
    })
    .await;
    (app, provider)
}

/// The same, where Mira has an account.
pub(crate) async fn with_mira() -> (TestApp, Hostile) {
    let (app, provider) = console_and_provider(|_| {}).await;
    app.add_account(MIRA, "");
    (app, provider)
}

/// A console that finds its provider by discovery.
pub(crate) async fn console_and_openid(change: impl FnOnce(&mut Settings)) -> (TestApp, Hostile) {
    let provider = Hostile::start(START).await;
    let app = TestApp::spawn_with(|settings| {
        settings.oidc_issuer = Some(provider.url.clone());
        settings.oidc_client_id = Some(CLIENT_ID.to_owned());
        settings.oidc_client_secret = Some(KEY.to_owned());
        change(settings);
    })
    .await;
    (app, provider)
}

/// There and back for a provider that is found by discovery, with whom the nonce has to agree.
async fn come_back_from_openid(visitor: &Visitor, provider: &Hostile, path: &str) -> Answer {
    let begun = visitor.get(path).await;
    provider.signs_in(begun.location());
    bring_back(visitor, &way_back(&state_in(begun.location()))).await
}

/// The provider stops answering, and the console has noticed.
async fn take_down(app: &TestApp, provider: &Hostile) {
    for path in [
        "/user_management/authenticate",
        "/sso/jwks/client_vestibule",
    ] {
        provider.script().refuse(path, 503, "");
    }
    let visitor = app.visitor();
    let answer = visitor.get("/auth/workos").await;
    // The probe may have noticed by itself. If not, a failed sign-in brings it forward.
    if !answer.location().starts_with('/') {
        let state = state_in(answer.location());
        bring_back(&visitor, &way_back(&state)).await;
    }
    until("the outage is noticed", async || is_down(app).await).await;
}

/// The provider answers again, and the console has noticed.
async fn bring_up(app: &TestApp, provider: &Hostile) {
    provider.script().instead.clear();
    outdate_the_last_probe(app);
    until("the end of the outage is noticed", async || {
        app.visitor().get("/auth/workos").await;
        !is_down(app).await
    })
    .await;
}

/// The outcome of a probe is good for a second.
fn outdate_the_last_probe(app: &TestApp) {
    app.later(Duration::from_secs(1));
}

/// Whether the sign-in page says that WorkOS is down.
async fn is_down(app: &TestApp) -> bool {
    let page = app.visitor().get("/sign-in").await;
    page.body.contains("WorkOS can’t be reached right now")
}

/// Goes to the provider; what comes back is the state of the new flow.
pub(crate) async fn set_out(visitor: &Visitor, path: &str) -> String {
    state_in(visitor.get(path).await.location())
}

fn state_in(address: &str) -> String {
    let url = Url::parse(address).unwrap();
    let found = url.query_pairs().find(|(name, _)| name == "state");
    found.unwrap().1.into_owned()
}

/// Where the provider sends the browser back to.
pub(crate) fn way_back(state: &str) -> String {
    format!("/auth/workos/callback?code=a_code&state={state}")
}

/// There and back.
async fn come_back(visitor: &Visitor) -> Answer {
    let state = set_out(visitor, "/auth/workos").await;
    bring_back(visitor, &way_back(&state)).await
}

/// What our callback answers in the end. Where this machine is slow, reloads join the first request.
pub(crate) async fn bring_back(visitor: &Visitor, path: &str) -> Answer {
    loop {
        let answer = visitor.get(path).await;
        let waits = answer.attributes("script", "data-to");
        if !waits.iter().any(|to| to.starts_with("/auth/workos/finish")) {
            return answer;
        }
    }
}

/// There and back to a page that waits for the provider. Where it goes on.
async fn come_back_to_wait(visitor: &Visitor) -> String {
    let state = set_out(visitor, "/auth/workos").await;
    assert_waiting(&visitor.get(&way_back(&state)).await)
}

/// The page that says that the provider is slow. Where it goes on.
fn assert_waiting(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.text(".lead").contains("taking longer than usual"));
    let on = answer.attribute("script", "data-to");
    assert!(on.starts_with("/auth/workos/finish?"), "{on}");
    assert_eq!(answer.attribute("script", "data-rest"), on);
    assert_leads_on(answer, &on);
    on
}

/// A visitor who is in with `WorkOS`.
pub(crate) async fn signed_in(app: &TestApp) -> Visitor {
    let visitor = app.visitor();
    assert_landed(&come_back(&visitor).await, "/dashboard");
    assert!(visitor.is_in().await);
    visitor
}

/// The page that takes the callback out of the address bar and goes on to `to`.
fn assert_landed(answer: &Answer, to: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.attribute("script", "data-rest"), "/");
    assert_leads_on(answer, to);
}

fn assert_leads_on(answer: &Answer, to: &str) {
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.text("h1"), "Signing you in…");
    assert_eq!(answer.attribute("script", "data-to"), to);
    let refresh = format!("content=\"0;url={to}\"").replace('&', "&amp;");
    assert!(answer.body.contains(&refresh), "{}", answer.body);
    for secret in ["a_code", "state=", "code="] {
        assert!(!answer.body.contains(secret), "{}", answer.body);
    }
}

/// Back on the sign-in page with a banner that names this problem and a reference. Its words.
async fn assert_turned_back(visitor: &Visitor, answer: &Answer, problem: &str) -> String {
    let location = answer.location().to_owned();
    let expected = format!("/sign-in?problem={problem}&ref=");
    assert!(location.starts_with(&expected), "{location}");
    let page = visitor.get(location.split('#').next().unwrap()).await;
    assert_eq!(page.status, 200);
    let reference = page.text("#problem code");
    assert!(location.contains(&reference) && !reference.is_empty());
    page.text("#problem p")
}

pub(crate) async fn until_nothing_is_to_be_revoked(app: &TestApp) {
    until("nothing is to be revoked", async || {
        app.number("SELECT count(*) FROM pending_revocations") == 0
    })
    .await;
}
