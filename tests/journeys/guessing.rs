//! Guessing: many tries at once, many tries in a day.

use std::time::Duration;

use reqwest::StatusCode;

use crate::support::outbox::Mail;
use crate::support::smtp::SmtpServer;
use crate::support::{Answer, TestApp, Visitor, how_many, other_than};

const MIRA: &str = "mira@acme.test";
const AT_ONCE: usize = 50;
const ROUNDS: usize = 20;
const DAY: Duration = Duration::from_hours(24);

// SECURITY rule 3: a try is counted in a separate write before it is compared.
#[actix_web::test]
async fn of_fifty_wrong_codes_at_once_five_are_evaluated_every_time() {
    let app = TestApp::spawn().await;
    for round in 0..ROUNDS {
        let email = format!("p{round}@acme.test");
        app.add_account(&email, "");
        let (visitor, code) = app.asked(&email).await;
        let answers = visitor.enter_at_once(&other_than(&code), AT_ONCE).await;
        assert_eq!(how_many(&answers, StatusCode::UNPROCESSABLE_ENTITY), 5);
        assert_eq!(how_many(&answers, StatusCode::TOO_MANY_REQUESTS), 45);
        let tries = format!("SELECT tries FROM challenges WHERE email = '{email}'");
        assert_eq!(app.number(&tries), 5);
        let evaluated = format!("SELECT count(*) FROM wrong_tries WHERE email = '{email}'");
        assert_eq!(app.number(&evaluated), 5);
        let right = visitor.enter(&code).await;
        assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
        app.later(Duration::from_mins(10)); // Past the window of this network's wrong tries.
    }
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 0);
}

// SECURITY rule 3: consumed by a conditional UPDATE.
#[actix_web::test]
async fn of_fifty_right_codes_at_once_one_begins_a_session_every_time() {
    let app = TestApp::spawn().await;
    for round in 0..ROUNDS {
        let email = format!("p{round}@acme.test");
        app.add_account(&email, "");
        let (visitor, code) = app.asked(&email).await;
        let answers = visitor.enter_at_once(&code, AT_ONCE).await;
        assert_eq!(how_many(&answers, StatusCode::SEE_OTHER), 1);
        let sessions = app.number("SELECT count(*) FROM sessions");
        assert_eq!(sessions, i64::try_from(round).unwrap() + 1);
        app.later(Duration::from_mins(10));
    }
}

/// A stranger from another address each time, with a new challenge for Mira.
async fn stranger(app: &TestApp, number: usize) -> (Visitor, String) {
    let stranger = app.visitor_at(&format!("203.0.113.{}", number % 250));
    assert_eq!(
        stranger.ask_for_code(MIRA).await.location(),
        "/sign-in/code"
    );
    (stranger, app.newest_code(MIRA).await)
}

// SECURITY rule 8: 50 wrong tries an account a day, over challenges, IPs and restarts, with the
// clock moved by hand.
#[actix_web::test]
async fn in_no_twenty_four_hours_is_a_fifty_first_wrong_code_evaluated() {
    let mut app = TestApp::spawn_behind_a_proxy().await;
    let owner = app.signed_in(MIRA).await;
    owner.post("/sign-out", &[]).await;
    let mut evaluated = Vec::new();
    for hour in 0..40 {
        let (stranger, code) = stranger(&app, hour).await;
        for _ in 0..5 {
            let now = app.clock.now();
            let answer = stranger.enter(&other_than(&code)).await;
            match answer.status {
                StatusCode::UNPROCESSABLE_ENTITY => evaluated.push(now),
                status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
            }
        }
        if hour == 12 {
            app.restart_with(|_| {}).await;
        }
        if (10..24).contains(&hour) {
            assert_refused_for_hours(&stranger.enter(&code).await, 24 - hour);
        }
        app.later(Duration::from_hours(1));
    }
    for window in evaluated.windows(51) {
        assert!(window[50].since(window[0]) >= DAY);
    }
    // Ten hours of five tries, a pause until the first are a day old, then the same again.
    assert_eq!(evaluated.len(), 100);
    let rows = app.number("SELECT count(*) FROM wrong_tries");
    assert_eq!(rows, 100);
    owner.sign_in(&app, MIRA).await;
}

#[track_caller]
fn assert_refused_for_hours(answer: &Answer, hours: usize) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), (hours * 3_600).to_string());
    let words = "Too many wrong codes for this address.";
    assert!(answer.text("#code-error").contains(words));
}

// SECURITY rule 8: the owner's known browser has its own budget of 50.
#[actix_web::test]
async fn a_known_browser_gets_in_during_an_attack_and_has_its_own_fifty_tries() {
    let app = TestApp::spawn().await;
    let owner = app.signed_in(MIRA).await;
    owner.post("/sign-out", &[]).await;
    write_down_tries(&app, 50, MIRA);
    let (unknown, code) = app.asked(MIRA).await;
    assert_eq!(
        unknown.enter(&code).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    owner.sign_in(&app, MIRA).await;

    for _ in 0..10 {
        app.later(Duration::from_mins(11));
        owner.ask_for_code(MIRA).await;
        let wrong = other_than(&app.newest_code(MIRA).await);
        for _ in 0..5 {
            let answer = owner.enter(&wrong).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
    }
    app.later(Duration::from_mins(11));
    owner.ask_for_code(MIRA).await;
    let right = app.newest_code(MIRA).await;
    assert_eq!(
        owner.enter(&right).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
}

/// Wrong tries against the first account, from unknown browsers, as if they had been made now.
fn write_down_tries(app: &TestApp, count: usize, email: &str) {
    let now = app.clock.now().0;
    app.sql(&format!(
        "INSERT INTO wrong_tries (email, account_id, tried_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         SELECT '{email}', 1, {now} FROM n"
    ));
}

async fn code_from(smtp: &SmtpServer) -> String {
    Mail::parse(smtp.next_mail().await.data).code()
}

// SECURITY rule 8: 1 000 wrong tries over all accounts: known browsers only, and the admins are
// mailed, once.
#[actix_web::test]
async fn a_thousand_wrong_codes_over_all_accounts_leave_codes_to_known_browsers() {
    let (app, smtp) = TestApp::spawn_with_smtp(|settings| {
        settings.admin_email = Some("ada@acme.test".to_owned());
    })
    .await;
    app.add_account("alan@acme.test", "");
    app.sql("UPDATE accounts SET role = 'admin'");
    app.add_account(MIRA, "");
    let owner = app.visitor();
    owner.ask_for_code(MIRA).await;
    let code = code_from(&smtp).await;
    assert_eq!(owner.enter(&code).await.location(), "/dashboard");
    owner.post("/sign-out", &[]).await;

    write_down_tries(&app, 998, "someone@acme.test");
    let unknown = app.visitor();
    unknown.ask_for_code(MIRA).await;
    let code = code_from(&smtp).await;
    for _ in 0..2 {
        let wrong = unknown.enter(&other_than(&code)).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let mut told = [smtp.next_mail().await, smtp.next_mail().await];
    told.sort_by(|one, other| one.to.cmp(&other.to));
    assert_eq!(told[0].to, ["ada@acme.test"]);
    assert_eq!(told[1].to, ["alan@acme.test"]);
    assert!(told[0].data.contains("Someone is guessing sign-in codes"));

    let refused = unknown.enter(&code).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        refused
            .text("#code-error")
            .contains("Someone is guessing codes")
    );
    app.server().mail().look_again();
    owner.ask_for_code(MIRA).await;
    let code = code_from(&smtp).await;
    assert_eq!(owner.enter(&code).await.location(), "/dashboard");

    app.later(DAY);
    let newcomer = app.visitor();
    newcomer.ask_for_code(MIRA).await;
    let code = code_from(&smtp).await;
    assert_eq!(newcomer.enter(&code).await.location(), "/dashboard");
    let ever_queued = "SELECT seq FROM sqlite_sequence WHERE name = 'outgoing_mails'";
    // The third tells Mira of the newcomer.
    assert_eq!(app.number(ever_queued), 3);
}

// SECURITY rule 8: addresses without an account use nothing of everybody's budget up.
#[actix_web::test]
async fn wrong_codes_for_unknown_addresses_do_not_count_towards_the_overall_budget() {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "");
    write_down_tries(&app, 1_000, "nobody@acme.test");
    app.sql("UPDATE wrong_tries SET account_id = NULL");
    let (mira, code) = app.asked(MIRA).await;
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
}

const ACCOUNTS: usize = 30;

/// Five wrong codes from each of these addresses, against one account after another. Returns how many were evaluated.
async fn guess_from(app: &TestApp, addresses: impl Iterator<Item = String>) -> usize {
    let mut evaluated = 0;
    for (number, ip) in addresses.enumerate() {
        let stranger = app.visitor_at(&ip);
        let email = format!("p{}@acme.test", number % ACCOUNTS);
        stranger.ask_for_code(&email).await;
        let wrong = other_than(&app.newest_code(&email).await);
        for _ in 0..5 {
            let answer = stranger.enter(&wrong).await;
            evaluated += usize::from(answer.status == StatusCode::UNPROCESSABLE_ENTITY);
        }
        if number % 20 == 19 {
            app.later(Duration::from_mins(10)); // Past the windows of ten minutes.
        }
    }
    evaluated
}

// SECURITY rule 36: one /48 cannot reach the limit over all accounts. Many together can.
#[actix_web::test]
async fn one_ipv6_48_does_not_shut_new_browsers_out_and_many_do() {
    let app = TestApp::spawn_behind_a_proxy().await;
    for number in 0..ACCOUNTS {
        app.add_account(&format!("p{number}@acme.test"), "");
    }
    let of_one_48 = (0..240).map(|number| format!("2001:db8:1:{number:x}::1"));
    let evaluated = guess_from(&app, of_one_48).await;
    let newcomer = app.visitor_at("198.51.100.7");
    newcomer.sign_in(&app, "p0@acme.test").await;
    assert_eq!(evaluated, 200);

    let of_many_48s = (0..160).map(|number| format!("2001:db9:{number:x}::1"));
    assert_eq!(guess_from(&app, of_many_48s).await, 800);
    let newcomer = app.visitor_at("198.51.100.8");
    newcomer.ask_for_code("p1@acme.test").await;
    let code = app.newest_code("p1@acme.test").await;
    let refused = newcomer.enter(&code).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let words = refused.text("#code-error");
    assert!(words.contains("Someone is guessing codes"), "{words}");
}
