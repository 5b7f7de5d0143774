//! The mail that carries a code, as a mail server gets it.

use insta::assert_snapshot;
use reqwest::Method;
use reqwest::header::USER_AGENT;
use scraper::{Html, Selector};
use vestibule::mail::messages::{Letterhead, guessing_notice};

use crate::support::outbox::Mail;
use crate::support::smtp::{Behaviour, SmtpServer};
use crate::support::visitor::words;
use crate::support::{TestApp, Visitor};

/// A mail server, a console that uses it, and Mira, who has an account.
async fn console() -> (SmtpServer, TestApp, Visitor) {
    let server = SmtpServer::start(Behaviour::plain()).await;
    let app = server.console().await;
    app.add_account("mira@acme.test", "Mira Bell");
    let mira = app.visitor();
    (server, app, mira)
}

/// A text without what differs from mail to mail.
fn redacted(text: &str, mail: &Mail, app: &TestApp) -> String {
    let port = app.server().address().port().to_string();
    let boundary = between(&mail.raw, "boundary=\"", "\"");
    let id = between(&mail.raw, "Message-ID: <", "@");
    let html = mail.part("text/html");
    let not_me = between(&html, "?link=", "\"");
    text.replace(&mail.code(), "[code]")
        .replace(boundary, "[boundary]")
        .replace(id, "[random]")
        .replace(not_me, "[link]")
        .replace(&port, "[port]")
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

#[actix_web::test]
async fn the_mail_states_the_code_its_lifetime_the_requester_and_what_to_do() {
    let (server, app, mira) = console().await;
    mira.ask_for_code("mira@acme.test").await;
    let received = server.next_mail().await;
    assert_eq!(received.from, "console@acme.test");
    assert_eq!(received.to, ["mira@acme.test"]);

    let mail = Mail::parse(received.data);
    let shown = |text: &str| redacted(text, &mail, &app);
    assert_snapshot!(shown(&mail.headers()), @r#"
    From: "Acme Console" <console@acme.test>
    To: mira@acme.test
    Subject: [code] is your sign-in code for localhost:[port]
    Message-ID: <[random]@acme.test>
    Date: Mon, 23 Nov 2026 12:00:00 +0000
    Auto-Submitted: auto-generated
    MIME-Version: 1.0
    Content-Type: multipart/alternative; boundary="[boundary]"
    "#);
    assert_snapshot!(shown(&mail.part("text/plain")), @r"
    Enter this code to sign in to localhost:[port]:

    [code]

    It works for 10 minutes, in the browser that asked for it.

    Requested from Firefox on Linux, 127.0.0.1, 23 Nov 2026, 12:00 UTC. Wasn't you? You can ignore this mail, or cancel the code:
    http://localhost:[port]/sign-in/not-me?link=[link]

    @localhost #[code]
    ");
    assert_snapshot!(shown(&words(&mail.part("text/html"))), @r"
    [code] is your code. It works for 10 minutes.
    Vestibule
    Enter this code to sign in to localhost:[port]:
    [code]
    It works for 10 minutes, in the browser that asked for it.
    Requested from Firefox on Linux, 127.0.0.1, 23 Nov 2026, 12:00 UTC. Wasn't you? You can ignore this mail, or
    cancel the code
    .
    @localhost #[code]
    ");
    assert_eq!(mira.enter(&mail.code()).await.location(), "/dashboard");
}

#[actix_web::test]
async fn no_two_mails_have_the_same_message_id() {
    let (server, _app, mira) = console().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        mira.ask_for_code("mira@acme.test").await;
        let mail = server.next_mail().await.data;
        ids.push(between(&mail, "Message-ID: <", "@acme.test>").to_owned());
    }
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.len() == 32), "{ids:?}");
}

// People look for the code in the newest mail. A mail server may accept two simultaneous mails in another
// order; the outbox keeps the order.
#[actix_web::test]
async fn mails_that_are_asked_for_at_once_leave_in_the_order_of_the_requests() {
    let app = TestApp::spawn().await;
    app.add_account("mira@acme.test", "");
    let visitors: Vec<_> = (0..10).map(|_| app.visitor()).collect();
    for visitor in &visitors {
        visitor.ask_for_code("mira@acme.test").await;
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), visitors.len());
    for (visitor, mail) in visitors.iter().zip(mails) {
        assert_eq!(visitor.enter(&mail.code()).await.location(), "/dashboard");
    }
}

#[actix_web::test]
async fn reading_the_mail_loads_nothing_from_the_network() {
    let (server, _app, mira) = console().await;
    mira.ask_for_code("mira@acme.test").await;
    let html = Mail::parse(server.next_mail().await.data).part("text/html");
    assert!(html.contains("Enter this code to sign in to"));
    assert!(html.len() < 20_000, "{} bytes", html.len());
    let fetching = "[src], [srcset], [background], [data], [poster], link, script, svg";
    let fetching = Selector::parse(fetching).unwrap();
    assert_eq!(Html::parse_document(&html).select(&fetching).count(), 0);
    for words in ["url(", "@import"] {
        assert!(!html.contains(words), "{words} in {html}");
    }
    // The one address in it is a link, which is opened by hand.
    assert_eq!(html.matches("//").count(), 1, "{html}");
    assert!(
        html.contains("<a class=\"link\" href=\"http://localhost:"),
        "{html}"
    );
}

// SECURITY rules 6 and 7.
#[actix_web::test]
async fn nothing_typed_or_sent_by_a_visitor_reaches_a_mail_header() {
    let (server, app, mira) = console().await;
    mira.ask_for_code("mira@acme.test").await;
    let usual = Mail::parse(server.next_mail().await.data);

    let strange = mira
        .request(Method::POST, "/sign-in/email")
        .header(USER_AGENT, "Mallory/1.0\tBcc: eve@evil.test")
        .header("X-Forwarded-For", "mallory")
        .header("Host", "mallory.test")
        .form(&[("email", "MIRA@acme.TEST")]);
    assert_eq!(strange.send().await.unwrap().status(), 303);
    let received = server.next_mail().await;
    assert_eq!(received.to, ["mira@acme.test"]);
    let strange = Mail::parse(received.data);

    assert_eq!(
        redacted(&strange.headers(), &strange, &app),
        redacted(&usual.headers(), &usual, &app)
    );
    for typed in ["Mallory", "mallory", "eve@", "MIRA", "acme.TEST"] {
        assert!(!strange.raw.contains(typed), "{typed} in {}", strange.raw);
    }
    assert!(
        strange
            .raw
            .contains("Requested from an unknown browser, 127.0.0.1")
    );
}

// SECURITY rule 7.
#[actix_web::test]
async fn an_address_that_would_end_its_header_gets_no_mail() {
    let (server, app, mira) = console().await;
    for typed in [
        "mira@acme.test\r\nBcc: eve@evil.test",
        "mira@acme.test\nBcc: eve@evil.test",
        "mira@acme.test\0",
        "mira@acme.test, eve@evil.test",
        "mira@acme.test> RCPT TO:<eve@evil.test",
        "\"mira@acme.test\"@evil.test",
    ] {
        let answer = mira.ask_for_code(typed).await;
        assert_eq!(answer.status, 422, "{typed:?} was taken");
    }
    assert!(app.mails().await.is_empty());
    assert_eq!(server.attempts(), 0);
}

#[actix_web::test]
async fn admins_are_mailed_about_a_guessing_attack() {
    let notice = guessing_notice();
    let letterhead = Letterhead::new("Acme & Söhne".to_owned(), "acme.test".to_owned(), None);
    let letter = notice.rendered(&letterhead);
    let text = letter.text.replace("\r\n\r\n", "\n");
    assert_eq!(
        words(&letter.html),
        format!("{}\nAcme & Söhne\n{}", notice.preheader, text.trim())
    );
    assert_snapshot!(format!("{}\n\n{}", letter.subject, letter.text), @r"
    Someone is guessing sign-in codes

    1000 wrong sign-in codes were entered in the last 24 hours, from browsers that had never signed in. Someone is probably guessing codes.

    Codes now work only in browsers that have signed in to the same account before. This limit ends by itself once fewer wrong codes arrive in 24 hours.

    You don't need to do anything. If people can't sign in, ask them to use a browser that they have signed in with before. The server's log lists the addresses that the wrong codes came from.

    Acme & Söhne, acme.test
    ");
}
