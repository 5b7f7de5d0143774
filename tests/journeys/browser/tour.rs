//! A walk through everything that can be on the screen.

use super::{MIRA, ask_for_code, enter_wrong_code, press};
use crate::support::TestApp;
use crate::support::browser::Browser;
use thirtyfour::prelude::*;

/// The statuses that a tour is answered with besides 200.
pub(super) const FAILURES: [&str; 4] = ["404", "409", "422", "429"];

/// An application where the third request for a code is one too many.
pub(super) async fn app() -> TestApp {
    let app = TestApp::spawn_with(|s| s.code_limit_address = Some("2".to_owned())).await;
    app.add_account(MIRA, "Mira Bell");
    app
}

/// Stops at every step and every error, calls it by its name, and lets `look` look around.
pub(super) async fn tour(app: &TestApp, browser: &Browser, look: impl AsyncFn(&str)) {
    super::admin::walk(app, browser, &look).await;

    browser.visit("/no/such/page").await;
    browser.read("h1", "There is no such page").await;
    look("not-found").await;

    browser.visit("/sign-in").await;
    browser.read("h1", "Sign in").await;
    look("sign-in").await;
    browser.click(".aside a").await;
    browser.focus_is_in("#email").await;
    look("email").await;
    browser.type_keys("mira").await;
    press(browser, Key::Enter).await;
    browser.see("#email-error").await;
    look("email-wrong").await;

    ask_for_code(browser).await;
    look("code").await;
    browser.click(".help summary").await;
    look("code-help").await;
    browser.click("#code").await;
    enter_wrong_code(browser, app).await;
    look("code-wrong").await;
    browser.click("button[data-resend-in]").await;
    browser.read("[role=status]", "A new code").await;
    look("code-resent").await;
    enter_wrong_code(browser, app).await;
    browser.click("button[data-resend-in]").await;
    browser.read("[role=alert]", "Wait one minute").await;
    look("code-limited").await;

    browser.visit("/sign-in/code").await;
    browser.focus_is_in("#code").await;
    browser.type_keys(app.newest_code(MIRA).await).await;
    browser.read("h1", "Welcome, Mira").await;
    look("dashboard").await;
    browser.click(".menu summary").await;
    browser.see(".sheet").await;
    look("menu").await;
    browser.click(".sheet button").await;
    browser.read("h1", "You’re signed out").await;
    look("signed-out").await;
}
