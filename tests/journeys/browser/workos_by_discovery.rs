//! Sign-in and sign-out with an `OpenID` Provider.

use super::workos::assert_no_callback;
use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::peers::Peer;
use crate::workos::until_nothing_is_to_be_revoked;
use crate::workos::with_openid_provider::{console_and_openid_provider, count};

/// Signs in, signs out on the provider's page, and signs in again, which needs a second login at the provider.
async fn in_and_out_and_in(app: &TestApp, peer: &Peer, browser: &Browser) {
    browser.visit("/sign-in").await;
    browser.click("a.button").await;
    browser.at("/dashboard").await;
    browser.read(".lead", "with WorkOS").await;
    assert_no_callback(&browser.history().await);

    browser.click(".menu summary").await;
    browser.click(".sheet button").await;
    browser.click("button[name=logout]").await;
    browser.at("/signed-out").await;
    browser.read(".lead", "This browser is signed out.").await;
    until_nothing_is_to_be_revoked(app).await;
    assert_eq!(count(peer, "refresh_tokens").await, 0);
    assert_eq!(count(peer, "sessions").await, 0);
    assert_eq!(count(peer, "logins").await, 1);

    browser.click("a.button").await;
    browser.at("/sign-in").await;
    browser.click("a.button").await;
    browser.at("/dashboard").await;
    assert_eq!(count(peer, "logins").await, 2);
}

#[actix_web::test]
async fn with_javascript_a_sign_out_ends_the_providers_session_too() {
    let (app, peer) = console_and_openid_provider().await;
    let browser = Browser::open(&app).await;
    in_and_out_and_in(&app, &peer, &browser).await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn without_javascript_a_sign_out_ends_the_providers_session_too() {
    let (app, peer) = console_and_openid_provider().await;
    let browser = Browser::open_without_javascript(&app).await;
    in_and_out_and_in(&app, &peer, &browser).await;
    browser.close(&[]).await;
}
