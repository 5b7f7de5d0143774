//! `vestibule test-mail`

use std::time::Duration;

use super::{MIRA, assert_failed, assert_fine, assert_misused};
use crate::support::Workplace;
use crate::support::app::free_address;
use crate::support::outbox::read_outbox;
use crate::support::smtp::{Behaviour, Reply, SmtpServer};

#[actix_web::test]
async fn a_test_mail_is_sent_at_once_and_the_servers_answer_is_shown() {
    let login = Behaviour::starttls().with_login("console", "pass-word");
    let server = SmtpServer::start(login).await;
    let said = assert_fine(server.workplace().run(&["test-mail", MIRA]).await);
    assert!(said.contains("250 2.0.0 accepted"), "{said}");
    let mail = server.next_mail().await;
    assert_eq!(mail.to, [MIRA]);
    assert!(mail.tls && mail.data.contains("Subject: A test mail from localhost"));
}

#[actix_web::test]
async fn a_failed_test_mail_states_its_cause_and_fix() {
    let refusing = SmtpServer::start(Behaviour::plain().replying(Reply::Permanent)).await;
    let refused = refusing.workplace().run(&["test-mail", MIRA]).await;
    assert_failed(&refused, &["550", "no such user", "Check the address"]);

    let server = SmtpServer::start(Behaviour::starttls().with_login("console", "pass-word")).await;
    let wrong = server.url().replace("pass-word", "hunter2");
    let place = server.workplace().with("SMTP_URL", wrong);
    let denied = place.run(&["test-mail", MIRA]).await;
    assert_failed(&denied, &["535", "the user and the password"]);
    assert!(!denied.stderr.contains("hunter2"), "{}", denied.stderr);

    let untrusted = server.workplace().with("SSL_CERT_FILE", "/dev/null");
    let distrusted = untrusted.run(&["test-mail", MIRA]).await;
    assert_failed(&distrusted, &["SSL_CERT_FILE"]);

    let nobody = Workplace::empty()
        .with("SMTP_URL", format!("smtp://{}", free_address()))
        .with("MAIL_FROM", "console@acme.test");
    let unheard = nobody.run(&["test-mail", MIRA]).await;
    assert_failed(&unheard, &["refused", "the host and the port"]);
    assert_eq!(server.accepted() + refusing.accepted(), 0);
}

#[actix_web::test]
async fn without_a_mail_server_a_test_mail_is_written_and_said_not_to_be_sent() {
    let place = Workplace::empty();
    let said = assert_fine(place.run(&["test-mail", MIRA]).await);
    assert!(said.contains("Nothing was sent"), "{said}");
    let mails = read_outbox(&place.path().join("data/outbox"));
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, MIRA);
    assert_misused(
        &place.run(&["test-mail", "mira"]).await,
        &["not an email address"],
    );
}

// SECURITY rule 25: a mail server's words are a stranger's.
#[actix_web::test]
async fn control_characters_in_a_mail_servers_answer_reach_no_terminal_and_no_page() {
    let server = SmtpServer::start(Behaviour::plain().replying(Reply::AcceptInColour)).await;
    let app = server.console().await;
    app.add_account(MIRA, "");
    let said = assert_fine(server.workplace().run(&["test-mail", MIRA]).await);
    assert!(
        said.contains("250 2.0.0 \u{fffd}[31maccepted\u{fffd}\n"),
        "{said:?}"
    );
    app.visitor().ask_for_code(MIRA).await;
    let newest = "SELECT outcome || ': ' || detail FROM activity ORDER BY id DESC LIMIT 1";
    app.server().mail().drain(Duration::from_secs(20)).await;
    assert_eq!(
        app.text(newest),
        "accepted: 250 2.0.0 \u{fffd}[31maccepted\u{fffd}"
    );

    server.set_behaviour(Behaviour::plain().replying(Reply::PermanentInColour));
    let refused = server.workplace().run(&["test-mail", MIRA]).await;
    assert_failed(&refused, &["no \u{fffd}[31msuch\u{fffd} user"]);
    app.visitor().ask_for_code(MIRA).await;
    app.server().mail().drain(Duration::from_secs(20)).await;
    let noted = app.text(newest);
    assert!(
        noted.contains("refused: ") && noted.contains("no \u{fffd}[31msuch\u{fffd} user"),
        "{noted:?}"
    );
}
