//! Mail servers that repeat a mail in their replies.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::outbox::Mail;
use crate::support::process::Process;
use crate::support::smtp::{Behaviour, Form, Reply, SmtpServer};
use crate::support::{Visitor, Workplace, until};

const ADA: &str = "ada@acme.test";
const MIRA: &str = "mira@acme.test";

/// Waits until the newest request of Mira has this outcome.
async fn until_outcome(place: &Workplace, outcome: &str) {
    let newest = format!(
        "SELECT count(*) FROM activity WHERE outcome = '{outcome}' AND detail <> '' AND id =
         (SELECT max(id) FROM activity WHERE kind = 'code_requested' AND email = '{MIRA}')"
    );
    until(outcome, async || place.number(&newest) == 1).await;
}

/// Asks for a code for Mira, and gives the subject of the mail that the server answers and repeats.
async fn repeated(
    place: &Workplace,
    server: &SmtpServer,
    reply: u16,
    form: Form,
    outcome: &str,
) -> String {
    server.set_behaviour(Behaviour::plain().replying(Reply::Repeat(reply, form)));
    let asked = place.visitor().ask_for_code(MIRA).await;
    assert_eq!(asked.location(), "/sign-in/code");
    let mail = Mail::parse(server.next_repeated().await.data);
    until_outcome(place, outcome).await;
    if outcome == "queued" {
        server.set_behaviour(Behaviour::plain());
        until_outcome(place, "accepted").await;
    }
    mail.subject
}

/// A place with Ada, an admin who is signed in.
async fn place_with_admin(server: &SmtpServer) -> (Workplace, Process, Visitor) {
    let place = server
        .workplace()
        .with("ADMIN_EMAIL", ADA)
        .with("CODE_LIMIT_ADDRESS", "100");
    assert_eq!(place.run(&["account", "add", MIRA]).await.code, Some(0));
    let console = place.serve(&[]).await;
    let ada = place.visitor();
    ada.ask_for_code(ADA).await;
    let code = until_code(server).await;
    assert_eq!(ada.enter(&code).await.location(), "/dashboard");
    (place, console, ada)
}

/// The code in the next mail that has one; an invitation has none.
async fn until_code(server: &SmtpServer) -> String {
    loop {
        let mail = Mail::parse(server.next_mail().await.data);
        if mail.has_code() {
            return mail.code();
        }
    }
}

/// In no form is a code or an encoded subject in this text, and the text has the server's own words.
#[track_caller]
fn assert_without(text: &str, subjects: &[String]) {
    let joined: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    for subject in subjects {
        let code = subject.get(..6).unwrap();
        assert!(!joined.contains(code), "{code} is in {text}");
        let encoded = STANDARD.encode(subject);
        assert!(!text.contains(&encoded), "{encoded} is in {text}");
    }
    assert!(!text.contains("=?"), "{text}");
    assert!(text.contains("id 7f3a"), "no reply in {text}");
}

// SECURITY rule 38: a reply keeps its codes, and at most 200 characters without code, subject and address.
#[actix_web::test]
async fn a_code_that_a_mail_server_repeats_reaches_no_log_row_page_or_export() {
    let server = SmtpServer::start(Behaviour::plain()).await;
    let (place, console, ada) = place_with_admin(&server).await;
    let mut subjects = Vec::new();
    for form in [
        Form::Plain,
        Form::Split(" "),
        Form::Split("-"),
        Form::EncodedWord,
        Form::QuotedWord,
        Form::Base64,
        Form::QuotedPrintable,
    ] {
        for (reply, outcome) in [(250, "accepted"), (550, "refused")] {
            subjects.push(repeated(&place, &server, reply, form, outcome).await);
        }
    }
    subjects.push(repeated(&place, &server, 451, Form::Plain, "queued").await);
    subjects.push(repeated(&place, &server, 550, Form::Plain, "refused").await);

    for path in [
        "/admin/codes?email=mira@acme.test",
        "/admin/activity",
        "/admin/activity.csv",
        "/admin/health",
    ] {
        let answer = ada.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_without(&answer.body, &subjects);
    }
    let rows = "SELECT count(*) FROM activity WHERE detail LIKE '%@%' OR detail LIKE '%=3%' OR detail LIKE '%sign-in code%'";
    assert_eq!(place.number(rows), 0);
    let log = console.stopped().await.stderr;
    assert_without(&log, &subjects);
    assert!(!log.contains("@acme.test"), "{log}");
    assert!(
        log.contains("was refused: 550 5.7.1 <…>: the mail for … is about \"…\", id 7f3a"),
        "{log}"
    );
    assert!(log.contains("waits 1 s: 451 4.7.1 <…>"), "{log}");
}

// SECURITY rule 38: the address that the operator typed stays; the server's copy of the address is removed.
#[actix_web::test]
async fn the_terminal_shows_the_address_that_was_typed_and_not_the_one_that_the_server_repeats() {
    let server = SmtpServer::start(Behaviour::plain()).await;
    let place = server.workplace();
    for (reply, shown) in [
        (
            250,
            "accepted a mail from Acme Console <console@acme.test> to mira@acme.test: 250 2.7.1 <…>: the mail for …",
        ),
        (
            550,
            "No mail was sent to mira@acme.test: 550 5.7.1 <…>: the mail for …",
        ),
    ] {
        server.set_behaviour(Behaviour::plain().replying(Reply::Repeat(reply, Form::Plain)));
        let said = place.run(&["test-mail", MIRA]).await;
        let said = said.stdout + said.stderr.as_str();
        assert!(said.contains(shown), "{said}");
        assert!(said.contains("is about \"…\", id 7f3a"), "{said}");
    }
}
