//! The words of every screen, so that a reviewer sees a changed one in the diff.

use std::time::Duration;

use insta::assert_snapshot;
use reqwest::Method;

use crate::support::visitor::words;
use crate::support::{Answer, TestApp, Visitor};

const MIRA: &str = "mira@acme.test";

/// The words of a page, without what differs from run to run.
fn shown(app: &TestApp, answer: &Answer) -> String {
    let port = app.server().address().port().to_string();
    words(&answer.body).replace(&port, "[port]")
}

/// A console where Mira has an account and has just asked for a code.
async fn asked() -> (TestApp, Visitor) {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "Mira Bell");
    let mira = app.visitor();
    mira.ask_for_code(MIRA).await;
    (app, mira)
}

#[actix_web::test]
async fn the_sign_in_page() {
    let app = TestApp::spawn().await;
    let page = app.visitor().get("/sign-in").await;
    assert_snapshot!(shown(&app, &page), @r"
    Sign in to Vestibule
    Use your organization’s sign-in.
    Continue with WorkOS
    WorkOS isn’t configured for this environment. Contact your admin to set the WorkOS credentials.
    or use email code
    localhost:[port]
    ");
}

#[actix_web::test]
async fn the_email_step() {
    let app = TestApp::spawn().await;
    let page = app.visitor().get("/sign-in/email").await;
    assert_snapshot!(shown(&app, &page), @r"
    Get a code by email
    We’ll send six digits to your inbox.
    Email
    Send code
    Back to all sign-in options
    localhost:[port]
    ");
    let empty = app.visitor().ask_for_code("").await;
    assert_snapshot!(empty.text("#email-error"), @"Enter your email address.");
    let refused = app.visitor().ask_for_code("mira").await;
    assert_snapshot!(refused.text("#email-error"), @"That doesn’t look like an email address. Check it for typing mistakes.");
}

#[actix_web::test]
async fn the_code_step() {
    let (app, mira) = asked().await;
    let page = mira.get("/sign-in/code").await;
    assert_snapshot!(shown(&app, &page), @r"
    Check your email
    If mira@acme.test has an account here, a six-digit code is on its way. It works for 10 minutes.
    Code
    Sign in
    Send a new code
    Use another address
    No code yet?
    Look in your spam folder.
    Codes go to confirmed accounts only. Ask your admin if yours is one.
    Wait one minute before you ask again.
    localhost:[port]
    ");
    let resent = mira.get("/sign-in/code?resent").await;
    assert_snapshot!(resent.text("[role=status]"), @"A new code is on its way. The older one no longer works.");
}

#[actix_web::test]
async fn messages_of_the_code_step_for_refused_codes() {
    let (app, mira) = asked().await;
    let no_code = mira.enter("12345").await;
    assert_snapshot!(no_code.text("#code-error"), @"Enter the six digits from the mail.");
    let elsewhere = app.visitor().enter("123456").await;
    assert_snapshot!(shown(&app, &elsewhere), @r"
    Check your email
    Enter the six-digit code from the mail, in the browser that asked for it.
    Code
    That code isn’t right or has expired. Check the newest mail, or send a new code.
    Sign in
    Send a new code
    Use another address
    No code yet?
    Look in your spam folder.
    Codes go to confirmed accounts only. Ask your admin if yours is one.
    Wait one minute before you ask again.
    localhost:[port]
    ");

    let right = app.newest_code(MIRA).await;
    let wrong = if right == "123456" {
        "654321"
    } else {
        "123456"
    };
    assert_snapshot!(mira.enter(wrong).await.text("#code-error"), @"That code isn’t right or has expired. Check the newest mail, or send a new code.");
    for _ in 0..4 {
        assert_eq!(mira.enter(wrong).await.status, 422);
    }
    assert_snapshot!(mira.enter(&right).await.text("#code-error"), @"Too many wrong codes. Send a new one.");
}

#[actix_web::test]
async fn messages_of_the_email_step_at_its_limits() {
    let app = TestApp::spawn_with(|settings| settings.code_limit_ip = Some("11".to_owned())).await;
    let mira = app.visitor();
    for _ in 0..10 {
        assert_eq!(mira.ask_for_code(MIRA).await.status, 303);
    }
    let address = mira.ask_for_code(MIRA).await;
    assert_snapshot!(address.text("#email-error"), @"Wait one minute before asking for another code.");
    mira.ask_for_code("noor@acme.test").await;
    let network = mira.ask_for_code("noor@acme.test").await;
    assert_snapshot!(network.text("#email-error"), @"Too many code requests from your network. Wait one minute, then try again.");
}

#[actix_web::test]
async fn the_dashboard() {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "Mira Bell");
    app.visitor().sign_in(&app, MIRA).await;
    app.later(Duration::from_hours(3));
    let mira = app.visitor();
    mira.sign_in(&app, MIRA).await;
    app.later(Duration::from_mins(2));
    let page = mira.get("/dashboard").await;
    assert_snapshot!(shown(&app, &page), @r"
    Vestibule
    MB
    Mira Bell
    mira@acme.test
    Your account
    Sign out
    Welcome, Mira
    Signed in with an email code, 2 minutes ago.
    Where you’re signed in
    Firefox on Linux this browser
    127.0.0.1 · email code · signed in 2 minutes ago
    Firefox on Linux
    127.0.0.1 · email code · last seen 3 hours ago
    Manage sessions
    ");
}

#[actix_web::test]
async fn the_page_after_a_sign_out() {
    let app = TestApp::spawn().await;
    let page = app.visitor().get("/signed-out").await;
    assert_snapshot!(shown(&app, &page), @r"
    You’re signed out
    This browser is signed out. Sign in again, or use another account.
    Sign in
    localhost:[port]
    ");
}

#[actix_web::test]
async fn messages_of_the_error_pages() {
    let app = TestApp::spawn().await;
    let shown = |answer: &Answer| shown(&app, answer).replace(&answer.text("code"), "[reference]");
    let visitor = app.visitor();
    assert_snapshot!(shown(&visitor.get("/nowhere").await), @r"
    There is no such page
    The address may be mistyped or out of date.
    Go to the start page
    Need help? Give your admin this reference: [reference]
    localhost:[port]
    ");
    assert_snapshot!(shown(&visitor.post("/dashboard", &[]).await), @r"
    This page can’t be used that way
    Go back, and use the buttons and links on the page.
    Go to the start page
    Need help? Give your admin this reference: [reference]
    localhost:[port]
    ");
    let large = "m".repeat(100_000);
    assert_snapshot!(shown(&visitor.ask_for_code(&large).await), @r"
    That is too large
    Go back and send less. Nothing was changed.
    Go to the start page
    Need help? Give your admin this reference: [reference]
    localhost:[port]
    ");
    let foreign = visitor
        .request(Method::POST, "/sign-out")
        .header("Sec-Fetch-Site", "cross-site");
    assert_snapshot!(shown(&Answer::of(foreign.send().await.unwrap()).await), @r"
    This form came from another site
    Open the console itself and try again there. Nothing was changed.
    Go to the start page
    Need help? Give your admin this reference: [reference]
    localhost:[port]
    ");
    let spoken = visitor
        .request(Method::POST, "/sign-in/email")
        .body("email");
    assert_snapshot!(shown(&Answer::of(spoken.send().await.unwrap()).await), @r"
    That request can’t be read
    Go back, reload the page and try again. Nothing was changed.
    Go to the start page
    Need help? Give your admin this reference: [reference]
    localhost:[port]
    ");
}
