//! Errors, and how the page helps to recover from them.

use std::time::Duration;

use thirtyfour::prelude::*;

use super::{MIRA, app_with_mira, ask_for_code, enter_wrong_code, press};
use crate::support::TestApp;
use crate::support::browser::Browser;

#[actix_web::test]
async fn a_code_that_has_expired_is_refused_and_a_new_one_helps() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    ask_for_code(&browser).await;
    let expired = app.newest_code(MIRA).await;
    app.later(Duration::from_mins(11));
    browser.type_keys(expired).await;
    browser
        .read("#code-error", "isn’t right or has expired")
        .await;

    browser.click("button[data-resend-in]").await;
    browser
        .read("[role=status]", "A new code is on its way.")
        .await;
    browser.focus_is_in("#code").await;
    browser.type_keys(app.newest_code(MIRA).await).await;
    browser.at("/dashboard").await;
    browser.close(&["422"]).await;
}

#[actix_web::test]
async fn the_countdown_ends_in_a_button_and_the_new_code_ends_the_older_one() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    ask_for_code(&browser).await;
    let older = app.newest_code(MIRA).await;
    browser.read(".wait", "New code in 0:5").await;
    browser.lose("button[data-resend-in]").await;

    app.later(Duration::from_secs(58));
    browser.driver.refresh().await.unwrap();
    browser.read(".wait", "New code in 0:0").await;
    browser.click("button[data-resend-in]").await;
    browser.lose(".aside button").await;
    browser
        .read("[role=status]", "The older one no longer works.")
        .await;
    browser.read(".wait", "New code in").await;
    browser.focus_is_in("#code").await;

    let newer = app.newest_code(MIRA).await;
    assert_ne!(newer, older, "one chance in a million: run it again");
    browser.type_keys(older).await;
    browser.read("#code-error", "Check the newest mail").await;
    browser.type_keys(newer).await;
    browser.at("/dashboard").await;
    browser.close(&["422"]).await;
}

#[actix_web::test]
async fn a_request_past_the_limit_is_told_to_wait_and_a_minute_later_it_works() {
    let app = TestApp::spawn_with(|s| s.code_limit_address = Some("1".to_owned())).await;
    app.add_account(MIRA, "Mira Bell");
    let browser = Browser::open(&app).await;
    ask_for_code(&browser).await;
    browser.click(".aside a").await;
    browser.focus_is_in("#email").await;
    browser.type_keys(MIRA).await;
    press(&browser, Key::Enter).await;
    browser
        .read(
            "#email-error",
            "Wait one minute before asking for another code.",
        )
        .await;
    browser
        .focus_is_in("#email[aria-describedby=email-error]")
        .await;
    app.later(Duration::from_mins(1));
    press(&browser, Key::Enter).await;
    browser.focus_is_in("#code").await;
    browser.close(&["429"]).await;
}

#[actix_web::test]
async fn five_wrong_codes_end_the_code_and_a_new_one_can_be_sent() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    ask_for_code(&browser).await;
    for _ in 0..5 {
        enter_wrong_code(&browser, &app).await;
        browser.read("#code-error", "That code isn’t right").await;
    }
    enter_wrong_code(&browser, &app).await;
    browser.read("#code-error", "Send a new one.").await;
    browser.click("button[data-resend-in]").await;
    browser.see("[role=status]").await;
    browser.type_keys(app.newest_code(MIRA).await).await;
    browser.at("/dashboard").await;
    browser.close(&["422", "429"]).await;
}

#[actix_web::test]
async fn a_notice_says_that_the_server_cannot_be_reached_and_later_the_page_works() {
    let mut app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    ask_for_code(&browser).await;
    let code = app.newest_code(MIRA).await;

    app.stop().await;
    browser.type_keys(code.as_str()).await;
    let notice = browser
        .read("[role=alert]", "Check your connection and try again.")
        .await;
    press(&browser, Key::Enter).await;
    browser.replaced(notice).await;
    browser.see("[role=alert]").await;
    let notices: usize = browser
        .ask("return document.querySelectorAll('[role=alert]').length")
        .await;
    assert_eq!(notices, 1, "one notice is enough");

    browser.photograph("unreachable").await;
    app.start_again().await;
    press(&browser, Key::Enter).await;
    browser.at("/dashboard").await;
    browser
        .close(&["Failed to fetch", "net::ERR_CONNECTION_REFUSED"])
        .await;
}
