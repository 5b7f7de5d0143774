//! The real binary, serving.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Workplace;
use crate::support::app::free_address;
use crate::support::outbox::Mail;
use crate::support::smtp::{Behaviour, Reply, SmtpServer};

const MIRA: &str = "mira@acme.test";

/// A place where Mira has an account.
async fn place_with_mira() -> Workplace {
    let place = Workplace::empty();
    assert_eq!(place.run(&["account", "add", MIRA]).await.code, Some(0));
    place
}

#[actix_web::test]
async fn the_first_admin_gets_in_with_the_binary_and_a_browser_alone() {
    let place = Workplace::empty();
    let mut console = place.start(&["--admin-email", MIRA]);
    let ready = console.stdout.line_with("Vestibule is ready").await;
    assert_eq!(
        ready.trim(),
        format!("Vestibule is ready. Open {}/ in a browser.", place.url())
    );
    console.stdout.line_with("mira@acme.test is an admin").await;

    let mira = place.visitor();
    assert_eq!(mira.get("/").await.location(), "/sign-in");
    let sign_in = mira.get("/sign-in").await;
    let email_step = sign_in.attribute(".aside a", "href");
    let email_step = mira.get(&email_step).await;
    assert_eq!(email_step.attribute("form", "action"), "/sign-in/email");
    console.let_in(&mira, MIRA).await;
    assert!(mira.get("/dashboard").await.text(".sheet").contains(MIRA));
    let admins = "SELECT count(*) FROM accounts WHERE role = 'admin' AND email = 'mira@acme.test'";
    assert_eq!(place.number(admins), 1);
}

#[actix_web::test]
async fn an_account_added_while_the_server_runs_can_sign_in_at_once() {
    let place = Workplace::empty();
    let mut console = place.serve(&[]).await;
    let mira = place.visitor();
    mira.ask_for_code(MIRA).await;
    assert_eq!(place.run(&["account", "add", MIRA]).await.code, Some(0));
    console.let_in(&mira, MIRA).await;
    assert!(mira.is_in().await);
}

// SECURITY rule 11.
#[actix_web::test]
async fn a_session_that_another_process_ended_is_refused_on_the_next_request() {
    for statement in [
        "DELETE FROM sessions",
        "UPDATE accounts SET suspended_at = 1",
        "DELETE FROM accounts",
    ] {
        let place = place_with_mira().await;
        let mut console = place.serve(&[]).await;
        let mira = place.visitor();
        console.let_in(&mira, MIRA).await;
        assert!(mira.is_in().await);
        assert!(mira.is_in().await);
        place.sql(statement);
        assert!(!mira.is_in().await, "still in after {statement}");
    }
}

#[actix_web::test]
async fn the_reference_on_an_error_page_is_in_the_log_with_its_cause() {
    let place = place_with_mira().await;
    let console = place.serve(&[]).await;
    let missing = place.visitor().get("/nowhere").await;
    let sent = place.visitor().get("/dashboard").await;
    assert!(sent.location().starts_with("/sign-in"), "{sent:?}");
    let reference = missing.text("code");
    assert_eq!(reference, missing.header("x-request-id"));
    let finished = console.stopped().await;
    let line = finished
        .stderr
        .lines()
        .find(|line| line.contains(&reference));
    assert!(
        line.is_some_and(|line| line.ends_with("GET /nowhere: no such page")),
        "{finished:?}"
    );
    assert!(line.is_some_and(|line| line.contains("INFO")), "{line:?}");
    // A redirect to the sign-in page is not logged.
    assert!(!finished.stderr.contains(sent.header("x-request-id")));
}

#[actix_web::test]
async fn a_fault_of_ours_is_an_error_in_the_log_and_not_a_message_among_many() {
    let place = place_with_mira().await;
    let console = place.serve(&[]).await;
    place.sql("ALTER TABLE challenges RENAME TO gone");
    let failed = place.visitor().ask_for_code(MIRA).await;
    assert_eq!(failed.status, 500);
    let reference = failed.text("code");
    let finished = console.stopped().await;
    let mut lines = finished.stderr.lines();
    let line = lines.find(|line| line.contains(&reference)).unwrap();
    assert!(
        line.contains("ERROR") && line.contains("challenges"),
        "{line}"
    );
}

#[actix_web::test]
async fn a_second_server_on_the_same_folder_is_refused() {
    let place = place_with_mira().await;
    let _first = place.serve(&[]).await;
    let second = free_address();
    let refused = place.run(&["serve", "--listen", &second]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("another server runs on the folder"),
        "{refused:?}"
    );
}

/// A request whose body comes after the signal is answered, and the code it asked for is sent.
async fn stops_gracefully_after(signal: &str) {
    let place = place_with_mira().await;
    let mut console = place.serve(&[]).await;
    let mut slow = connection(&place).await;
    let body = "email=mira@acme.test";
    let head = format!(
        "POST /sign-in/email HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    assert!(answer(&mut slow).await.starts_with("HTTP/1.1 100 Continue"));

    console.signal(signal);
    console.stderr.line_with("stopping").await;
    slow.write_all(body.as_bytes()).await.unwrap();
    assert!(answer(&mut slow).await.starts_with("HTTP/1.1 303"));
    let ended = console.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("The code for mira@acme.test is"));
    assert!(ended.stderr.contains("] stopped\n"), "{}", ended.stderr);
}

async fn connection(place: &Workplace) -> TcpStream {
    let address = place.url().replace("http://localhost", "127.0.0.1");
    TcpStream::connect(address).await.unwrap()
}

/// The head of the next answer.
async fn answer(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[actix_web::test]
async fn a_request_in_flight_is_finished_after_sigterm() {
    stops_gracefully_after("TERM").await;
}

#[actix_web::test]
async fn a_request_in_flight_is_finished_after_sigint() {
    stops_gracefully_after("INT").await;
}

#[actix_web::test]
async fn a_code_that_waits_is_sent_before_the_end() {
    let deferring = Behaviour::plain().replying(Reply::TemporaryThenAccept(1));
    let server = SmtpServer::start(deferring).await;
    let place = server.workplace();
    place.run(&["account", "add", MIRA]).await;
    let mut console = place.serve(&[]).await;
    let mira = place.visitor();
    mira.ask_for_code(MIRA).await;
    console.stderr.line_with("waits 1 s").await;
    assert_eq!(server.accepted(), 0);
    let ended = console.stopped().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.accepted(), 1);

    let _again = place.serve(&[]).await;
    let code = Mail::parse(server.next_mail().await.data).code();
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
}

#[actix_web::test]
async fn an_idle_connection_does_not_keep_the_server_from_stopping() {
    let place = Workplace::empty();
    let console = place.serve(&[]).await;
    let mut idle = connection(&place).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    assert!(answer(&mut idle).await.starts_with("HTTP/1.1 200"));
    let _silent = connection(&place).await;
    assert_eq!(console.stopped().await.code, Some(0));
}

#[actix_web::test]
async fn a_second_start_keeps_the_sessions_and_the_key() {
    let place = place_with_mira().await;
    let mut console = place.serve(&[]).await;
    let mira = place.visitor();
    console.let_in(&mira, MIRA).await;
    let path = place.path().join("data/secret.key");
    let key = fs::read_to_string(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(console.stopped().await.code, Some(0));

    let _again = place.serve(&[]).await;
    assert!(mira.is_in().await);
    assert_eq!(fs::read_to_string(&path).unwrap(), key);
}

// SECURITY rule 4.
#[actix_web::test]
async fn the_whole_log_of_a_sign_in_holds_no_code_no_token_and_no_cookie() {
    let server = SmtpServer::start(Behaviour::starttls().with_login("console", "pass-word")).await;
    let place = server.workplace().with("RUST_LOG", "trace");
    place.run(&["account", "add", MIRA]).await;
    let console = place.serve(&[]).await;
    let mira = place.visitor();
    mira.ask_for_code(MIRA).await;
    let older = Mail::parse(server.next_mail().await.data).code();
    mira.post("/sign-in/code/resend", &[]).await;
    let code = Mail::parse(server.next_mail().await.data).code();
    let challenge = mira.cookie("challenge").unwrap();
    mira.enter(&older).await;
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    let cookies = ["session", "device"].map(|name| mira.cookie(name).unwrap());
    assert!(mira.is_in().await);
    mira.post("/sign-out", &[]).await;
    let ended = console.stopped().await;

    assert!(ended.stderr.contains("TRACE"), "{}", ended.stderr);
    assert!(ended.stderr.contains("account 1 signed in"));
    let key = fs::read_to_string(place.path().join("data/secret.key")).unwrap();
    let [session, device] = cookies;
    let token = session.split(['=', '%']).next_back().unwrap().to_owned();
    assert!(token.len() > 30, "{session}");
    for secret in [
        older,
        code,
        challenge,
        session,
        token,
        device,
        key.trim().to_owned(),
        "pass-word".to_owned(),
    ] {
        for said in [&ended.stderr, &ended.stdout] {
            assert!(!said.contains(&secret), "{secret} is in\n{said}");
        }
    }
}
