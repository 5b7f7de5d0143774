//! Journeys in a real Chromium. Every unexpected message in the browser's console is a failure.

mod account;
mod admin;
mod branding;
mod mails;
mod mishaps;
mod pages;
mod readme_images;
mod steps;
mod tabs;
mod tour;
mod ways_in;
mod workos;
mod workos_back;
mod workos_by_discovery;
mod workos_slow;

use thirtyfour::prelude::*;

use crate::support::TestApp;
use crate::support::browser::Browser;

const MIRA: &str = "mira@acme.test";

async fn app_with_mira() -> TestApp {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "Mira Bell");
    app
}

async fn press(browser: &Browser, key: Key) {
    browser.type_keys(key + "").await;
}

/// Asks for a code and waits for the code step.
async fn ask_for_code(browser: &Browser) {
    browser.visit("/sign-in/email").await;
    browser.focus_is_in("#email").await;
    browser.type_keys(MIRA).await;
    press(browser, Key::Enter).await;
    browser.focus_is_in("#code").await;
}

/// Enters a wrong code.
async fn enter_wrong_code(browser: &Browser, app: &TestApp) {
    let wrong = match app.newest_code(MIRA).await.as_str() {
        "123456" => "654321",
        _ => "123456",
    };
    let field = browser.see("#code").await;
    browser.type_keys(wrong).await;
    browser.replaced(field).await;
}
