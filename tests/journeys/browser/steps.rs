//! Focus in each step, and the browser's Back, Forward and Reload.

use thirtyfour::prelude::*;

use super::{MIRA, app_with_mira, ask_for_code, enter_wrong_code, press};
use crate::support::browser::Browser;

#[actix_web::test]
async fn after_each_step_and_each_error_the_focus_is_in_the_field_and_the_error_describes_it() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    browser.visit("/sign-in").await;
    browser.click(".aside a").await;
    browser.focus_is_in("#email").await;
    browser.type_keys("mira").await;
    press(&browser, Key::Enter).await;
    browser
        .focus_is_in("#email[aria-invalid=true][aria-describedby=email-error]")
        .await;
    browser.see("#email-error[role=alert]").await;

    // The wrong text is selected, so typing replaces it.
    browser.type_keys(MIRA).await;
    press(&browser, Key::Enter).await;
    browser.focus_is_in("#code").await;
    enter_wrong_code(&browser, &app).await;
    browser
        .focus_is_in("#code[aria-invalid=true][aria-describedby=code-error]")
        .await;
    browser.see("#code-error[role=alert]").await;
    browser.type_keys("12").await;
    press(&browser, Key::Enter).await;
    browser
        .read("#code-error", "Enter the six digits from the mail.")
        .await;
    browser.focus_is_in("#code").await;
    browser.type_keys(app.newest_code(MIRA).await).await;
    browser.at("/dashboard").await;
    browser.close(&["422"]).await;
}

#[actix_web::test]
async fn back_forward_and_reload_show_the_step_of_the_address() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    browser
        .visit("/sign-in?return_to=%2Fdashboard%3Ffrom%3Dmail")
        .await;
    browser.click(".aside a").await;
    browser.focus_is_in("#email").await;
    browser.type_keys(MIRA).await;
    press(&browser, Key::Enter).await;
    browser.focus_is_in("#code").await;

    browser.driver.back().await.unwrap();
    browser.read("h1", "Get a code by email").await;
    browser.focus_is_in("#email").await;
    browser.driver.back().await.unwrap();
    browser.read("h1", "Sign in to Vestibule").await;
    browser.driver.forward().await.unwrap();
    browser.read("h1", "Get a code by email").await;
    browser.focus_is_in("#email").await;
    browser.driver.forward().await.unwrap();
    browser.read("h1", "Check your email").await;
    browser.focus_is_in("#code").await;
    browser.driver.refresh().await.unwrap();
    browser.read(".lead b", MIRA).await;
    browser.focus_is_in("#code").await;

    browser.type_keys(app.newest_code(MIRA).await).await;
    browser.at("/dashboard?from=mail").await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn another_address_can_be_used_and_the_code_step_without_a_request_leads_to_it() {
    let app = app_with_mira().await;
    app.add_account("noor@acme.test", "Noor");
    let browser = Browser::open(&app).await;
    browser.visit("/sign-in/code").await;
    browser.at("/sign-in/email").await;
    ask_for_code(&browser).await;
    browser.click(".aside a").await;
    browser.at("/sign-in/email").await;
    browser.focus_is_in("#email").await;
    browser.type_keys("noor@acme.test").await;
    press(&browser, Key::Enter).await;
    browser.read(".lead b", "noor@acme.test").await;
    browser.focus_is_in("#code").await;
    browser
        .type_keys(app.newest_code("noor@acme.test").await)
        .await;
    browser.read("h1", "Welcome, Noor").await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn a_code_can_be_pasted_as_mail_programs_show_it() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    ask_for_code(&browser).await;
    let code = app.newest_code(MIRA).await;
    let (first, second) = code.split_at(3);

    // Fills the clipboard by cutting the text from another field.
    browser.visit("/sign-in/email").await;
    browser.focus_is_in("#email").await;
    browser.type_keys(format!(" {first}\u{a0}{second} ")).await;
    browser.press_control('a').await;
    browser.press_control('x').await;
    browser.visit("/sign-in/code").await;
    browser.focus_is_in("#code").await;
    browser.press_control('v').await;
    browser.at("/dashboard").await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn a_form_that_is_sent_twice_works_once_and_shows_no_error() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    browser.visit("/sign-in/email").await;
    browser.focus_is_in("#email").await;
    browser.type_keys(MIRA).await;
    browser.double_click("form button").await;
    browser.focus_is_in("#code").await;
    assert_eq!(app.mails().await.len(), 1, "two codes for one double click");

    // The sixth digit submits; Enter, from habit, submits again.
    browser
        .type_keys(app.newest_code(MIRA).await + Key::Enter)
        .await;
    browser.at("/dashboard").await;
    browser.click(".menu summary").await;
    browser.double_click(".sheet button").await;
    browser.at("/signed-out").await;
    browser.close(&[]).await;
}
