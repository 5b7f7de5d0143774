//! Why no code came, for one address.

use std::time::Duration;

use reqwest::StatusCode;

use super::{ADMIN, NOOR, app_with_admin, make_admin, page_of};
use crate::support::outbox::Mail;
use crate::support::smtp::{Behaviour, Reply};
use crate::support::{Answer, TestApp, Visitor};

const PATIENCE: Duration = Duration::from_secs(20);

async fn why(admin: &Visitor, email: &str) -> Answer {
    let path = format!("/admin/codes?email={}", email.replace('+', "%2B"));
    admin.get(&path).await
}

#[actix_web::test]
async fn an_address_without_an_account_can_be_added_from_there() {
    let (app, admin) = app_with_admin().await;
    app.visitor().ask_for_code("nour@acme.test").await;
    let page = why(&admin, "nour@acme.test").await;
    assert_eq!(page.text(".verdict h2"), "No account has this address");
    assert_eq!(page.attributes("main li time", "datetime").len(), 1);
    assert!(page.text("main li").contains("Firefox on Linux"));
    let add = page.attribute(".verdict a.button", "href");
    let form = admin.get(&add).await;
    assert_eq!(
        form.attribute("details[open] #email", "value"),
        "nour@acme.test"
    );
}

#[actix_web::test]
async fn the_state_of_the_account_is_shown_before_the_outcome_of_the_code() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    for (change, verdict, words) in [
        (
            "confirmed_at = confirmed_at",
            "No code was requested for this address",
            "which address",
        ),
        (
            "confirmed_at = NULL",
            "The account isn’t confirmed",
            "Confirm it",
        ),
        (
            "confirmed_at = 1, suspended_at = 1",
            "The account is suspended",
            "Restore it",
        ),
        (
            "suspended_at = NULL, moved_at = 1",
            "The account signs in with WorkOS",
            "Continue with WorkOS",
        ),
    ] {
        app.sql(&format!(
            "UPDATE accounts SET {change} WHERE email = '{NOOR}'"
        ));
        let page = why(&admin, "NOOR@acme.test").await;
        assert_eq!(page.text(".verdict h2"), verdict);
        assert!(page.text(".verdict p").contains(words), "{change}");
        let account = page.attribute(".verdict a.person", "href");
        assert_eq!(account, page_of(&app, NOOR));
    }
}

#[actix_web::test]
async fn every_request_of_the_last_days_is_listed_with_its_outcome() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    app.visitor().ask_for_code(NOOR).await;
    app.mails().await;
    app.later(Duration::from_hours(6 * 24));
    // Three are refused, and the first of them is written down.
    for _ in 0..13 {
        app.visitor().ask_for_code(NOOR).await;
    }
    app.mails().await;
    app.sql("INSERT INTO activity (at, kind, email) SELECT max(at), 'wrong_code', 'noor@acme.test' FROM activity");
    admin.sign_in(&app, ADMIN).await;
    let page = why(&admin, NOOR).await;
    assert_eq!(
        page.text(".verdict h2"),
        "A limit refused the newest request"
    );
    let newest = page.text("main li");
    assert!(newest.contains("A limit refused it"), "{newest}");
    let which = "the limit of this address for a minute";
    assert!(newest.contains(which), "{newest}");
    assert_eq!(page.attributes("main li time", "datetime").len(), 12);

    app.later(Duration::from_hours(2 * 24));
    admin.sign_in(&app, ADMIN).await;
    let page = why(&admin, NOOR).await;
    assert_eq!(page.attributes("main li time", "datetime").len(), 11);
}

#[actix_web::test]
async fn the_mail_servers_answer_is_shown() {
    let (app, smtp) = TestApp::spawn_with_smtp(|_| {}).await;
    app.add_account(ADMIN, "");
    make_admin(&app, ADMIN);
    app.add_account(NOOR, "");
    let admin = app.visitor();
    admin.ask_for_code(ADMIN).await;
    let code = Mail::parse(smtp.next_mail().await.data).code();
    admin.enter(&code).await.location();

    smtp.set_behaviour(Behaviour::plain().replying(Reply::Permanent));
    app.visitor().ask_for_code(NOOR).await;
    assert_eq!(app.server().mail().drain(PATIENCE).await, 0);
    let page = why(&admin, NOOR).await;
    assert_eq!(
        page.text(".verdict h2"),
        "The mail server refused the newest code"
    );
    assert!(
        page.text("main li").contains("550"),
        "{}",
        page.text("main li")
    );
}

#[actix_web::test]
async fn without_a_mail_server_the_code_is_said_to_be_in_the_outbox_and_where_that_is() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    app.visitor().ask_for_code(NOOR).await;
    app.mails().await;
    let page = why(&admin, NOOR).await;
    assert_eq!(page.text(".verdict h2"), "The newest code is in the outbox");
    assert!(page.text(".verdict p").contains("No mail server is set"));
    let activity = admin.get("/admin/activity").await;
    let said = format!(
        "Written to the outbox, since no mail server is set: in {}",
        app.data().join("outbox").display()
    );
    for (page, part) in [(&page, "in "), (&activity, &said)] {
        let words = page.text("main");
        assert!(words.contains(part), "{words}");
        assert!(!words.contains("mail server accepted"), "{words}");
    }
    assert!(
        page.text("main li")
            .contains(&*app.data().join("outbox").to_string_lossy())
    );
}

// Codes wait in memory: what a server that was killed had not mailed is not on its way any more.
#[actix_web::test]
async fn a_code_that_an_earlier_server_had_not_mailed_is_given_up() {
    let (mut app, _) = app_with_admin().await;
    app.add_account(NOOR, "");
    app.visitor().ask_for_code(NOOR).await;
    app.mails().await;
    app.sql(&format!(
        "UPDATE activity SET outcome = 'queued', detail = '' WHERE email = '{NOOR}' AND outcome = 'outbox'"
    ));
    app.restart_with(|_| {}).await;
    let admin = app.visitor();
    admin.sign_in(&app, ADMIN).await;
    let page = why(&admin, NOOR).await;
    assert_eq!(
        page.text(".verdict h2"),
        "The newest code wasn’t sent in time"
    );
    let line = page.text("main li");
    assert!(line.contains("The server ended before it left."), "{line}");
}

#[actix_web::test]
async fn a_malformed_address_is_reported_beside_the_field() {
    let (_app, admin) = app_with_admin().await;
    let page = why(&admin, "noor").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text("#email-error").contains("doesn’t look like"));
    assert_eq!(page.attribute("#email", "value"), "noor");
    let nothing = admin.get("/admin/codes").await;
    assert!(nothing.status == StatusCode::OK && !nothing.has("#email-error"));
}
