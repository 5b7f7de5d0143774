//! What admins do, over HTTP.

mod accounts;
mod activity;
mod codes;
mod import;
mod late;
mod who;

use crate::support::{TestApp, Visitor};

const ADMIN: &str = "admin@acme.test";
const NOOR: &str = "noor@acme.test";

/// A console with one admin, signed in.
async fn app_with_admin() -> (TestApp, Visitor) {
    let app = TestApp::spawn().await;
    let admin = admin_of(&app).await;
    (app, admin)
}

async fn admin_of(app: &TestApp) -> Visitor {
    app.add_account(ADMIN, "Mira Bell");
    make_admin(app, ADMIN);
    let admin = app.visitor();
    admin.sign_in(app, ADMIN).await;
    admin
}

fn make_admin(app: &TestApp, email: &str) {
    app.sql(&format!(
        "UPDATE accounts SET role = 'admin' WHERE email = '{email}'"
    ));
}

fn id_of(app: &TestApp, email: &str) -> i64 {
    app.number(&format!("SELECT id FROM accounts WHERE email = '{email}'"))
}

/// Where the page of this account is.
fn page_of(app: &TestApp, email: &str) -> String {
    format!("/admin/accounts/{}", id_of(app, email))
}

/// How often something is written down of an address, and by whom.
fn noted(app: &TestApp, kind: &str, email: &str) -> i64 {
    app.number(&format!(
        "SELECT count(*) FROM activity WHERE kind = '{kind}' AND email = '{email}' AND actor = '{ADMIN}'"
    ))
}
