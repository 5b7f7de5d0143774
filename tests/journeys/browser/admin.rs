//! The admin pages with JavaScript, without JavaScript, and by keyboard.

use std::io::Write;

use thirtyfour::prelude::*;

use super::press;
use crate::support::TestApp;
use crate::support::browser::Browser;

const ADMIN: &str = "ada@acme.test";
const NOOR: &str = "noor.el-haddad.of.the.north@subsidiary.acme.test";

/// Adds an admin, Noor, and more accounts and activity than fit on one page.
fn furnish(app: &TestApp) {
    app.add_account(ADMIN, "Ada Quist");
    app.sql(&format!(
        "UPDATE accounts SET role = 'admin' WHERE email = '{ADMIN}'"
    ));
    app.add_account(NOOR, "Noor El-Haddad of the North");
    app.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
         INSERT INTO accounts (email, name, confirmed_at, suspended_at, moved_at, created_at)
         SELECT 'p' || i || '@acme.test', iif(i % 3, 'Mira ' || i, ''), nullif(i % 5, 0),
                nullif(i % 7, 1) - i % 7 + nullif(1, i % 4), nullif(i % 2, 0), 1795435200000 FROM n",
    );
    app.sql(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70)
         INSERT INTO activity (at, kind, account_id, email, actor, ip, browser, outcome, detail)
         SELECT 1795435200000 - (71 - i) * 600000, 'code_requested', id, email, '', '2001:db8:85a3:8d3:1319:8a2e:370:7348',
                'Firefox on Linux', iif(i % 3, 'accepted', 'refused'),
                iif(i % 3, '250 2.0.0 Ok: queued as 4XyZ', '550 5.1.1 <{NOOR}>: Recipient address rejected')
         FROM n, accounts WHERE email = '{NOOR}'"
    ));
    app.sql(&format!(
        "INSERT INTO sessions (token_hash, account_id, method, browser, ip, created_at, last_seen_at)
         SELECT randomblob(32), id, 'email_code', 'Samsung Internet on Android', '2001:db8:85a3:8d3:1319:8a2e:370:7348',
                1795435200000, 1795435200000 FROM accounts, (VALUES (1), (2)) WHERE email = '{NOOR}'"
    ));
}

async fn sign_in(app: &TestApp, browser: &Browser) {
    browser.visit("/sign-in/email").await;
    browser.type_into("#email", ADMIN).await;
    browser.click("button[type=submit]").await;
    browser.at("/sign-in/code").await;
    let code = app.newest_code(ADMIN).await;
    browser.type_into("#code", code).await;
}

/// Visits every admin page and every error on it, then signs out.
pub(super) async fn walk(app: &TestApp, browser: &Browser, look: &impl AsyncFn(&str)) {
    furnish(app);
    sign_in(app, browser).await;
    browser.read("h1", "Welcome, Ada").await;
    browser.click(".menu summary").await;
    browser.click(".sheet a[href='/admin/accounts']").await;
    browser.read("h1", "Accounts").await;
    look("admin-accounts").await;
    browser.click(".fold summary").await;
    browser.type_into("#email", "noor@").await;
    browser.click("#add button").await;
    browser.see("#email-error").await;
    look("admin-accounts-wrong").await;
    browser.visit("/admin/accounts?q=nobody").await;
    look("admin-accounts-none").await;

    browser.visit("/admin/accounts?q=haddad").await;
    browser.click("a.person").await;
    browser.read("h1", "Noor El-Haddad").await;
    look("admin-account").await;
    browser.click(".actions a.danger").await;
    browser.read("h1", "Delete").await;
    look("admin-delete").await;
    browser.visit("/admin/accounts?q=quist").await;
    browser.click("a.person").await;
    browser.read("h1", "Quist").await;
    look("admin-account-last").await;
    // Noor is demoted between the moment when Ada opens her page and the moment when Ada clicks.
    app.sql(&format!(
        "UPDATE accounts SET role = 'admin' WHERE email = '{NOOR}'"
    ));
    browser.visit("/admin/accounts?q=quist").await;
    browser.click("a.person").await;
    browser.see("form[action$=suspend] button").await;
    app.sql(&format!(
        "UPDATE accounts SET role = 'member' WHERE email = '{NOOR}'"
    ));
    browser.click("form[action$=suspend] button").await;
    browser.read("[role=alert]", "This is the last admin").await;
    look("admin-account-refused").await;

    browser.visit("/admin/accounts/import").await;
    look("admin-import").await;
    let rows = format!("email,name\nnew@acme.test,Nia New\nnobody\n{ADMIN},Ada\n");
    browser.type_into("#text", rows).await;
    browser.click("form.import button").await;
    browser.read("h1", "Add 1 account?").await;
    look("admin-import-preview").await;

    browser.visit("/admin/codes?email=noor").await;
    browser.see("#email-error").await;
    look("admin-codes-wrong").await;
    browser.visit(&format!("/admin/codes?email={NOOR}")).await;
    browser.see(".verdict").await;
    look("admin-codes").await;
    browser.visit("/admin/codes?email=new@acme.test").await;
    browser.read(".verdict", "No account").await;
    look("admin-codes-no-account").await;

    browser.visit("/admin/activity?kind=code_requested").await;
    browser.read("h1", "Activity").await;
    look("admin-activity").await;
    browser.visit("/admin/activity?from=yesterday").await;
    browser.see("#from-error").await;
    look("admin-activity-wrong").await;
    browser.click(".menu summary").await;
    browser.click(".sheet button").await;
    browser.read("h1", "You’re signed out").await;
}

/// Looks up an unknown address, adds the account, suspends and deletes it, and imports a file.
async fn a_day_of_an_admin(app: &TestApp, browser: &Browser) {
    browser.visit("/admin/codes").await;
    browser.type_into("#email", "nia@acme.test").await;
    browser.click("main .filter button").await;
    browser
        .read(".verdict", "No account has this address")
        .await;
    browser.click(".verdict a.button").await;
    browser.read(".count", "62 accounts").await;
    browser.type_into("#name", "Nia New").await;
    browser.click("#add button").await;
    browser
        .read("[role=status]", "An invitation is on its way")
        .await;
    browser.read("h1", "Nia New").await;
    browser.click("form[action$=suspend] button").await;
    browser.read("[role=status]", "Suspended").await;
    browser.click("form[action$=restore] button").await;
    browser.read("[role=status]", "Restored").await;
    browser.click(".actions a.danger").await;
    browser.read(".subject", "nia@acme.test").await;
    browser.click(".asked button").await;
    browser.at("/admin/accounts?done=deleted").await;
    assert_eq!(
        app.number("SELECT count(*) FROM accounts WHERE email = 'nia@acme.test'"),
        0
    );

    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    file.write_all(
        b"\xef\xbb\xbfemail;name\r\nnia@acme.test;\"N; \xe2\x80\x9cNew\xe2\x80\x9d\"\r\nx\r\n",
    )
    .unwrap();
    browser.click(".actions > a.button").await;
    let path = file.path().to_str().unwrap().to_owned();
    browser.type_into("#file", path).await;
    browser.click("form.import button").await;
    browser.read("h1", "Add 1 account?").await;
    browser.read(".bad-line", "Line 3").await;
    browser.click(".check").await;
    browser.click(".confirming button").await;
    browser.read("[role=status]", "1 account was added").await;
    assert_eq!(
        app.text("SELECT name FROM accounts WHERE email = 'nia@acme.test'"),
        "N; “New”"
    );
    browser.click("nav.tabs a[href='/admin/activity']").await;
    browser.read("main li", "Account imported").await;
    browser.click(".pager a[rel=next]").await;
    browser.read(".pager", "Newest").await;
}

#[actix_web::test]
async fn an_admin_helps_adds_suspends_deletes_and_imports() {
    let app = TestApp::spawn().await;
    furnish(&app);
    let browser = Browser::open(&app).await;
    sign_in(&app, &browser).await;
    browser.at("/dashboard").await;
    a_day_of_an_admin(&app, &browser).await;
    browser.close(&[]).await;
}

#[actix_web::test]
async fn without_javascript_an_admin_does_the_same() {
    let app = TestApp::spawn().await;
    furnish(&app);
    let browser = Browser::open_without_javascript(&app).await;
    sign_in(&app, &browser).await;
    browser.click("button[type=submit]").await;
    browser.at("/dashboard").await;
    a_day_of_an_admin(&app, &browser).await;
    browser.close(&[]).await;
}

/// Presses Enter and waits for the next page.
async fn enter(browser: &Browser) {
    let heading = browser.see("h1").await;
    press(browser, Key::Enter).await;
    browser.replaced(heading).await;
}

#[actix_web::test]
async fn by_keyboard_an_admin_finds_an_account_and_suspends_it() {
    let app = TestApp::spawn().await;
    furnish(&app);
    let browser = Browser::open(&app).await;
    sign_in(&app, &browser).await;
    browser.at("/dashboard").await;
    browser.tab_to(".menu summary").await;
    press(&browser, Key::Enter).await;
    browser.tab_to(".sheet a[href='/admin/accounts']").await;
    enter(&browser).await;
    browser.at("/admin/accounts").await;
    browser.tab_to("#q").await;
    browser.type_keys("HADDAD").await;
    enter(&browser).await;
    browser.read(".count", "1 account with “HADDAD”").await;
    browser.tab_to("a.person").await;
    enter(&browser).await;
    browser.read("h1", "Noor El-Haddad").await;
    browser.tab_to("form[action$=suspend] button").await;
    enter(&browser).await;
    browser
        .read("[role=status]", "All sessions have ended")
        .await;
    browser.close(&[]).await;
}
