use insta::assert_snapshot;
use reqwest::Method;
use reqwest::header::USER_AGENT;

use super::{MIRA, with_mira};
use crate::support::{Answer, TestApp, Visitor};

const SUBJECT: &str = "New sign-in";

fn told(app: &TestApp) -> i64 {
    // Waiting and sent mail: the outbox's file is written before the row is deleted.
    let sent = std::fs::read_dir(app.data().join("outbox")).unwrap();
    let sent = sent
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .filter(|mail| mail.contains("Subject: New sign-in"));
    let waiting = app.number("SELECT count(*) FROM outgoing_mails");
    i64::try_from(sent.count()).unwrap().max(waiting)
}

#[actix_web::test]
async fn a_sign_in_from_a_browser_never_seen_is_told_by_mail() {
    let (app, _first) = with_mira().await;
    assert_eq!(told(&app), 0, "the first sign-in of all is news to nobody");
    let there = app.visitor();
    there.ask_for_code(MIRA).await;
    let code = app.newest_code(MIRA).await;
    let entering = there.request(Method::POST, "/sign-in/code");
    let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36";
    let entering = entering.header(USER_AGENT, chrome).form(&[("code", &code)]);
    let entered = Answer::of(entering.send().await.unwrap()).await;
    assert_eq!(entered.location(), "/dashboard");

    let mail = app.mail_about(SUBJECT).await;
    let port = app.server().address().port().to_string();
    assert_eq!(mail.to, MIRA);
    assert_snapshot!(mail.subject.replace(&port, "[port]"), @"New sign-in to localhost:[port]");
    assert_snapshot!(mail.part("text/plain").replace(&port, "[port]"), @r"
    Your account at localhost:[port] was signed in to from a new browser:

    Chrome on Windows, 127.0.0.1, with an email code, 23 Nov 2026, 12:00 UTC.

    Was it you? Then you don't need to do anything.

    Wasn't you? End that session now.

    See your sessions:
    http://localhost:[port]/account/sessions

    Then tell your admin, and change the password of your mailbox: the code was read there.

    Vestibule, localhost:[port]
    ");
}

#[actix_web::test]
async fn a_browser_that_is_known_is_no_news_to_its_owner() {
    let (app, here) = with_mira().await;
    here.post("/sign-out", &[]).await;
    here.sign_in(&app, MIRA).await;
    assert_eq!(told(&app), 0);
    // Known to Mira's account is not known to Noor's.
    app.signed_in("noor@acme.test").await;
    here.sign_in(&app, "noor@acme.test").await;
    assert_eq!(app.mail_about(SUBJECT).await.to, "noor@acme.test");
    assert_eq!(told(&app), 1);
}

#[actix_web::test]
async fn a_failed_sign_in_sends_no_mail() {
    let (app, _here) = with_mira().await;
    let there = app.visitor();
    there.ask_for_code(MIRA).await;
    let wrong = crate::support::other_than(&app.newest_code(MIRA).await);
    assert_eq!(there.enter(&wrong).await.status, 422);
    assert_eq!(told(&app), 0);
    assert!(!device_is_set(&there));
}

fn device_is_set(visitor: &Visitor) -> bool {
    visitor.cookie("device").is_some()
}
