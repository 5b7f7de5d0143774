//! `vestibule code`: SECURITY rule 2's one exception.

use std::fs;
use std::time::Duration;

use futures::future::join_all;
use reqwest::StatusCode;

use super::{MIRA, NOOR, app_of_today, assert_failed, assert_fine, assert_misused, terminal};
use crate::support::hostile::{CLIENT_ID, Hostile};
use crate::support::{Answer, TestApp, Visitor, Workplace, other_than};

/// The code that the terminal shows.
async fn code_on(terminal: &Workplace, email: &str) -> String {
    let shown = assert_fine(terminal.run(&["code", email]).await);
    let alone = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    let code = shown.lines().map(str::trim).find(alone);
    code.unwrap_or_else(|| panic!("no code in {shown}"))
        .to_owned()
}

async fn asking(app: &TestApp, email: &str) -> Visitor {
    let visitor = app.visitor();
    assert_eq!(
        visitor.ask_for_code(email).await.location(),
        "/sign-in/code"
    );
    visitor
}

async fn assert_not_taken(visitor: &Visitor, code: &str) {
    assert_eq!(
        visitor.enter(code).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

// SECURITY rule 2: accepted once, by any open challenge for that address. Rule 4: kept as a hash.
#[actix_web::test]
async fn an_operators_code_lets_its_person_in_once_from_any_browser_that_asked() {
    let app = app_of_today(|_| {}).await;
    app.add_account(MIRA, "");
    app.add_account(NOOR, "");
    let (mira, again, noor) = (
        asking(&app, MIRA).await,
        asking(&app, MIRA).await,
        asking(&app, NOOR).await,
    );
    let terminal = terminal(&app);
    let made = terminal.run(&["code", "Mira@ACME.test"]).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    for words in ["once, for 10 minutes", "use email code", "sign-in page"] {
        assert!(made.stdout.contains(words), "{}", made.stdout);
    }
    let code = code_on(&terminal, MIRA).await;
    assert_not_taken(&noor, &code).await;
    assert_not_taken(&app.visitor(), &code).await;
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    assert!(mira.is_in().await);
    assert_not_taken(&again, &code).await;
    assert_eq!(app.number("SELECT count(*) FROM operator_codes"), 0);
    let noted =
        "SELECT count(*) FROM activity WHERE kind = 'operator_code' AND actor = 'command line'
                 AND email = 'mira@acme.test' AND account_id = 1 AND detail = ''";
    assert_eq!(app.number(noted), 2);
    let own = app.newest_code(MIRA).await;
    assert_eq!(again.enter(&own).await.location(), "/dashboard");
}

#[actix_web::test]
async fn a_sign_in_with_an_operator_code_is_recorded_as_such() {
    let app = app_of_today(|_| {}).await;
    app.signed_in(MIRA).await;
    let mira = asking(&app, MIRA).await;
    let code = code_on(&terminal(&app), MIRA).await;
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    let mail = app.mail_about("New sign-in").await.part("text/plain");
    assert!(
        mail.contains("with a code from an operator of the server, "),
        "{mail}"
    );
    assert!(!mail.contains("read a mail"), "{mail}");
    let own = mira.get("/account/activity").await.text(".rows");
    assert!(own.contains("· operator’s code ·"), "{own}");
    app.sql("UPDATE accounts SET role = 'admin'");
    let page = mira.get("/admin/activity?kind=signed_in").await;
    assert!(page.text("main li.row").contains("with an operator’s code"));
}

// SECURITY rules 1 and 2: a new one replaces the older, and none works for longer than ten minutes.
#[actix_web::test]
async fn an_operators_code_works_for_ten_minutes_and_until_the_next_one() {
    let app = app_of_today(|_| {}).await;
    app.add_account(MIRA, "");
    let terminal = terminal(&app);
    let older = code_on(&terminal, MIRA).await;
    let mut newer = code_on(&terminal, MIRA).await;
    while newer == older {
        newer = code_on(&terminal, MIRA).await;
    }
    assert_not_taken(&asking(&app, MIRA).await, &older).await;
    app.later(Duration::from_mins(9));
    let mira = asking(&app, MIRA).await;
    // The terminal's clock is the machine's: some seconds ahead of where this server's stands.
    app.later(Duration::from_secs(40));
    assert_eq!(mira.enter(&newer).await.location(), "/dashboard");

    let last = code_on(&terminal, MIRA).await;
    app.later(Duration::from_mins(10));
    assert_not_taken(&asking(&app, MIRA).await, &last).await;
}

// SECURITY rule 2: also for an account that has moved to WorkOS, while no code is due.
#[actix_web::test]
async fn an_operator_code_works_for_a_moved_account() {
    let now = vestibule::clock::Clock::system().now();
    let provider = Hostile::start(now).await;
    let app = TestApp::spawn_at(now, |settings| {
        settings.workos_client_id = Some(CLIENT_ID.to_owned());
        settings.workos_api_key = Some("sk_test_made_up".to_owned());
        settings.workos_api_url = Some(provider.url.clone());
    })
    .await;
    app.add_account(MIRA, "");
    app.sql("UPDATE accounts SET moved_at = 1");
    let mira = asking(&app, MIRA).await;
    let outcome = "SELECT outcome FROM activity WHERE kind = 'code_requested'";
    assert_eq!(app.text(outcome), "moved");
    let code = code_on(&terminal(&app), MIRA).await;
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
}

// SECURITY rule 2: also for an admin who gets no email code (`ADMIN_SIGN_IN=workos`).
#[actix_web::test]
async fn an_operator_code_works_for_an_admin_who_gets_no_code() {
    let now = vestibule::clock::Clock::system().now();
    let provider = Hostile::start(now).await;
    let app = TestApp::spawn_at(now, |settings| {
        settings.workos_client_id = Some(CLIENT_ID.to_owned());
        settings.workos_api_key = Some("sk_test_made_up".to_owned());
        settings.workos_api_url = Some(provider.url.clone());
        settings.admin_sign_in = Some("workos".to_owned());
    })
    .await;
    app.add_account(MIRA, "");
    app.sql("UPDATE accounts SET role = 'admin'");
    let mira = asking(&app, MIRA).await;
    let outcome = "SELECT outcome FROM activity WHERE kind = 'code_requested'";
    assert_eq!(app.text(outcome), "admins_use_workos");
    let code = code_on(&terminal(&app), MIRA).await;
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    assert_eq!(mira.get("/admin/accounts").await.status, StatusCode::OK);
}

// SECURITY rule 3: consumed by one conditional write, in one browser or in many.
#[actix_web::test]
async fn of_fifty_right_ones_at_once_one_begins_a_session() {
    let app = app_of_today(|settings| {
        settings.code_limit_address = Some("100".to_owned());
    })
    .await;
    app.add_account(MIRA, "");
    let terminal = terminal(&app);
    let one = asking(&app, MIRA).await;
    let code = code_on(&terminal, MIRA).await;
    let answers = join_all((0..50).map(|_| one.enter(&code))).await;
    let let_in = |answer: &&crate::support::Answer| answer.status == StatusCode::SEE_OTHER;
    assert_eq!(answers.iter().filter(let_in).count(), 1);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);

    app.later(Duration::from_mins(10));
    let many = join_all((0..25).map(|_| asking(&app, MIRA))).await;
    let code = code_on(&terminal, MIRA).await;
    app.sql(&format!(
        "UPDATE operator_codes SET expires_at = {}",
        app.clock.now().0 + 60_000
    ));
    let answers = join_all(many.iter().map(|visitor| visitor.enter(&code))).await;
    assert_eq!(answers.iter().filter(let_in).count(), 1);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 2);
}

// SECURITY rule 3: the browser that comes second keeps its own challenge.
#[actix_web::test]
async fn of_browsers_that_race_for_an_operators_code_the_losers_keep_their_own() {
    let app = app_of_today(|_| {}).await;
    app.add_account(MIRA, "");
    let mut racing = Vec::new();
    for _ in 0..4 {
        racing.push(app.asked(MIRA).await);
    }
    let code = code_on(&terminal(&app), MIRA).await;
    let answers = join_all(racing.iter().map(|(visitor, _)| visitor.enter(&code))).await;
    let mut losers = 0;
    for ((visitor, own), answer) in racing.iter().zip(answers) {
        if answer.status == StatusCode::UNPROCESSABLE_ENTITY {
            assert_eq!(visitor.enter(own).await.location(), "/dashboard");
            losers += 1;
        }
    }
    assert_eq!(losers, 3);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 4);
}

// SECURITY rule 29: between the change of the key and the restart, and after it.
#[actix_web::test]
async fn an_operators_code_works_before_and_after_the_restart_that_a_new_key_asks_for() {
    let mut app = app_of_today(|_| {}).await;
    app.add_account(MIRA, "");
    let terminal = terminal(&app);
    assert_fine(terminal.run(&["key", "rotate"]).await);
    let mira = asking(&app, MIRA).await;
    let code = code_on(&terminal, MIRA).await;
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    let again = asking(&app, MIRA).await;
    let code = code_on(&terminal, MIRA).await;
    app.restart_with(|_| {}).await;
    assert_eq!(again.enter(&code).await.location(), "/dashboard");
}

// SECURITY rules 3 and 8: a try counts before an operator's code is compared, too.
#[actix_web::test]
async fn an_operators_code_gives_no_more_tries() {
    let app = app_of_today(|_| {}).await;
    app.add_account(MIRA, "");
    let (mira, own) = app.asked(MIRA).await;
    let code = code_on(&terminal(&app), MIRA).await;
    let mut wrong = other_than(&code);
    while wrong == own {
        wrong = other_than(&wrong);
    }
    for _ in 0..5 {
        assert_not_taken(&mira, &wrong).await;
    }
    assert_eq!(
        mira.enter(&code).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(app.number("SELECT count(*) FROM wrong_tries"), 5);
    let fresh = asking(&app, MIRA).await;
    assert_eq!(fresh.enter(&code).await.location(), "/dashboard");
}

// SECURITY rule 8: an operator code works while other codes are limited to known browsers.
#[actix_web::test]
async fn an_operator_code_works_during_a_guessing_attack() {
    let app = app_of_today(|_| {}).await;
    for email in [MIRA, NOOR, "ada@acme.test"] {
        app.add_account(email, "");
    }
    write_down_tries(&app, 1_000, "ada@acme.test");
    let terminal = terminal(&app);
    let (mira, own_of_mira) = app.asked(MIRA).await;
    let refused = |answer: &crate::support::Answer| answer.status == StatusCode::TOO_MANY_REQUESTS;
    assert!(refused(&mira.enter(&own_of_mira).await));
    let code = code_on(&terminal, MIRA).await;
    let (noor, own) = app.asked(NOOR).await;
    assert!(refused(&noor.enter(&own).await));
    assert!(refused(&mira.enter(&other_than(&code)).await));
    assert!(refused(&mira.enter(&own_of_mira).await));
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    // It is used up, and with it the exception.
    let again = asking(&app, MIRA).await;
    assert!(refused(&again.enter(&code).await));
}

/// A server of today behind a proxy, with accounts for Mira and Noor.
async fn app_behind_a_proxy() -> TestApp {
    let app = app_of_today(|settings| {
        settings.trusted_proxies = Some("127.0.0.1/32".to_owned());
    })
    .await;
    app.add_account(MIRA, "");
    app.add_account(NOOR, "");
    app
}

/// A stranger asks until the window of this address is full.
async fn fill_the_window(app: &TestApp, stranger: &Visitor, email: &str) {
    for _ in 0..10 {
        assert_eq!(
            stranger.ask_for_code(email).await.location(),
            "/sign-in/code"
        );
    }
    let refused = app.visitor_at("203.0.113.9").ask_for_code(email).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
}

// SECURITY rule 35: a stranger who keeps the window full does not keep the owner from an operator's code.
#[actix_web::test]
async fn an_operator_code_can_be_entered_while_a_stranger_fills_the_window() {
    let app = app_behind_a_proxy().await;
    let terminal = terminal(&app);
    let words = "The limit of code requests for mira@acme.test is full";
    assert!(!assert_fine(terminal.run(&["code", MIRA]).await).contains(words));
    app.sql("DELETE FROM operator_codes");
    let stranger = app.visitor_at("203.0.113.7");
    fill_the_window(&app, &stranger, MIRA).await;
    let mails = app.mails().await.len();
    assert!(assert_fine(terminal.run(&["code", MIRA]).await).contains(words));
    let code = code_on(&terminal, MIRA).await;

    // The stranger goes on, from two networks, until these are refused.
    for network in ["203.0.113.7", "203.0.113.8"] {
        let stranger = app.visitor_at(network);
        for _ in 0..5 {
            let asked = stranger.ask_for_code(MIRA).await;
            assert_eq!(asked.location(), "/sign-in/code");
        }
        let refused = stranger.ask_for_code(MIRA).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        let words = "Wait one minute before asking for another code.";
        assert_eq!(refused.text("[role=alert]"), words);
    }
    let mira = app.visitor_at("198.51.100.7");
    assert_eq!(mira.ask_for_code(MIRA).await.location(), "/sign-in/code");
    // A new code in its place would be one without a mail.
    assert_eq!(mira.resend().await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    assert_eq!(app.mails().await.len(), mails);
    // The code is used, and with it the exception.
    let late = app.visitor_at("198.51.100.8").ask_for_code(MIRA).await;
    assert_eq!(late.status, StatusCode::TOO_MANY_REQUESTS);
}

// SECURITY rules 5 and 35: a request past the window does not tell for which address the code was made.
#[actix_web::test]
async fn past_the_window_every_address_gets_the_same_answer_while_an_operator_code_is_in_force() {
    let app = app_behind_a_proxy().await;
    let ghost = "lena@acme.test";
    for (network, email) in [(21, MIRA), (22, NOOR), (23, ghost)] {
        let stranger = app.visitor_at(&format!("203.0.113.{network}"));
        fill_the_window(&app, &stranger, email).await;
    }
    let mails = app.mails().await.len();
    let code = code_on(&terminal(&app), MIRA).await;
    for (network, email) in [(31, MIRA), (32, NOOR), (33, ghost)] {
        let visitor = app.visitor_at(&format!("203.0.113.{network}"));
        for _ in 0..5 {
            let asked = visitor.ask_for_code(email).await;
            assert_eq!(asked.location(), "/sign-in/code");
            assert_not_taken(&visitor, &other_than(&code)).await;
        }
        let refused = visitor.ask_for_code(email).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.header("retry-after"), "60");
    }
    assert_eq!(app.mails().await.len(), mails);
}

/// What an answer shows, without the address and the id of the request.
fn shown(answer: &Answer, email: &str) -> (StatusCode, String, String) {
    let id = answer.header("x-request-id");
    let body = answer.body.replace(email, "ADDRESS").replace(id, "ID");
    let wait = answer.header("retry-after").to_owned();
    (answer.status, wait, body)
}

// SECURITY rules 5 and 35: during a guessing attack, no wrong code tells for which address a code was made.
#[actix_web::test]
async fn during_a_guessing_attack_an_operator_code_changes_no_answer_to_a_wrong_code() {
    let app = app_of_today(|_| {}).await;
    for email in [MIRA, NOOR, "ada@acme.test"] {
        app.add_account(email, "");
    }
    write_down_tries(&app, 1_000, "ada@acme.test");
    let ghost = "lena@acme.test";
    let [mira, noor, lena] = [
        asking(&app, MIRA).await,
        asking(&app, NOOR).await,
        asking(&app, ghost).await,
    ];
    let code = code_on(&terminal(&app), MIRA).await;
    let wrong = other_than(&code);
    // The sixth is one too many for its challenge.
    for number in 1..=6 {
        let expected = shown(&mira.enter(&wrong).await, MIRA);
        assert_eq!(expected.0, StatusCode::TOO_MANY_REQUESTS);
        let words = if number == 6 {
            "Send a new one"
        } else {
            "Someone is guessing"
        };
        assert!(expected.2.contains(words), "{}", expected.2);
        assert_eq!(shown(&noor.enter(&wrong).await, NOOR), expected);
        assert_eq!(shown(&lena.enter(&wrong).await, ghost), expected);
    }
    let written = |email: &str| {
        app.number(&format!(
            "SELECT count(*) FROM wrong_tries WHERE email = '{email}'"
        ))
    };
    assert_eq!([MIRA, NOOR, ghost].map(written), [5; 3]);
    // A try for another address does not lengthen the attack.
    let lengthen =
        "SELECT count(*) FROM wrong_tries WHERE email = 'noor@acme.test' AND account_id NOT NULL";
    assert_eq!(app.number(lengthen), 0);
    let again = asking(&app, MIRA).await;
    assert_eq!(again.enter(&code).await.location(), "/dashboard");
}

// SECURITY rule 8: the budget of an address stands, and who makes a code is told.
#[actix_web::test]
async fn an_operator_code_that_would_be_refused_comes_with_a_warning() {
    let app = app_of_today(|_| {}).await;
    app.add_account(MIRA, "");
    let terminal = terminal(&app);
    let words = "First run `vestibule limits clear mira@acme.test`";
    write_down_tries(&app, 49, MIRA);
    assert!(!assert_fine(terminal.run(&["code", MIRA]).await).contains(words));
    write_down_tries(&app, 1, MIRA);
    assert!(assert_fine(terminal.run(&["code", MIRA]).await).contains(words));
    let code = code_on(&terminal, MIRA).await;
    let mira = asking(&app, MIRA).await;
    assert_eq!(
        mira.enter(&code).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_fine(terminal.run(&["limits", "clear", MIRA]).await);
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
}

fn write_down_tries(app: &TestApp, count: usize, email: &str) {
    let now = app.clock.now().0;
    app.sql(&format!(
        "INSERT INTO wrong_tries (email, account_id, tried_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         SELECT email, id, {now} FROM n, accounts WHERE email = '{email}'"
    ));
}

#[actix_web::test]
async fn an_operators_code_ends_with_its_account_and_with_a_suspension() {
    let app = app_of_today(|_| {}).await;
    app.add_account(MIRA, "");
    app.add_account(NOOR, "");
    let terminal = terminal(&app);
    let code = code_on(&terminal, MIRA).await;
    assert_fine(terminal.run(&["account", "suspend", MIRA]).await);
    assert_fine(terminal.run(&["account", "restore", MIRA]).await);
    assert_not_taken(&asking(&app, MIRA).await, &code).await;
    let code = code_on(&terminal, MIRA).await;
    assert_fine(terminal.run(&["account", "delete", "--yes", MIRA]).await);
    assert_fine(terminal.run(&["account", "add", MIRA]).await);
    assert_not_taken(&asking(&app, MIRA).await, &code).await;
}

#[actix_web::test]
async fn an_account_that_may_not_sign_in_gets_no_operator_code() {
    let app = app_of_today(|_| {}).await;
    let terminal = terminal(&app);
    app.add_account(MIRA, "");
    let mira = asking(&app, MIRA).await;
    let code = code_on(&terminal, MIRA).await;
    app.sql("UPDATE accounts SET suspended_at = 1");
    assert_not_taken(&mira, &code).await;
    assert_failed(&terminal.run(&["code", MIRA]).await, &["is suspended"]);
    app.sql("UPDATE accounts SET suspended_at = NULL, confirmed_at = NULL");
    assert_not_taken(&mira, &code).await;
    assert_failed(&terminal.run(&["code", MIRA]).await, &["is not confirmed"]);
    assert_failed(
        &terminal.run(&["code", NOOR]).await,
        &["no account has the address noor@acme.test"],
    );
    assert_misused(
        &terminal.run(&["code", "noor"]).await,
        &["not an email address"],
    );
}

#[actix_web::test]
async fn a_code_that_no_page_would_take_is_not_made() {
    let app = app_of_today(|_| {}).await;
    app.add_account(MIRA, "");
    let off = terminal(&app).with("EMAIL_CODES", "off");
    assert_failed(&off.run(&["code", MIRA]).await, &["EMAIL_CODES is off"]);
    fs::remove_file(app.data().join("secret.key")).unwrap();
    let keyless = terminal(&app).run(&["code", MIRA]).await;
    assert_failed(
        &keyless,
        &["There is no secret key", "secret.key does not exist"],
    );
    assert!(!app.data().join("secret.key").exists());
    assert_eq!(app.number("SELECT count(*) FROM operator_codes"), 0);

    let empty = Workplace::empty();
    assert_failed(&empty.run(&["code", MIRA]).await, &["no secret key"]);
    assert!(empty.contents().is_empty(), "{:?}", empty.contents());
}
