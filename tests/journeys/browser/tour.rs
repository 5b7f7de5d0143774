//! A tour of every page and every error that can be on the screen.

use super::{MIRA, ask_for_code, enter_wrong_code, press};
use crate::support::TestApp;
use crate::support::browser::Browser;
use thirtyfour::prelude::*;

/// The error statuses that a tour causes.
pub(super) const FAILURES: [&str; 4] = ["404", "409", "422", "429"];

/// An application whose limit is two code requests per address and minute.
pub(super) async fn app() -> TestApp {
    let app = TestApp::spawn_with(|s| s.code_limit_address = Some("2".to_owned())).await;
    app.add_account(MIRA, "Mira Bell");
    app
}

/// Visits every page and every error and calls `look` with a name for each.
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
    let not_me = app.not_me_link().await;
    browser.visit(&not_me).await;
    browser.read("h1", "Cancel this code?").await;
    look("not-me").await;
    browser.visit("/sign-in/code").await;
    browser.focus_is_in("#code").await;
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
    account(app, browser, &look).await;
    browser.click(".menu summary").await;
    browser.click(".sheet button").await;
    browser.read("h1", "You’re signed out").await;
    look("signed-out").await;

    browser.visit(&not_me).await;
    browser.read("h1", "That code was used").await;
    look("not-me-used").await;
    app.sql(
        "UPDATE challenges SET disowned_at = consumed_at, consumed_at = NULL, session_id = NULL",
    );
    browser.visit(&not_me).await;
    browser.read("h1", "That code no longer works").await;
    look("not-me-stopped").await;
    browser.visit("/sign-in/not-me").await;
    browser.read("h1", "This link no longer works").await;
    look("not-me-unknown").await;
}

/// Visits the account pages, with a second session and two pages of activity.
async fn account(app: &TestApp, browser: &Browser, look: &impl AsyncFn(&str)) {
    app.sql(
        "INSERT INTO sessions (token_hash, account_id, method, browser, ip, created_at, last_seen_at)
         SELECT randomblob(32), account_id, 'workos', 'Samsung Internet on Android',
                '2001:db8:85a3:8d3:1319:8a2e:370:7348', created_at, last_seen_at FROM sessions",
    );
    app.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
         INSERT INTO activity (at, kind, account_id, email, actor, ip, browser, detail)
         SELECT 0, 'session_ended', a.id, a.email, 'noor@acme.test', '203.0.113.7', 'Firefox on Linux',
                'Safari on iPhone at 2001:db8:85a3:8d3:1319:8a2e:370:7348' FROM n, accounts a",
    );
    browser.click(".sheet a").await;
    browser.read("h1", "Profile").await;
    look("profile").await;
    browser.ask::<()>(NAME_TOO_LONG).await;
    browser.click(".narrow button").await;
    browser.see("#name-error").await;
    look("profile-wrong").await;
    browser.click(".tabs a:nth-child(2)").await;
    browser.read("h1", "Sessions").await;
    look("sessions").await;
    browser.visit("/account/sessions?done=ended").await;
    browser.see("[role=status]").await;
    look("sessions-ended").await;
    browser.click(".tabs a:nth-child(3)").await;
    browser.read("h1", "Activity").await;
    look("activity").await;
    browser.click(".pager a").await;
    browser.read(".pager", "Newest").await;
    look("activity-older").await;
}

/// A name longer than the field's maximum, set by script because the field refuses to take it.
const NAME_TOO_LONG: &str = "document.querySelector('#name').value = 'Mira '.repeat(41)";
