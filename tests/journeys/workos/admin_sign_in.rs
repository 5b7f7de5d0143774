//! Admins who get no email codes (`ADMIN_SIGN_IN=workos`).

use std::time::Duration;

use super::moved::assert_all_look_the_same;
use super::{assert_landed, come_back, console_and_provider, signed_in, take_down};
use crate::support::TestApp;
use crate::support::hostile::Hostile;
use crate::uniform_answers::{ADDRESSES, add_every_kind};

const ADMIN: &str = "admin@acme.test";
const NOOR: &str = "known@acme.test";
const OUTCOME: &str =
    "SELECT outcome FROM activity WHERE kind = 'code_requested' ORDER BY id DESC LIMIT 1";

/// A console with an account of every kind, and an admin.
async fn console() -> (TestApp, Hostile) {
    let (app, provider) =
        console_and_provider(|settings| settings.admin_sign_in = Some("workos".to_owned())).await;
    add_every_kind(&app);
    app.add_account(ADMIN, "");
    set_role(&app, ADMIN, "admin");
    (app, provider)
}

fn set_role(app: &TestApp, email: &str, role: &str) {
    app.sql(&format!(
        "UPDATE accounts SET role = '{role}' WHERE email = '{email}'"
    ));
}

// SECURITY rule 5: no answer tells who is an admin, with the provider up or down.
#[actix_web::test]
async fn the_answer_is_the_same_for_admins() {
    let (app, provider) = console().await;
    let addresses = [ADDRESSES.as_slice(), &[ADMIN]].concat();
    assert_all_look_the_same(&app, &addresses).await;
    take_down(&app, &provider).await;
    app.later(Duration::from_mins(2));
    assert_all_look_the_same(&app, &addresses).await;
}

#[actix_web::test]
async fn an_admin_gets_a_mail_that_says_so_and_never_a_code() {
    let (app, provider) = console().await;
    app.visitor().ask_for_code(ADMIN).await;
    let mail = app.mail_about("Sign in to localhost").await;
    assert_eq!(mail.to, ADMIN);
    let text = mail.part("text/plain");
    let host = app.url().replace("http://", "");
    let words = format!("Admins of {host} sign in with WorkOS, so no code was sent.");
    assert!(text.contains(&words), "{text}");
    assert_eq!(app.text(OUTCOME), "admins_use_workos");

    // A member gets one, and an outage changes nothing for the admin.
    let noor = app.visitor();
    noor.sign_in(&app, NOOR).await;
    take_down(&app, &provider).await;
    app.visitor().ask_for_code(ADMIN).await;
    assert_eq!(app.text(OUTCOME), "admins_use_workos");
    let codes = app.mails().await;
    assert!(!codes.iter().any(|mail| mail.to == ADMIN && mail.has_code()));
}

#[actix_web::test]
async fn an_admin_signs_in_with_workos_and_sees_why_another_admin_got_no_code() {
    let (app, _provider) = console().await;
    app.add_account(super::MIRA, "");
    set_role(&app, super::MIRA, "admin");
    let mira = signed_in(&app).await;
    app.visitor().ask_for_code(ADMIN).await;
    let page = mira.get("/admin/codes?email=admin@acme.test").await;
    assert_eq!(page.text(".verdict h2"), "Admins sign in with WorkOS");
    let health = mira.get("/admin/health").await;
    assert!(health.body.contains("Admins get no email codes."));
    // The admin's role is what counts, not what happened before.
    set_role(&app, ADMIN, "member");
    let page = mira.get("/admin/codes?email=admin@acme.test").await;
    let verdict = "The account has changed since the newest request";
    assert_eq!(page.text(".verdict h2"), verdict);
}

#[actix_web::test]
async fn the_code_of_a_person_who_became_an_admin_is_refused() {
    let (app, _provider) = console().await;
    let (noor, code) = app.asked(NOOR).await;
    set_role(&app, NOOR, "admin");
    let refused = noor.enter(&code).await;
    assert_eq!(refused.status, 422);
    assert!(!noor.is_in().await);
    // Nor does a new one come in the same browser.
    noor.resend().await;
    assert_eq!(app.text(OUTCOME), "admins_use_workos");
    set_role(&app, NOOR, "member");
    assert_eq!(noor.enter(&code).await.status, 422);
    app.later(Duration::from_mins(1));
    noor.sign_in(&app, NOOR).await;
}

#[actix_web::test]
async fn by_default_an_admin_gets_codes() {
    let (app, _provider) = console_and_provider(|_| {}).await;
    app.add_account(ADMIN, "");
    set_role(&app, ADMIN, "admin");
    app.visitor().sign_in(&app, ADMIN).await;
    app.add_account(super::MIRA, "");
    assert_landed(&come_back(&app.visitor()).await, "/dashboard");
}
