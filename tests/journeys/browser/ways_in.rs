//! Sign-in and sign-out with JavaScript, without JavaScript, and by keyboard.

use thirtyfour::prelude::*;

use super::{MIRA, app_with_mira, press};
use crate::support::browser::Browser;

#[actix_web::test]
async fn with_javascript_every_step_is_swapped_in_place_and_six_digits_submit_themselves() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    browser.visit("/").await;
    browser.at("/sign-in").await;
    browser.ask::<()>("window.sameDocument = true").await;

    browser.click(".aside a").await;
    browser.at("/sign-in/email").await;
    browser.read("h1", "Get a code by email").await;
    browser.focus_is_in("#email").await;
    browser.type_keys(MIRA).await;
    browser.click("button[type=submit]").await;
    browser.at("/sign-in/code").await;
    browser.read(".lead b", MIRA).await;
    assert_eq!(
        browser.driver.title().await.unwrap(),
        "Enter the code – Vestibule"
    );
    assert!(
        browser.ask::<bool>("return window.sameDocument").await,
        "a step was loaded as a whole page"
    );
    browser.focus_is_in("#code").await;
    browser.type_keys(app.newest_code(MIRA).await).await;
    browser.at("/dashboard").await;
    browser.read("h1", "Welcome, Mira").await;
    browser.read(".row", "Chrome on Linux").await;

    browser.click(".menu summary").await;
    browser.read(".sheet", MIRA).await;
    browser.click(".wide h1").await;
    browser.lose(".sheet").await;
    browser.click(".menu summary").await;
    browser.click(".sheet button").await;
    browser.at("/signed-out").await;
    browser.driver.back().await.unwrap();
    browser.read("h1", "Sign in to Vestibule").await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn without_javascript_every_step_is_a_separate_page() {
    let app = app_with_mira().await;
    let browser = Browser::open_without_javascript(&app).await;
    browser.visit("/").await;
    browser.at("/sign-in").await;
    browser.click(".aside a").await;
    browser.at("/sign-in/email").await;
    browser.type_into("#email:focus", "mira").await;
    browser.click("button[type=submit]").await;
    browser.see("#email-error[role=alert]").await;
    browser
        .type_into("#email[aria-invalid=true]:focus", Key::End + "@acme.test")
        .await;
    browser.click("button[type=submit]").await;
    browser.at("/sign-in/code").await;
    // The countdown needs JavaScript. Without JavaScript the button is always visible.
    browser.click("button[data-resend-in]").await;
    browser.at("/sign-in/code?resent").await;
    browser
        .read("[role=status]", "The older one no longer works.")
        .await;
    browser
        .type_into("#code:focus", app.newest_code(MIRA).await)
        .await;
    browser.click("#code-form button").await;
    browser.at("/dashboard").await;
    browser.read("h1", "Welcome, Mira").await;

    browser.click(".menu summary").await;
    browser.click(".sheet button").await;
    browser.at("/signed-out").await;
    browser.click("a.button").await;
    browser.at("/sign-in").await;
    browser.close(&["422"]).await;
}

#[actix_web::test]
async fn by_keyboard_a_person_signs_in_and_out() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    browser.visit("/sign-in").await;
    browser.tab_to(".aside a").await;
    press(&browser, Key::Enter).await;
    browser.focus_is_in("#email").await;
    browser.type_keys(MIRA).await;
    browser.tab_to("form button").await;
    press(&browser, Key::Enter).await;
    browser.focus_is_in("#code").await;
    browser.tab_to(".help summary").await;
    press(&browser, Key::Enter).await;
    browser.read(".help", "Look in your spam folder.").await;
    browser.tab_to("#code").await;
    browser.type_keys(app.newest_code(MIRA).await).await;
    browser.at("/dashboard").await;

    browser.tab_to(".menu summary").await;
    press(&browser, Key::Enter).await;
    browser.see(".sheet").await;
    press(&browser, Key::Escape).await;
    browser.lose(".sheet").await;
    browser.focus_is_in(".menu summary").await;
    press(&browser, Key::Enter).await;
    browser.tab_to(".sheet button").await;
    press(&browser, Key::Enter).await;
    browser.at("/signed-out").await;
    browser.tab_to("a.button").await;
    press(&browser, Key::Enter).await;
    browser.at("/sign-in").await;
    browser.close(&[]).await;
}
