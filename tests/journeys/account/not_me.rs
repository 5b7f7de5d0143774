use insta::assert_snapshot;
use reqwest::{Method, StatusCode};
use std::time::Duration;

use super::{MIRA, with_mira};
use crate::support::visitor::words;
use crate::support::{Answer, TestApp, Visitor};

const KINDS: &str = "SELECT count(*) FROM activity WHERE kind = 'code_disowned'";

fn mark(link: &str) -> &str {
    link.split_once("?link=").unwrap().1
}

/// A stranger asks for a code for Mira's address. Mira has the mail open in another browser.
async fn asked() -> (TestApp, Visitor, String) {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "");
    let stranger = app.visitor();
    stranger.ask_for_code(MIRA).await;
    let link = app.not_me_link().await;
    (app, stranger, link)
}

async fn disown(app: &TestApp, link: &str) -> Answer {
    let owner = app.visitor();
    let form = [("link", mark(link))];
    owner.post("/sign-in/not-me", &form).await
}

fn shown(app: &TestApp, answer: &Answer) -> String {
    let port = app.server().address().port().to_string();
    words(&answer.body).replace(&port, "[port]")
}

#[actix_web::test]
async fn the_link_shows_the_request_and_changes_nothing_until_the_button_is_pressed() {
    let (app, stranger, link) = asked().await;
    let before = app.rows();
    let page = app.visitor().get(&link).await;
    assert_snapshot!(shown(&app, &page), @r"
    Cancel this code?
    This browser asked for a code to sign in to your account:
    Browser
    Firefox on Linux
    From
    127.0.0.1
    When
    23 Nov 2026, 12:00 UTC
    This wasn’t me
    This cancels the code. Was it you? Then close this page: the code still works.
    localhost:[port]
    ");
    assert!(!page.body.contains(MIRA), "the page names the address");
    let head = app.visitor().request(Method::HEAD, &link).send().await;
    assert_eq!(head.unwrap().status(), StatusCode::OK);
    assert_eq!(app.rows(), before);
    let code = app.newest_code(MIRA).await;
    assert_eq!(stranger.enter(&code).await.location(), "/dashboard");
}

#[actix_web::test]
async fn the_button_kills_the_code_and_writes_it_down() {
    let (app, stranger, link) = asked().await;
    let code = app.newest_code(MIRA).await;
    let stopped = disown(&app, &link).await;
    assert_eq!(stopped.location(), link);
    let page = app.visitor().get(stopped.location()).await;
    assert_snapshot!(shown(&app, &page), @r"
    That code no longer works
    It was not used to sign in. Your admin can see that it wasn’t you who asked.
    See your sessions
    Tell your admin if such mails keep coming.
    localhost:[port]
    ");
    assert_eq!(stranger.enter(&code).await.status, 422);
    assert!(!stranger.is_in().await);
    let detail = "SELECT detail FROM activity WHERE kind = 'code_disowned'";
    assert_eq!(
        app.text(detail),
        "asked for by Firefox on Linux at 127.0.0.1"
    );
    let account = "SELECT account_id FROM activity WHERE kind = 'code_disowned'";
    assert_eq!(app.number(account), 1);

    // Twice is no error, and is written down once.
    assert_eq!(disown(&app, &link).await.location(), link);
    assert_eq!(app.number(KINDS), 1);
}

#[actix_web::test]
async fn disowning_ends_the_newest_code_and_allows_no_new_one() {
    let (app, stranger, link) = asked().await;
    stranger.resend().await;
    let newer = app.newest_code(MIRA).await;
    disown(&app, &link).await;
    assert_eq!(stranger.enter(&newer).await.status, 422);
    // The browser that asked has nothing left to send a new code for.
    assert_eq!(stranger.resend().await.location(), "/sign-in/email");

    // Neither does a challenge whose code has run out come back to life.
    stranger.ask_for_code(MIRA).await;
    let link = app.not_me_link().await;
    app.later(Duration::from_mins(11));
    disown(&app, &link).await;
    assert_eq!(stranger.resend().await.location(), "/sign-in/email");
    assert_eq!(app.number(KINDS), 2);
}

#[actix_web::test]
async fn after_the_code_was_used_the_page_says_so_and_links_to_the_sessions() {
    let (app, stranger, link) = asked().await;
    let code = app.newest_code(MIRA).await;
    assert_eq!(stranger.enter(&code).await.location(), "/dashboard");
    let page = app.visitor().get(&link).await;
    assert_snapshot!(shown(&app, &page), @r"
    That code was used
    It was used to sign in to your account. Wasn’t you? Report it here: that ends the session and tells your admins. Then change your mailbox’s password.
    This wasn’t me
    See your sessions
    localhost:[port]
    ");
    assert_eq!(page.attribute("input[name=link]", "value"), mark(&link));
    assert_eq!(app.number(KINDS), 0);

    // Twice is written down once.
    disown(&app, &link).await;
    let page = app
        .visitor()
        .get(disown(&app, &link).await.location())
        .await;
    assert_snapshot!(shown(&app, &page), @r"
    That code was used
    That session has ended, and your admins got a mail. Change your mailbox’s password now: the code was read there.
    See your sessions
    localhost:[port]
    ");
    assert_eq!(page.attribute("a.button", "href"), "/account/sessions");
    assert_eq!(app.number(KINDS), 1);
    let detail = "SELECT detail || account_id FROM activity WHERE kind = 'code_disowned'";
    assert_eq!(app.text(detail), "after it was used1");
}

// SECURITY rule 42: the session that the code began ends, and the admins are told once.
#[actix_web::test]
async fn a_report_of_a_used_code_ends_its_session_and_no_other_and_tells_the_admins() {
    let (app, mira) = with_mira().await;
    for admin in ["admin@acme.test", "second@acme.test"] {
        app.add_account(admin, "");
        app.sql(&format!(
            "UPDATE accounts SET role = 'admin' WHERE email = '{admin}'"
        ));
    }
    let stranger = app.visitor();
    stranger.ask_for_code(MIRA).await;
    let link = app.not_me_link().await;
    stranger.enter(&app.newest_code(MIRA).await).await;
    assert!(stranger.is_in().await);

    for _ in 0..2 {
        disown(&app, &link).await;
    }
    assert!(!stranger.is_in().await);
    assert!(mira.is_in().await);
    let subject = format!("Another person signed in as {MIRA}");
    let report = app.mail_about(&subject).await;
    assert!(
        report.raw.contains("/admin/activity?kind=3Dcode_disowned")
            || report.raw.contains("/admin/activity?kind=code_disowned"),
        "{}",
        report.raw
    );
    let mails = app.mails().await;
    let told: Vec<_> = mails
        .iter()
        .filter(|mail| mail.subject == subject)
        .collect();
    assert_eq!(told.len(), 2);
}

// SECURITY rule 42: the report works as long as a session can last.
#[actix_web::test]
async fn a_used_code_can_be_reported_after_another_request_a_flood_and_a_day() {
    for what in ["another request", "a flood", "a day"] {
        let (app, stranger, link) = asked().await;
        let challenge = stranger.cookie("challenge").unwrap();
        stranger.enter(&app.newest_code(MIRA).await).await;
        match what {
            "another request" => {
                stranger.set_cookie("challenge", &challenge);
                stranger
                    .post("/sign-in/email", &[("email", "ghost@acme.test")])
                    .await;
            }
            "a flood" => {
                app.sql("UPDATE sqlite_sequence SET seq = 200000 WHERE name = 'challenges'");
                app.visitor().ask_for_code("ghost@acme.test").await;
            }
            _ => {
                for _ in 0..4 {
                    app.later(Duration::from_hours(6));
                    assert!(stranger.is_in().await);
                }
                app.server().housekeeping().clean_up().await.unwrap();
            }
        }
        assert!(stranger.is_in().await, "{what}");
        disown(&app, &link).await;
        assert!(!stranger.is_in().await, "{what}");
    }
}

#[actix_web::test]
async fn a_report_after_the_session_has_ended_ends_no_other_one() {
    let (app, stranger, link) = asked().await;
    stranger.enter(&app.newest_code(MIRA).await).await;
    stranger.post("/sign-out", &[]).await;
    let mira = app.visitor();
    mira.sign_in(&app, MIRA).await;
    disown(&app, &link).await;
    assert!(mira.is_in().await);
    assert_eq!(app.number(KINDS), 1);
}

// SECURITY rule 10: a link has 128 unguessable bits and is valid for one challenge.
#[actix_web::test]
async fn a_forged_link_does_nothing() {
    let (app, stranger, link) = asked().await;
    let code = app.newest_code(MIRA).await;
    let real = mark(&link).to_owned();
    let swapped: String = real.chars().rev().collect();
    let cut = &real[..real.len() - 4];
    let changed = format!(
        "{}{}",
        if real.starts_with('A') { "B" } else { "A" },
        &real[1..]
    );
    for forged in [
        "",
        "x",
        swapped.as_str(),
        cut,
        changed.as_str(),
        "%0d%0aSet-Cookie:x",
    ] {
        let path = format!("/sign-in/not-me?link={forged}");
        let page = app.visitor().get(&path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{forged}");
        assert_eq!(page.text("h1"), "This link no longer works");
        disown(&app, &path).await;
    }
    assert_eq!(app.visitor().get("/sign-in/not-me").await.status, 404);
    assert_eq!(app.number(KINDS), 0);
    assert_eq!(stranger.enter(&code).await.location(), "/dashboard");
}

#[actix_web::test]
async fn a_link_to_a_deleted_challenge_gets_a_neutral_page() {
    let (app, _stranger, link) = asked().await;
    app.later(Duration::from_hours(3));
    app.server().housekeeping().clean_up().await.unwrap();
    let page = app.visitor().get(&link).await;
    assert_snapshot!(shown(&app, &page), @r"
    This link no longer works
    Codes work for a few minutes only. The code from that mail can’t be used to sign in any more.
    See your sessions
    localhost:[port]
    ");
    assert_eq!(disown(&app, &link).await.location(), link);
}

// SECURITY rule 29: a link that the older key wrote still works.
#[actix_web::test]
async fn a_new_key_keeps_the_links_of_the_older_one() {
    let (mut app, stranger, link) = asked().await;
    let code = app.newest_code(MIRA).await;
    let older = std::fs::read_to_string(app.data().join("secret.key")).unwrap();
    let new = vestibule::domain::SecretKey::generate(&mut rand::rng());
    app.restart_with(|settings| {
        settings.secret_key = Some(new.expose());
        settings.secret_key_previous = Some(older);
    })
    .await;
    disown(&app, &link).await;
    assert_eq!(app.number(KINDS), 1);
    assert_eq!(stranger.enter(&code).await.status, 422);
}

#[actix_web::test]
async fn the_link_works_while_signed_in_and_every_request_has_its_own() {
    let (app, mira) = with_mira().await;
    let stranger = app.visitor();
    stranger.ask_for_code(MIRA).await;
    let first = app.not_me_link().await;
    stranger.resend().await;
    let second = app.not_me_link().await;
    assert_ne!(first, second);
    assert!(!first.contains(&app.newest_code(MIRA).await));
    let form = [("link", mark(&second))];
    let stopped = mira.post("/sign-in/not-me", &form).await;
    let page = mira.get(stopped.location()).await;
    assert_eq!(page.text("h1"), "That code no longer works");
    assert!(mira.is_in().await);
    let disowned = mira.get("/account/activity").await;
    assert!(disowned.body.contains("“This wasn’t me”"));
}
