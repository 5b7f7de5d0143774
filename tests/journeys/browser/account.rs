//! The account pages with JavaScript, without JavaScript, and by keyboard.

use thirtyfour::prelude::*;

use super::{MIRA, app_with_mira, ask_for_code, press};
use crate::support::browser::Browser;
use crate::support::{TestApp, Visitor};

/// Signs Mira in with this browser and with another one, which is returned.
async fn signed_in_twice(app: &TestApp, browser: &Browser) -> Visitor {
    let there = app.visitor();
    there.sign_in(app, MIRA).await;
    browser.visit("/sign-in/email").await;
    browser.type_into("#email", MIRA).await;
    browser.click("form button").await;
    browser.at("/sign-in/code").await;
    let code = app.newest_code(MIRA).await;
    browser.type_into("#code", code + Key::Enter).await;
    browser.at("/dashboard").await;
    there
}

/// Changes the name, ends the other session, reads the activity, and signs out.
async fn look_after_it(app: &TestApp, browser: &Browser) {
    let there = signed_in_twice(app, browser).await;
    browser.click("a.more").await;
    browser.at("/account/sessions").await;
    browser.read(".row", "this browser").await;
    browser.read(".row:last-child", "Firefox on Linux").await;
    browser.click(".row:last-child button").await;
    browser
        .read("[role=status]", "That session has ended.")
        .await;
    browser.lose(".danger").await;
    assert!(!there.is_in().await);
    browser.click(".why + .rows .row:last-child button").await;
    browser
        .read("[role=status]", "That browser is forgotten.")
        .await;

    browser.click(".tabs a:first-child").await;
    browser.at("/account").await;
    browser.see("#name").await.clear().await.unwrap();
    browser.type_into("#name", "Mira Jane Bell").await;
    browser.click(".narrow button").await;
    browser.read("[role=status]", "Your name is saved.").await;

    browser.click(".tabs a:last-child").await;
    browser.at("/account/activity").await;
    browser.read(".row:first-child", "Name changed").await;
    browser.read(".row:nth-child(2)", "Browser forgotten").await;
    browser.read(".row:nth-child(3)", "Session ended").await;

    browser.click(".tabs a:nth-child(2)").await;
    browser.read(".row button", "Sign out").await;
    browser.click(".row button").await;
    browser.at("/signed-out").await;
    browser.visit("/account/sessions").await;
    browser.read("h1", "Sign in").await;
}

#[actix_web::test]
async fn with_javascript_sessions_are_ended_and_the_name_is_changed() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    look_after_it(&app, &browser).await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn without_javascript_sessions_are_ended_and_the_name_is_changed() {
    let app = app_with_mira().await;
    let browser = Browser::open_without_javascript(&app).await;
    look_after_it(&app, &browser).await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn by_keyboard_all_other_sessions_are_ended() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    let there = signed_in_twice(&app, &browser).await;
    browser.tab_to(".menu summary").await;
    press(&browser, Key::Enter).await;
    browser.tab_to(".sheet a").await;
    press(&browser, Key::Enter).await;
    browser.at("/account").await;
    browser.tab_to(".tabs a:nth-child(2)").await;
    press(&browser, Key::Enter).await;
    browser.at("/account/sessions").await;
    browser.tab_to(".danger").await;
    press(&browser, Key::Enter).await;
    browser
        .read("[role=status]", "All other sessions have ended.")
        .await;
    assert!(!there.is_in().await);
    browser.close(&[]).await;
}

#[actix_web::test]
async fn a_refused_name_is_focused_and_says_why() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    signed_in_twice(&app, &browser).await;
    browser.visit("/account").await;
    browser
        .ask::<()>("document.querySelector('#name').value = 'M'.repeat(201)")
        .await;
    browser.click(".narrow button").await;
    browser
        .focus_is_in("#name[aria-invalid=true][aria-describedby=name-error]")
        .await;
    browser
        .read("#name-error[role=alert]", "Use at most 200 characters.")
        .await;
    browser.close(&["422"]).await;
}

/// Follows the mail's link and cancels a code that another browser asked for.
async fn disown(app: &TestApp, browser: &Browser) {
    let stranger = app.visitor();
    stranger.ask_for_code(MIRA).await;
    let code = app.newest_code(MIRA).await;
    browser.visit(&app.not_me_link().await).await;
    browser.read("dl", "Firefox on Linux").await;
    browser.click("form button").await;
    browser.read("h1", "That code no longer works").await;
    assert_eq!(stranger.enter(&code).await.status, 422);
    // A reload does nothing more.
    browser.driver.refresh().await.unwrap();
    browser.read("h1", "That code no longer works").await;
    browser.click("a.button").await;
    browser.at("/sign-in?return_to=/account/sessions").await;
}

#[actix_web::test]
async fn this_was_not_me_works_with_javascript_and_without() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    disown(&app, &browser).await;
    browser.close(&[]).await;
    let browser = Browser::open_without_javascript(&app).await;
    disown(&app, &browser).await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn by_keyboard_a_code_is_cancelled_and_the_browser_that_asked_starts_over() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    ask_for_code(&browser).await;
    browser.visit(&app.not_me_link().await).await;
    browser.tab_to("form button").await;
    press(&browser, Key::Enter).await;
    browser.read("h1", "That code no longer works").await;
    browser.visit("/sign-in/code").await;
    browser.at("/sign-in/email").await;
    browser.close(&[]).await;
}
