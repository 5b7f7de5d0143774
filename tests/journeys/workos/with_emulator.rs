//! The whole way in and out with `WorkOS`'s own emulator.

use serde_json::Value;
use url::Url;
use vestibule::clock::Clock;
use vestibule::config::Settings;

use super::{MIRA, assert_landed, assert_turned_back, bring_back, until_nothing_is_to_be_revoked};
use crate::support::peers::{EMULATOR_KEY, Peer, emulator};
use crate::support::{Answer, TestApp, Visitor};

/// A console and the emulator, whose tokens run out by the machine's own clock.
async fn console_and_emulator(change: impl FnOnce(&mut Settings)) -> (TestApp, Peer) {
    let peer = emulator();
    let now = Clock::system().now();
    let app = TestApp::spawn_at(now, |settings| {
        settings.workos_client_id = Some("client_vestibule".to_owned());
        settings.workos_api_key = Some(EMULATOR_KEY.to_owned());
        settings.workos_api_url = Some(peer.url.clone());
        change(settings);
    })
    .await;
    (app, peer)
}

/// From the start to the provider and back; what our callback answers.
async fn there_and_back(visitor: &Visitor, path: &str, hint: Option<&str>) -> Answer {
    let start = visitor.get(path).await;
    let mut address = Url::parse(start.location()).unwrap();
    if let Some(hint) = hint {
        address.query_pairs_mut().append_pair("login_hint", hint);
    }
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let there = browser.get(address).send().await.unwrap();
    let back = Url::parse(there.headers()["location"].to_str().unwrap()).unwrap();
    let path = format!("{}?{}", back.path(), back.query().unwrap());
    bring_back(visitor, &path).await
}

/// The sessions of a user at the emulator.
async fn sessions(peer: &Peer, user: &str) -> usize {
    let url = format!("{}/user_management/users/{user}/sessions", peer.url);
    let answer = reqwest::Client::new().get(url).bearer_auth(EMULATOR_KEY);
    let text = answer.send().await.unwrap().text().await.unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    list["data"].as_array().unwrap().len()
}

#[actix_web::test]
async fn a_full_sign_in_and_sign_out() {
    let (app, peer) = console_and_emulator(|_| {}).await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let page = mira.get("/sign-in?return_to=%2Fdashboard%3Fx").await;
    let button = page.attribute("a.button", "href");
    let landed = there_and_back(&mira, &button, None).await;
    assert_landed(&landed, "/dashboard?x");
    let dashboard = mira.get("/dashboard").await;
    assert_eq!(dashboard.text("h1"), "Welcome, Mira");
    assert!(dashboard.text(".lead").contains("with WorkOS"));
    let user = app.text("SELECT subject FROM identities");
    assert_eq!(sessions(&peer, &user).await, 1);

    mira.post("/sign-out", &[]).await;
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(sessions(&peer, &user).await, 0);
    let refresh = mira.get("/signed-out").await.header("refresh").to_owned();
    let out = refresh.strip_prefix("0;url=").unwrap();
    let end = reqwest::get(out).await.unwrap();
    assert_eq!(end.url().as_str(), format!("{}/signed-out", app.url()));
}

#[actix_web::test]
async fn an_expired_access_token_is_renewed() {
    let (app, _peer) = console_and_emulator(|_| {}).await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    there_and_back(&mira, "/auth/workos", None).await;
    // Its next token has run out by then as well: by this clock every request needs a new one.
    // The emulator goes by the machine's clock, which has moved on a little since ours was set; the
    // half minute makes up for that, and is less than the skew that a token is allowed.
    app.later(std::time::Duration::from_secs(60 * 60 + 30));
    let before = app.text("SELECT hex(refresh_token) FROM provider_sessions");
    assert!(mira.is_in().await);
    assert!(mira.is_in().await);
    let after = app.text("SELECT hex(refresh_token) FROM provider_sessions");
    assert_ne!(before, after);
}

#[actix_web::test]
async fn an_address_that_workos_has_not_verified_proves_nothing() {
    let (app, _peer) = console_and_emulator(|_| {}).await;
    app.add_account("noor@acme.test", "");
    let noor = app.visitor();
    let answer = there_and_back(&noor, "/auth/workos", Some("noor@acme.test")).await;
    assert_turned_back(&noor, &answer, "address-not-verified").await;
    assert!(!noor.is_in().await);
    until_nothing_is_to_be_revoked(&app).await;
}

#[actix_web::test]
async fn a_user_unknown_to_workos_is_refused() {
    let (app, _peer) = console_and_emulator(|_| {}).await;
    let nobody = app.visitor();
    let answer = there_and_back(&nobody, "/auth/workos", Some("nobody@acme.test")).await;
    assert_turned_back(&nobody, &answer, "refused").await;
}

#[actix_web::test]
async fn when_workos_goes_away_the_email_code_still_works() {
    let (app, peer) = console_and_emulator(|_| {}).await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let state = super::set_out(&mira, "/auth/workos").await;
    drop(peer);
    let answer = super::bring_back(&mira, &super::way_back(&state)).await;
    let words = assert_turned_back(&mira, &answer, "unreachable").await;
    assert!(words.contains("use an email code"), "{words}");
    mira.sign_in(&app, MIRA).await;
}
