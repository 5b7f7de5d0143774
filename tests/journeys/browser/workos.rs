//! In and out with `WorkOS`'s emulator.

use vestibule::clock::Clock;

use super::MIRA;
use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::peers::{EMULATOR_KEY, Peer, emulator};

async fn console_and_emulator() -> (TestApp, Peer) {
    let peer = emulator();
    let app = TestApp::spawn_at(Clock::system().now(), |settings| {
        settings.workos_client_id = Some("client_vestibule".to_owned());
        settings.workos_api_key = Some(EMULATOR_KEY.to_owned());
        settings.workos_api_url = Some(peer.url.clone());
    })
    .await;
    (app, peer)
}

/// Nothing of the way back from the provider is in history.
pub(super) fn assert_no_callback(history: &[String]) {
    for address in history {
        for trace in ["/auth/", "code=", "state=", "left-by-the-provider"] {
            assert!(!address.contains(trace), "{history:?}");
        }
    }
    assert!(history.len() >= 2, "{history:?}");
}

/// In, with what came back from the provider nowhere in history; and out again.
async fn in_and_out(app: &TestApp, browser: &Browser, name: &str) {
    browser.visit("/sign-in").await;
    browser.photograph(&format!("workos-{name}-sign-in")).await;
    browser.click("a.button").await;
    browser.at("/dashboard").await;
    browser.read(".lead", "with WorkOS").await;
    browser
        .photograph(&format!("workos-{name}-dashboard"))
        .await;
    assert_no_callback(&browser.history().await);

    browser.click(".menu summary").await;
    browser.click(".sheet button").await;
    browser
        .read(".lead", "Nobody is signed in in this browser now.")
        .await;
    browser.at("/signed-out").await;
    super::super::workos::until_nothing_is_to_be_revoked(app).await;
    browser
        .photograph(&format!("workos-{name}-signed-out"))
        .await;
}

#[actix_web::test]
async fn with_javascript_one_click_leads_in_and_nothing_of_the_callback_stays() {
    let (app, _peer) = console_and_emulator().await;
    app.add_account(MIRA, "Mira Bell");
    let browser = Browser::open(&app).await;
    in_and_out(&app, &browser, "with-javascript").await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn without_javascript_one_click_leads_in_and_nothing_of_the_callback_stays() {
    let (app, _peer) = console_and_emulator().await;
    app.add_account(MIRA, "Mira Bell");
    let browser = Browser::open_without_javascript(&app).await;
    in_and_out(&app, &browser, "without-javascript").await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn somebody_without_an_account_reads_why_and_comes_as_somebody_else() {
    let (app, _peer) = console_and_emulator().await;
    let browser = Browser::open(&app).await;
    browser.visit("/auth/workos").await;
    browser
        .read("#problem", "You have no account here yet.")
        .await;
    browser.photograph("workos-no-account").await;
    assert_no_callback(&browser.history().await);
    browser.click("#problem a").await;
    browser.at("/signed-out").await;
    browser.read(".lead", "as somebody else").await;
    browser.click("a.button").await;
    browser.at("/sign-in").await;
    browser.read("a.button", "Continue with WorkOS").await;
    browser.close(&[]).await;
}
