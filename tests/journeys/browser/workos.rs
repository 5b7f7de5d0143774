//! Sign-in and sign-out with the `WorkOS` emulator.

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

/// Checks that the history holds no trace of the provider's callback.
pub(super) fn assert_no_callback(history: &[String]) {
    for address in history {
        for trace in ["/auth/", "code=", "state=", "left-by-the-provider"] {
            assert!(!address.contains(trace), "{history:?}");
        }
    }
    assert!(history.len() >= 2, "{history:?}");
}

/// Signs in, checks the history, and signs out.
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
    browser.read(".lead", "This browser is signed out.").await;
    browser.at("/signed-out").await;
    super::super::workos::until_nothing_is_to_be_revoked(app).await;
    browser
        .photograph(&format!("workos-{name}-signed-out"))
        .await;
}

#[actix_web::test]
async fn with_javascript_one_click_signs_in_and_leaves_no_trace_of_the_callback() {
    let (app, _peer) = console_and_emulator().await;
    app.add_account(MIRA, "Mira Bell");
    let browser = Browser::open(&app).await;
    in_and_out(&app, &browser, "with-javascript").await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn without_javascript_one_click_signs_in_and_leaves_no_trace_of_the_callback() {
    let (app, _peer) = console_and_emulator().await;
    app.add_account(MIRA, "Mira Bell");
    let browser = Browser::open_without_javascript(&app).await;
    in_and_out(&app, &browser, "without-javascript").await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn a_person_without_an_account_reads_why_and_can_use_another_one() {
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
    browser.read(".lead", "use another account").await;
    browser.click("a.button").await;
    browser.at("/sign-in").await;
    browser.read("a.button", "Continue with WorkOS").await;
    browser.close(&[]).await;
}
