//! No answer reveals whether an address has an account, or of which kind.

use std::time::Duration;

use crate::support::{Answer, TestApp, Visitor};

/// All of one length, so that answers that show them are too.
pub(crate) const ADDRESSES: [&str; 5] = [
    "known@acme.test",
    "ghost@acme.test",
    "pause@acme.test",
    "fresh@acme.test",
    "moved@acme.test",
];

/// An account of every kind, and an address without one.
async fn app_with_every_kind() -> TestApp {
    let app = TestApp::spawn().await;
    add_every_kind(&app);
    app
}

pub(crate) fn add_every_kind(app: &TestApp) {
    for email in ADDRESSES.iter().filter(|email| !email.starts_with("ghost")) {
        app.add_account(email, "");
    }
    for (email, change) in [
        ("pause@acme.test", "suspended_at = 1"),
        ("fresh@acme.test", "confirmed_at = NULL"),
        ("moved@acme.test", "moved_at = 1"),
    ] {
        app.sql(&format!(
            "UPDATE accounts SET {change} WHERE email = '{email}'"
        ));
    }
}

/// All that can be seen of an answer, less what is random and the address itself. Headers come in
/// no particular order.
pub(crate) fn portrait(answer: &Answer, email: &str) -> String {
    let mut lines: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
        .map(
            |(name, value)| match (name.as_str(), value.to_str().unwrap()) {
                ("set-cookie", line) => without_token(line),
                (name, value) => format!("{name}: {value}"),
            },
        )
        .collect();
    lines.sort();
    let body = answer.body.replace(email, "ADDRESS");
    format!("{}\n{}\n\n{body}", answer.status, lines.join("\n"))
}

fn without_token(line: &str) -> String {
    let (cookie, attributes) = line.split_once(';').unwrap();
    let (name, token) = cookie.split_once('=').unwrap();
    format!("{name} of {} characters;{attributes}", token.len())
}

/// Runs the same journey with every kind of address, each in a new browser. Asserts that the last answers
/// agree, and returns what they share.
async fn one_answer_for_all(journey: impl AsyncFn(&Visitor, &str) -> Answer) -> String {
    let app = app_with_every_kind().await;
    let mut portraits = Vec::new();
    for email in ADDRESSES {
        let visitor = app.visitor();
        portraits.push(portrait(&journey(&visitor, email).await, email));
    }
    the_only(portraits)
}

/// The portrait that all of these are.
#[track_caller]
pub(crate) fn the_only(portraits: Vec<String>) -> String {
    for other in &portraits[1..] {
        assert_eq!(portraits[0], *other);
    }
    portraits.into_iter().next().unwrap()
}

const ASK: &str = "/sign-in/email";
const ENTER: &str = "/sign-in/code";
const RESEND: &str = "/sign-in/code/resend";

// SECURITY rule 5: same status, same body, same headers.
#[actix_web::test]
async fn asking_for_a_code_looks_the_same_for_every_address() {
    let page = one_answer_for_all(async |visitor, email| visitor.ask_for_code(email).await).await;
    assert!(page.starts_with("303 See Other"));
    assert!(page.contains("challenge of 43 characters"));

    let fragment = one_answer_for_all(async |visitor, email| {
        visitor.post_fragment(ASK, &[("email", email)]).await
    })
    .await;
    assert!(fragment.starts_with("200 OK") && fragment.contains("ADDRESS"));
}

// SECURITY rule 5: the code page too.
#[actix_web::test]
async fn the_code_step_looks_the_same_for_every_address() {
    let page = one_answer_for_all(async |visitor, email| {
        visitor.ask_for_code(email).await;
        visitor.get(ENTER).await
    })
    .await;
    assert!(page.starts_with("200 OK") && page.contains("<html") && page.contains("ADDRESS"));

    let fragment = one_answer_for_all(async |visitor, email| {
        visitor.ask_for_code(email).await;
        visitor.get_fragment(ENTER).await
    })
    .await;
    assert!(fragment.starts_with("200 OK") && !fragment.contains("<html"));
}

// SECURITY rule 5: a wrong code too, from the first to the one too many.
#[actix_web::test]
async fn a_wrong_code_looks_the_same_for_every_address() {
    let page = one_answer_for_all(async |visitor, email| {
        visitor.ask_for_code(email).await;
        visitor.enter("123456").await
    })
    .await;
    assert!(page.starts_with("422"));

    let fragment = one_answer_for_all(async |visitor, email| {
        visitor.ask_for_code(email).await;
        visitor.post_fragment(ENTER, &[("code", "123456")]).await
    })
    .await;
    assert!(fragment.starts_with("422") && fragment.contains("isn’t right"));

    let spent = one_answer_for_all(async |visitor, email| {
        visitor.ask_for_code(email).await;
        for _ in 0..5 {
            visitor.enter("123456").await;
        }
        visitor.enter("123456").await
    })
    .await;
    assert!(spent.starts_with("429") && spent.contains("Too many wrong codes. Send a new one."));
}

// SECURITY rule 5: a new code in the same browser too.
#[actix_web::test]
async fn a_new_code_looks_the_same_for_every_address() {
    let page = one_answer_for_all(async |visitor, email| {
        visitor.ask_for_code(email).await;
        visitor.resend().await
    })
    .await;
    assert!(page.starts_with("303 See Other"));

    let fragment = one_answer_for_all(async |visitor, email| {
        visitor.ask_for_code(email).await;
        visitor.post_fragment(RESEND, &[]).await
    })
    .await;
    assert!(fragment.contains("A new code is on its way."));
}

// SECURITY rule 5: a full window too. Five addresses, eleven requests each, stay below what one
// network may ask for.
#[actix_web::test]
async fn a_full_window_looks_the_same_for_every_address() {
    let page = one_answer_for_all(async |visitor, email| {
        for _ in 0..10 {
            visitor.ask_for_code(email).await;
        }
        visitor.ask_for_code(email).await
    })
    .await;
    assert!(page.starts_with("429") && page.contains("Wait one minute before asking"));

    let fragment = one_answer_for_all(async |visitor, email| {
        for _ in 0..10 {
            visitor.ask_for_code(email).await;
        }
        visitor.post_fragment(RESEND, &[]).await
    })
    .await;
    assert!(fragment.starts_with("429") && !fragment.contains("<html"));
}

// SECURITY rule 5: and so does a day's budget of wrong tries that is used up.
#[actix_web::test]
async fn a_spent_budget_looks_the_same_for_every_address() {
    let app = app_with_every_kind().await;
    let moment = app.clock.now().0;
    app.later(Duration::from_mins(1));
    let mut portraits = Vec::new();
    for email in ADDRESSES {
        app.sql(&format!(
            "INSERT INTO wrong_tries (email, account_id, tried_at)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
             SELECT '{email}', (SELECT id FROM accounts WHERE email = '{email}'), {moment} FROM n"
        ));
        let visitor = app.visitor();
        visitor.ask_for_code(email).await;
        portraits.push(portrait(&visitor.enter("123456").await, email));
    }
    let spent = the_only(portraits);
    assert!(spent.starts_with("429") && spent.contains("in 24 hours"));
}

// SECURITY rule 5: the same rows are written; only an account that may sign in gets mail.
#[actix_web::test]
async fn every_address_gets_the_same_row_and_only_the_known_one_gets_mail() {
    let app = app_with_every_kind().await;
    app.sql(
        "UPDATE accounts SET moved_at = NULL, suspended_at = 1 WHERE email = 'moved@acme.test'",
    );
    for email in ADDRESSES {
        app.visitor().ask_for_code(email).await;
    }
    assert_eq!(app.number("SELECT count(*) FROM challenges"), 5);
    let kinds = "SELECT count(DISTINCT length(code_hash) || expires_at || tries) FROM challenges";
    assert_eq!(app.number(kinds), 1);
    let mails = app.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "known@acme.test");
}
