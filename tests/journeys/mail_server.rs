//! Mail servers that do as they should, and those that do not (SECURITY rule 25).

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use vestibule::domain::ClientIp;
use vestibule::domain::{AccountId, ActivityId, BrowserName, Email, SignInCode};
use vestibule::mail::CodeRequestMail;
use vestibule::mail::messages::CodeMail;

use crate::support::outbox::Mail;
use crate::support::smtp::{Behaviour, ReceivedMail, Reply, SmtpServer};
use crate::support::{Answer, TestApp};

const MIRA: &str = "mira@acme.test";
const CAPACITY: usize = 4_000;
const DELIVERIES_AT_ONCE: usize = 4;

/// What of an answer a stranger could compare with another.
fn seen(answer: &Answer) -> (u16, String, String, Vec<String>) {
    let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    let location = answer.location().to_owned();
    (answer.status.as_u16(), location, answer.body.clone(), names)
}

/// Asks for codes for Mira and for people unknown, before her in the alphabet and after: the answers must be the same.
async fn ask_for_known_and_unknown(app: &TestApp) {
    let known = app.visitor().ask_for_code(MIRA).await;
    assert_eq!(known.location(), "/sign-in/code");
    for nobody in ["lena@acme.test", "nobody@acme.test"] {
        let unknown = app.visitor().ask_for_code(nobody).await;
        assert_eq!(seen(&known), seen(&unknown));
    }
}

/// Troubles are not seen in the answer, and delivery resumes by itself when they are over.
async fn comes_through(trouble: Behaviour, well: Behaviour) {
    let server = SmtpServer::start(trouble).await;
    let app = server.console().await;
    app.add_account(MIRA, "");
    ask_for_known_and_unknown(&app).await;
    server.attempt().await;
    ask_for_known_and_unknown(&app).await;
    assert_eq!(server.accepted(), 0);

    server.set_behaviour(well);
    let mails = [server.next_mail().await, server.next_mail().await];
    assert!(mails.iter().all(|mail| mail.to == [MIRA]));
    let [one, other] = mails.map(|mail| Mail::parse(mail.data).code());
    assert_ne!(one, other);
    assert_eq!(app.server().mail().drain(Duration::from_secs(20)).await, 0);
    assert_eq!(server.accepted(), 2);
}

async fn comes_through_replies(reply: Reply) {
    comes_through(Behaviour::plain().replying(reply), Behaviour::plain()).await;
}

#[actix_web::test]
async fn a_deferred_code_is_delivered_later() {
    let server =
        SmtpServer::start(Behaviour::plain().replying(Reply::TemporaryThenAccept(1))).await;
    let app = server.console().await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    mira.ask_for_code(MIRA).await;
    let code = Mail::parse(server.next_mail().await.data).code();
    assert_eq!(server.attempts(), 2);
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
}

#[actix_web::test]
async fn a_mail_server_that_refuses_connections_is_retried_and_never_delays_a_page() {
    comes_through_replies(Reply::DropAfterConnect).await;
}

#[actix_web::test]
async fn a_silent_mail_server_is_retried_and_never_delays_a_page() {
    comes_through_replies(Reply::HangFirst(usize::MAX)).await;
}

#[actix_web::test]
async fn a_dripping_mail_server_is_retried_and_never_delays_a_page() {
    comes_through_replies(Reply::Drip).await;
}

#[actix_web::test]
async fn a_mail_server_that_never_confirms_is_retried_and_never_delays_a_page() {
    comes_through_replies(Reply::HangAfterData).await;
}

#[actix_web::test]
async fn a_refused_login_is_retried_because_the_setting_may_be_fixed() {
    let login = |password| Behaviour::plain().with_login("console", password);
    let server = SmtpServer::start(login("old")).await;
    let app = server.console().await;
    app.add_account(MIRA, "");
    server.set_behaviour(login("new"));
    ask_for_known_and_unknown(&app).await;
    server.attempt().await;
    assert_eq!(server.accepted(), 0);
    server.set_behaviour(login("old"));
    assert_eq!(server.next_mail().await.login.as_deref(), Some("console"));
}

#[actix_web::test]
async fn one_hanging_delivery_does_not_delay_other_mail() {
    let server = SmtpServer::start(Behaviour::plain().replying(Reply::HangFirst(1))).await;
    let app = server.console().await;
    app.add_account(MIRA, "");
    app.add_account("noor@acme.test", "");
    app.visitor().ask_for_code(MIRA).await;
    server.attempt().await;
    app.visitor().ask_for_code("noor@acme.test").await;
    assert_eq!(server.next_mail().await.to, ["noor@acme.test"]);
    assert_eq!(server.accepted(), 1);
}

#[actix_web::test]
async fn a_mailbox_that_does_not_exist_is_given_up_at_once_and_the_next_code_comes() {
    let server = SmtpServer::start(Behaviour::plain().replying(Reply::Permanent)).await;
    let app = server.console().await;
    app.add_account(MIRA, "");
    ask_for_known_and_unknown(&app).await;
    assert_eq!(app.server().mail().drain(Duration::from_secs(20)).await, 0);
    assert_eq!((server.attempts(), server.accepted()), (1, 0));

    server.set_behaviour(Behaviour::plain());
    let mira = app.visitor();
    mira.ask_for_code(MIRA).await;
    let code = Mail::parse(server.next_mail().await.data).code();
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    assert_eq!((server.attempts(), server.accepted()), (2, 1));
}

#[actix_web::test]
async fn the_mail_of_an_expired_code_is_not_retried() {
    let server = SmtpServer::start(Behaviour::plain().replying(Reply::HangAfterData)).await;
    let app = server.console().await;
    app.add_account(MIRA, "");
    app.visitor().ask_for_code(MIRA).await;
    server.attempt().await;
    app.later(Duration::from_mins(10));
    server.set_behaviour(Behaviour::plain());
    assert_eq!(app.server().mail().drain(Duration::from_secs(20)).await, 0);
    assert_eq!((server.attempts(), server.accepted()), (1, 0));
}

#[actix_web::test]
async fn a_code_that_runs_out_before_its_turn_is_not_tried_at_all() {
    let server = SmtpServer::start(Behaviour::plain().replying(Reply::HangAfterData)).await;
    let app = server.console().await;
    for number in 0..=DELIVERIES_AT_ONCE {
        let email = format!("guest{number}@acme.test");
        app.add_account(&email, "");
        app.visitor().ask_for_code(&email).await;
    }
    for _ in 0..DELIVERIES_AT_ONCE {
        server.attempt().await;
    }
    app.later(Duration::from_mins(10));
    server.set_behaviour(Behaviour::plain());
    assert_eq!(app.server().mail().drain(Duration::from_secs(20)).await, 0);
    let seen = (server.attempts(), server.accepted());
    assert_eq!(seen, (DELIVERIES_AT_ONCE, 0));
}

#[actix_web::test]
async fn a_full_queue_does_not_change_the_answer() {
    let server = SmtpServer::start(Behaviour::plain().replying(Reply::HangFirst(usize::MAX))).await;
    let app = server.console().await;
    app.add_account(MIRA, "");
    let mail = app.server().mail();
    for _ in 0..CAPACITY - 1 {
        mail.send_code(CodeRequestMail::Code(code_mail(&app)));
    }
    assert_eq!(mail.drain(Duration::ZERO).await, CAPACITY - 1);
    ask_for_known_and_unknown(&app).await;
    assert_eq!(mail.drain(Duration::ZERO).await, CAPACITY);
    ask_for_known_and_unknown(&app).await;
    assert_eq!(mail.drain(Duration::ZERO).await, CAPACITY);
}

fn code_mail(app: &TestApp) -> CodeMail {
    let now = app.clock.now();
    CodeMail {
        activity_id: ActivityId(0),
        account_id: AccountId(1),
        recipient: Email::parse(MIRA).unwrap(),
        code: SignInCode::generate(&mut rand::rng()),
        lifetime: Duration::from_mins(10),
        browser: BrowserName::from_user_agent(""),
        ip: ClientIp::new(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        issued_at: now,
        expires_at: now.plus(Duration::from_mins(10)),
        not_me: String::new(),
    }
}

#[actix_web::test]
async fn mail_that_waits_in_the_table_is_sent_after_a_restart() {
    let server = SmtpServer::start(Behaviour::plain()).await;
    let mut app = server.console().await;
    let now = app.clock.now().0;
    app.sql(&format!(
        "INSERT INTO outgoing_mails (message_id, recipient, subject, body_text, body_html,
                                     created_at, next_attempt_at, give_up_at)
         VALUES ('<7@acme.test>', '{MIRA}', 'Waiting', 'Words', '<p>Words</p>', {now}, {now}, {now} + 1000000)"
    ));
    assert_eq!(server.attempts(), 0);
    app.restart_with(|_| {}).await;
    let mail = server.next_mail().await;
    assert_eq!(mail.to, [MIRA]);
    for header in [
        "Message-ID: <7@acme.test>",
        "Subject: Waiting",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(mail.data.contains(header), "no {header} in {}", mail.data);
    }
}

/// A code asked for at a real console that trusts the server's certificate.
async fn code_over_tls(behaviour: Behaviour) -> ReceivedMail {
    let server = SmtpServer::start(behaviour.with_login("console", "pass-word")).await;
    let place = server.workplace();
    place.run(&["account", "add", MIRA]).await;
    let _console = place.serve(&[]).await;
    let mira = place.visitor();
    mira.ask_for_code(MIRA).await;
    let received = server.next_mail().await;
    let code = Mail::parse(received.data.clone()).code();
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    received
}

#[actix_web::test]
async fn a_code_goes_over_starttls_after_a_login() {
    let received = code_over_tls(Behaviour::starttls()).await;
    assert!(received.tls);
    assert_eq!(received.login.as_deref(), Some("console"));
}

#[actix_web::test]
async fn a_code_goes_over_implicit_tls_after_a_login() {
    let received = code_over_tls(Behaviour::implicit_tls()).await;
    assert!(received.tls);
    assert_eq!(received.login.as_deref(), Some("console"));
}

#[actix_web::test]
async fn a_mail_server_with_an_untrusted_certificate_gets_no_mail() {
    for behaviour in [Behaviour::starttls(), Behaviour::implicit_tls()] {
        let server = SmtpServer::start(behaviour).await;
        let app = server.console().await;
        app.add_account(MIRA, "");
        ask_for_known_and_unknown(&app).await;
        server.attempt().await;
        server.attempt().await;
        assert_eq!(server.accepted(), 0);
    }
}

#[actix_web::test]
async fn broken_tls_is_tried_again_and_never_replaced_by_plain_text() {
    let broken = Behaviour::starttls().replying(Reply::BrokenTls);
    let server = SmtpServer::start(broken).await;
    let place = server.workplace();
    place.run(&["account", "add", MIRA]).await;
    let _console = place.serve(&[]).await;
    let asked = place.visitor().ask_for_code(MIRA).await;
    assert_eq!(asked.location(), "/sign-in/code");
    server.attempt().await;
    server.set_behaviour(Behaviour::plain());
    server.attempt().await;
    server.set_behaviour(Behaviour::starttls());
    assert!(server.next_mail().await.tls);
    assert_eq!(server.accepted(), 1);
}
