//! Visitors who fill the database (SECURITY rule 37): rows that anyone can cause are bounded in number and size.

use std::time::Duration;

use reqwest::StatusCode;

use crate::support::{TestApp, Visitor};

const MIRA: &str = "mira@acme.test";
const GHOST: &str = "ghost@acme.test";
/// The rows that each table keeps.
const MOST: i64 = 100_000;

/// Adds the last challenge of a flood. Ids only grow, so its id stands for all challenges before it.
fn flood_of_challenges(app: &TestApp, id: i64) {
    app.sql(&format!(
        "INSERT INTO challenges (id, token_hash, email, code_hash, code_salt, return_to, issued_at, expires_at)
         SELECT {id}, zeroblob(32), email, code_hash, code_salt, return_to, issued_at, expires_at
         FROM challenges ORDER BY id LIMIT 1"
    ));
}

/// Adds the first and the last wrong code of a flood.
fn flood_of_wrong_codes(app: &TestApp, tries: i64) {
    let now = app.clock.now().0;
    app.sql(&format!(
        "INSERT INTO wrong_tries (id, email, tried_at)
         VALUES (1, 'first@acme.test', {now}), ({tries}, 'last@acme.test', {now})"
    ));
}

async fn asked(app: &TestApp, email: &str) -> Visitor {
    let visitor = app.visitor();
    let answer = visitor.ask_for_code(email).await;
    assert_eq!(answer.location(), "/sign-in/code");
    visitor
}

#[actix_web::test]
async fn the_oldest_challenge_gives_way_with_and_without_an_account() {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "");
    let early = [asked(&app, MIRA).await, asked(&app, GHOST).await];
    let (late, code) = app.asked(MIRA).await;
    flood_of_challenges(&app, MOST + 1);
    // This challenge has the id 100 002: the two oldest are too many.
    asked(&app, GHOST).await;
    assert_eq!(
        app.number("SELECT count(*) FROM challenges WHERE id <= 2"),
        0
    );
    let mut answers = Vec::new();
    for visitor in &early {
        let answer = visitor.get("/sign-in/code").await;
        answers.push((answer.status, answer.location().to_owned()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].1, "/sign-in/email");
    assert_eq!(late.enter(&code).await.location(), "/dashboard");
}

#[actix_web::test]
async fn past_the_bound_of_wrong_codes_every_address_gets_the_same_answer() {
    let app = TestApp::spawn().await;
    let known = app.signed_in(MIRA).await;
    let (newcomer, right) = app.asked(MIRA).await;
    let stranger = asked(&app, GHOST).await;
    flood_of_wrong_codes(&app, MOST - 1);
    // This wrong code has the id 100 000.
    let wrong = if right == "123456" {
        "654321"
    } else {
        "123456"
    };
    assert_eq!(
        stranger.enter(wrong).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    for visitor in [newcomer, stranger] {
        let refused = visitor.enter(&right).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        let words = "Someone is guessing codes, so codes work only in browsers that have signed in before. Use one of \
                     those, or ask your admin.";
        assert_eq!(refused.text("[role=alert]"), words);
    }
    assert_eq!(app.number("SELECT max(id) FROM wrong_tries"), MOST);
    known.ask_for_code(MIRA).await;
    let code = app.newest_code(MIRA).await;
    assert_eq!(known.enter(&code).await.location(), "/dashboard");
    app.sql("UPDATE accounts SET role = 'admin'");
    let health = known.get("/admin/health").await;
    let row = "Codes work only in browsers that have signed in before.";
    assert!(health.body.contains(row), "{}", health.body);
}

#[actix_web::test]
async fn old_activity_without_an_account_is_deleted_whatever_caused_it() {
    let app = TestApp::spawn().await;
    let now = app.clock.now().0;
    app.sql(&format!(
        "INSERT INTO activity (at, kind, email)
         SELECT {now}, column1, 'x@acme.test' FROM (VALUES ('code_requested'), ('wrong_code'), ('turned_away'))"
    ));
    app.later(Duration::from_hours(14 * 24 + 1));
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(app.number("SELECT count(*) FROM activity"), 0);
}

#[actix_web::test]
async fn the_newest_activity_of_strangers_is_kept_and_all_of_accounts() {
    let app = TestApp::spawn().await;
    app.signed_in(MIRA).await;
    let of_accounts = "SELECT count(*) FROM activity WHERE account_id IS NOT NULL";
    let before = app.number(of_accounts);
    let now = app.clock.now().0;
    app.sql(&format!(
        "INSERT INTO activity (at, kind, email)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MOST} + 50)
         SELECT {now} + i, 'code_requested', 'x' || i || '@acme.test' FROM n"
    ));
    app.server().housekeeping().clean_up().await.unwrap();
    let strangers = "SELECT count(*) FROM activity WHERE account_id IS NULL";
    assert_eq!(app.number(strangers), MOST);
    assert_eq!(
        app.number("SELECT count(*) FROM activity WHERE email = 'x50@acme.test'"),
        0
    );
    assert_eq!(
        app.number("SELECT count(*) FROM activity WHERE email = 'x51@acme.test'"),
        1
    );
    assert_eq!(app.number(of_accounts), before);
}
