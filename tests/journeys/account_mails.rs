//! Mails to the owner of an account about what touches it (SECURITY rule 42).

use std::time::Duration;

use insta::assert_snapshot;

use crate::support::outbox::Mail;
use crate::support::{TestApp, Visitor, Workplace, other_than};
use crate::workos::{signed_in, with_mira};

const MIRA: &str = "mira@acme.test";
const NOOR: &str = "noor@acme.test";
const GHOST: &str = "ghost@acme.test";
const ADMIN: &str = "admin@acme.test";
const DAY: Duration = Duration::from_hours(24);
/// How many notices there ever were.
const NOTICES: &str =
    "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'account_notices'";

/// The mail's subject and text, without the port.
fn shown(app: &TestApp, mail: &Mail) -> String {
    let port = app.server().address().port().to_string();
    let text = mail.part("text/plain");
    format!("{}\n\n{text}", mail.subject).replace(&port, "[port]")
}

/// The mails to an address whose subject begins so.
async fn mails_to(app: &TestApp, email: &str, subject: &str) -> usize {
    let mails = app.mails().await;
    let found = mails.iter().filter(|mail| mail.to == email);
    found
        .filter(|mail| mail.subject.starts_with(subject))
        .count()
}

async fn admin_of(app: &TestApp) -> Visitor {
    let admin = app.signed_in(ADMIN).await;
    app.sql(&format!(
        "UPDATE accounts SET role = 'admin' WHERE email = '{ADMIN}'"
    ));
    admin
}

/// Makes a change on the account's page.
async fn change(app: &TestApp, admin: &Visitor, email: &str, verb: &str) {
    let id = app.number(&format!("SELECT id FROM accounts WHERE email = '{email}'"));
    let changed = admin
        .post(&format!("/admin/accounts/{id}/{verb}"), &[])
        .await;
    assert_eq!(changed.status, 303, "{verb}");
}

// SECURITY rule 42.
#[actix_web::test]
async fn the_link_to_workos_is_told_once() {
    let (app, _provider) = with_mira().await;
    signed_in(&app).await;
    let mail = app.mail_about("Your account at").await;
    assert_eq!(mail.to, MIRA);
    assert_snapshot!(shown(&app, &mail), @r"
    Your account at localhost:[port] is linked to WorkOS

    Your account at localhost:[port] was linked to WorkOS, 23 Nov 2026, 12:00 UTC.

    You can sign in with WorkOS from now on. If it was you, you don't need to do anything else.

    If it wasn't you, end all sessions that you don't recognise now.

    See your sessions:
    http://localhost:[port]/account/sessions

    Then tell your admin, who can remove the link.

    Vestibule, localhost:[port]
    ");
    signed_in(&app).await;
    app.mail_about("New sign-in").await;
    assert_eq!(app.number(NOTICES), 1);
}

// SECURITY rule 42.
#[actix_web::test]
async fn a_new_role_from_an_admin_an_operator_or_a_setting_is_told() {
    let mut app = TestApp::spawn().await;
    let admin = admin_of(&app).await;
    app.add_account(MIRA, "");
    change(&app, &admin, MIRA, "make-admin").await;
    let mail = app.mail_about("You are an admin").await;
    assert_eq!(mail.to, MIRA);
    assert_snapshot!(shown(&app, &mail), @r"
    You are an admin of localhost:[port] now

    The role of your account at localhost:[port] was changed, 23 Nov 2026, 12:00 UTC: you are an admin now.

    You can open the admin pages and manage accounts from now on.

    If you didn't expect this, see who changed your role.

    See your activity:
    http://localhost:[port]/account/activity

    Then ask an admin to change it back.

    Vestibule, localhost:[port]
    ");

    // The command line does not know the console's address. The server writes the mail.
    let terminal = Workplace::empty().with("DATA_DIR", app.data().to_string_lossy());
    let changed = terminal.run(&["account", "role", MIRA, "member"]).await;
    assert_eq!(changed.code, Some(0), "{changed:?}");
    app.server().mail().look_again();
    let mail = app.mail_about("You are a member").await;
    assert_eq!(mail.to, MIRA);
    let text = shown(&app, &mail);
    assert!(text.contains("The admin pages are closed to you"), "{text}");
    assert!(text.contains("localhost:[port]/account/activity"), "{text}");

    app.restart_with(|settings| settings.admin_email = Some(MIRA.to_owned()))
        .await;
    app.restart_with(|_| {}).await;
    app.server().mail().look_again();
    app.mails_until("You are an admin", 2).await;
    assert_eq!(app.number(NOTICES), 3);
}

// SECURITY rule 42.
#[actix_web::test]
async fn a_move_back_is_told() {
    let app = TestApp::spawn().await;
    let admin = admin_of(&app).await;
    app.add_account(MIRA, "");
    app.sql("UPDATE accounts SET moved_at = 1");
    change(&app, &admin, MIRA, "move-back").await;
    let mail = app.mail_about("Your account at").await;
    assert_eq!(mail.to, MIRA);
    assert_snapshot!(shown(&app, &mail), @r"
    Your account at localhost:[port] is no longer linked to WorkOS

    The link of your account at localhost:[port] to WorkOS was removed, 23 Nov 2026, 12:00 UTC.

    Sessions that began with WorkOS have ended. Open the sign-in page to sign in again.

    Open the sign-in page:
    http://localhost:[port]/sign-in

    If you didn't expect this, ask your admin.

    Vestibule, localhost:[port]
    ");
}

/// Enters wrong codes from a new browser, five for each code.
async fn wrong_codes(app: &TestApp, email: &str, count: usize) {
    for start in (0..count).step_by(5) {
        app.later(Duration::from_mins(10));
        let visitor = app.visitor();
        assert_eq!(visitor.ask_for_code(email).await.status, 303);
        // An address that gets no code has no code to avoid.
        let wrong = match email {
            GHOST => "000000".to_owned(),
            _ => other_than(&app.newest_code(email).await),
        };
        for _ in start..count.min(start + 5) {
            assert_eq!(visitor.enter(&wrong).await.status, 422);
        }
    }
}

// SECURITY rule 42: the tenth wrong code in a day brings one mail a day, and none to an address without an account.
#[actix_web::test]
async fn ten_wrong_codes_in_a_day_are_told_once_a_day() {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "");
    app.add_account(NOOR, "");
    wrong_codes(&app, MIRA, 9).await;
    wrong_codes(&app, GHOST, 11).await;
    wrong_codes(&app, NOOR, 10).await;
    let mail = app.mail_about("Wrong sign-in codes").await;
    assert_eq!(mail.to, NOOR);
    assert_eq!(app.number(NOTICES), 1);

    wrong_codes(&app, MIRA, 1).await;
    app.mails_until("Wrong sign-in codes", 2).await;
    assert_eq!(mails_to(&app, MIRA, "Wrong sign-in codes").await, 1);

    wrong_codes(&app, NOOR, 10).await;
    app.later(DAY);
    wrong_codes(&app, MIRA, 10).await;
    app.mails_until("Wrong sign-in codes", 3).await;
    assert_eq!(mails_to(&app, MIRA, "Wrong sign-in codes").await, 2);
    assert_eq!(mails_to(&app, NOOR, "Wrong sign-in codes").await, 1);
    assert_snapshot!(shown(&app, &mail), @r"
    Wrong sign-in codes for your account at localhost:[port]

    10 wrong codes were entered for your account at localhost:[port] in the last 24 hours.

    If it was you, send a new code and enter the newest one.

    If it wasn't you, someone may be guessing. They are not signed in. Give no code to anyone, and cancel the codes that you didn't ask for with the link in their mails.

    See your activity:
    http://localhost:[port]/account/activity

    If the wrong codes go on, tell your admin. This mail comes at most once a day.

    Vestibule, localhost:[port]
    ");
}

// SECURITY rule 42: the mail about a new browser does not depend on the activity, which is deleted after `ACTIVITY_DAYS`.
#[actix_web::test]
async fn an_account_that_was_idle_for_longer_than_the_activity_hears_of_a_new_browser() {
    let app = TestApp::spawn_with(|settings| settings.activity_days = Some("30".to_owned())).await;
    let admin = admin_of(&app).await;
    app.signed_in(MIRA).await;
    app.later(DAY * 31);
    app.server().housekeeping().clean_up().await.unwrap();
    let kept = "SELECT count(*) FROM activity WHERE kind = 'signed_in'";
    assert_eq!(app.number(kept), 0);
    app.visitor().sign_in(&app, MIRA).await;
    assert_eq!(app.mail_about("New sign-in").await.to, MIRA);

    admin.sign_in(&app, ADMIN).await;
    app.later(DAY * 31);
    app.server().housekeeping().clean_up().await.unwrap();
    admin.sign_in(&app, ADMIN).await;
    let page = admin.get("/admin/accounts").await;
    let id = app.number(&format!("SELECT id FROM accounts WHERE email = '{MIRA}'"));
    let row = page.text(&format!("tr:has(a[href='/admin/accounts/{id}'])"));
    assert!(row.contains("31 days ago"), "{row}");
}
