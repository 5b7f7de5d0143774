//! Back, Forward and Reload after a sign-in with the provider.

use super::workos::assert_no_callback;
use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::hostile::Hostile;
use crate::workos::with_mira;

fn exchanges(provider: &Hostile) -> usize {
    let script = provider.script();
    let lines = script.heard.iter();
    lines.filter(|line| line.contains("a_code")).count()
}

/// The provider appends a fragment to the callback, which browsers carry over redirects.
async fn in_and_back(app: &TestApp, provider: &Hostile, browser: &Browser) {
    browser.visit("/sign-in").await;
    browser.click("a.button").await;
    browser.at("/dashboard").await;
    browser.read(".lead", "with WorkOS").await;
    let history = browser.history().await;
    assert_no_callback(&history);
    assert!(history.iter().all(|url| !url.contains('#')), "{history:?}");

    browser.driver.refresh().await.unwrap();
    browser.at("/dashboard").await;
    browser.read(".lead", "with WorkOS").await;

    // Back to the sign-in page, which redirects a signed-in person.
    browser.driver.back().await.unwrap();
    browser.at("/dashboard").await;
    browser.read(".lead", "with WorkOS").await;
    browser.driver.forward().await.unwrap();
    browser.at("/dashboard").await;
    assert_no_callback(&browser.history().await);
    assert_eq!(exchanges(provider), 1);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);
}

#[actix_web::test]
async fn with_javascript_back_and_reload_start_no_second_sign_in_and_show_no_error() {
    let (app, provider) = with_mira().await;
    let browser = Browser::open(&app).await;
    in_and_back(&app, &provider, &browser).await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn without_javascript_back_and_reload_start_no_second_sign_in_and_show_no_error() {
    let (app, provider) = with_mira().await;
    let browser = Browser::open_without_javascript(&app).await;
    in_and_back(&app, &provider, &browser).await;
    browser.close(&[]).await;
}
