//! Sessions: new at every sign-in, and over on the server at once.

use std::sync::Arc;
use std::time::Duration;

use vestibule::domain::{Role, Token};
use vestibule::sign_in::session::LiveSession;

use crate::support::{TestApp, Visitor, until};

const MIRA: &str = "mira@acme.test";
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

// SECURITY rule 10: a new token at sign-in, the old one dead.
#[actix_web::test]
async fn signing_in_again_ends_the_session_before() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    let older = mira.cookie("session").unwrap();
    mira.sign_in(&app, MIRA).await;
    let newer = mira.cookie("session").unwrap();
    assert_ne!(older, newer);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);
    assert!(mira.is_in().await);

    mira.set_cookie("session", &older);
    assert!(!mira.is_in().await);
}

// SECURITY rule 10: a planted session token is not adopted (session fixation).
#[actix_web::test]
async fn a_planted_session_cookie_is_not_adopted() {
    let app = TestApp::spawn().await;
    let eve = app.signed_in("eve@evil.test").await;
    let planted = eve.cookie("session").unwrap();
    app.add_account(MIRA, "Mira Bell");
    let mira = app.visitor();
    mira.set_cookie("session", &planted);
    mira.sign_in(&app, MIRA).await;
    assert_ne!(mira.cookie("session").unwrap(), planted);
    assert_eq!(mira.get("/dashboard").await.text(".menu .mail"), MIRA);
    assert!(!eve.is_in().await, "the planted session went on");

    let made_up = app.visitor();
    made_up.set_cookie("session", &"A".repeat(43));
    assert!(!made_up.is_in().await);
}

// SECURITY rule 10: a cookie with one changed bit is no session.
#[actix_web::test]
async fn a_session_cookie_works_unchanged_only() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    let cookie = mira.cookie("session").unwrap();
    let token = &cookie[cookie.len() - 43..];
    let changed = cookie.replace(token, &token.chars().rev().collect::<String>());
    for value in [token, &changed, &cookie[1..], &cookie.to_lowercase(), ""] {
        mira.set_cookie("session", value);
        assert!(!mira.is_in().await, "{value} was taken");
    }
    mira.set_cookie("session", &cookie);
    assert!(mira.is_in().await);
}

// SECURITY rule 11: idle end.
#[actix_web::test]
async fn a_session_ends_after_twelve_hours_unused() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    for _ in 0..3 {
        app.later(HOUR * 12 - SECOND);
        assert!(mira.is_in().await);
    }
    app.later(HOUR * 12);
    assert!(!mira.is_in().await);
}

// SECURITY rule 11: absolute end.
#[actix_web::test]
async fn a_session_ends_after_seven_days_however_much_it_is_used() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    for _ in 0..27 {
        app.later(HOUR * 6);
        assert!(mira.is_in().await);
    }
    app.later(HOUR * 6 - SECOND);
    assert!(mira.is_in().await);
    app.later(SECOND);
    assert!(!mira.is_in().await);
}

// SECURITY rule 11: both ends are settings.
#[actix_web::test]
async fn shorter_lifetimes_are_kept() {
    let app = TestApp::spawn_with(|settings| {
        settings.session_idle = Some("10m".to_owned());
        settings.session_max = Some("15m".to_owned());
    })
    .await;
    let mira = app.signed_in(MIRA).await;
    app.later(Duration::from_mins(9));
    assert!(mira.is_in().await);
    app.later(Duration::from_mins(6));
    assert!(!mira.is_in().await);
    mira.sign_in(&app, MIRA).await;
    app.later(Duration::from_mins(10));
    assert!(!mira.is_in().await);
}

// SECURITY rule 11: a suspension by any process takes effect on the next request.
#[actix_web::test]
async fn suspension_from_another_process_ends_access_on_the_next_request() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    let other = app.signed_in("other@acme.test").await;
    assert!(mira.is_in().await);
    app.sql("UPDATE accounts SET suspended_at = 1 WHERE email = 'mira@acme.test'");
    assert!(!mira.is_in().await);
    assert!(other.is_in().await);
}

// SECURITY rule 11: a session ended from outside is over on the very next request.
#[actix_web::test]
async fn a_session_ended_by_another_process_is_refused_on_the_next_request() {
    let app = TestApp::spawn().await;
    let here = app.signed_in(MIRA).await;
    let there = app.visitor();
    there.sign_in(&app, MIRA).await;
    let both = here.get("/dashboard").await;
    assert_eq!(both.attributes(".row time", "datetime").len(), 2);
    app.sql("DELETE FROM sessions WHERE id = 2");
    assert!(!there.is_in().await);
    let one = here.get("/dashboard").await;
    assert_eq!(one.attributes(".row time", "datetime").len(), 1);

    app.sql("DELETE FROM accounts");
    assert!(!here.is_in().await);
}

/// What the server makes of this browser's session.
async fn live(app: &TestApp, visitor: &Visitor) -> Arc<LiveSession> {
    let cookie = visitor.cookie("session").unwrap();
    let token = Token::parse(&cookie[cookie.len() - 43..]).unwrap();
    let sessions = &app.server().housekeeping().sessions;
    sessions.authenticate(token.hash()).unwrap().unwrap()
}

// SECURITY rule 11: role change acts at once.
#[actix_web::test]
async fn a_new_role_and_a_new_name_show_on_the_next_request() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    assert_eq!(live(&app, &mira).await.role, Role::Member);
    app.sql("UPDATE accounts SET role = 'admin', name = 'Mira Bell'");
    assert_eq!(live(&app, &mira).await.role, Role::Admin);
    assert_eq!(mira.get("/dashboard").await.text("h1"), "Welcome, Mira");
    app.sql("UPDATE accounts SET role = 'member'");
    assert_eq!(live(&app, &mira).await.role, Role::Member);
}

// SECURITY rule 11: sign-out acts on the server, and here alone.
#[actix_web::test]
async fn signing_out_ends_this_session_alone_and_twice_is_no_error() {
    let app = TestApp::spawn().await;
    let here = app.signed_in(MIRA).await;
    let there = app.visitor();
    there.sign_in(&app, MIRA).await;
    let cookie = here.cookie("session").unwrap();
    assert_eq!(here.post("/sign-out", &[]).await.location(), "/signed-out");
    assert!(here.cookie("session").is_none());
    here.set_cookie("session", &cookie);
    assert!(!here.is_in().await);
    assert_eq!(here.post("/sign-out", &[]).await.location(), "/signed-out");
    let fragment = here.post_fragment("/sign-out", &[]).await;
    assert_eq!(fragment.header("hx-redirect"), "/signed-out");
    assert!(there.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);
}

#[actix_web::test]
async fn a_visitors_gets_write_nothing_and_set_no_cookie() {
    let app = TestApp::spawn().await;
    let before = app.rows();
    let visitor = app.visitor();
    let stranger_with_cookies = app.visitor();
    for name in ["session", "challenge", "device"] {
        stranger_with_cookies.set_cookie(name, &"A".repeat(43));
    }
    for path in [
        "/",
        "/sign-in",
        "/sign-in?return_to=/dashboard",
        "/sign-in/email",
        "/sign-in/code",
        "/signed-out",
        "/dashboard",
        "/nowhere",
        "/healthz",
        "/readyz",
    ] {
        for browser in [&visitor, &stranger_with_cookies] {
            for answer in [browser.get(path).await, browser.get_fragment(path).await] {
                let line = answer.set_cookie("session");
                let kept_none = line.is_empty() || line.contains("Max-Age=0");
                assert!(kept_none, "{path} kept a made-up session: {line}");
            }
        }
        let answer = visitor.get(path).await;
        assert_eq!(answer.header("set-cookie"), "", "{path}");
    }
    assert_eq!(app.rows(), before);
}

#[actix_web::test]
async fn housekeeping_stores_the_last_use_of_sessions() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    app.later(HOUR);
    assert!(mira.is_in().await);
    app.server().housekeeping().clean_up().await.unwrap();
    let last_seen = app.number("SELECT last_seen_at FROM sessions");
    assert_eq!(last_seen, app.clock.now().0);
    // Once: what is written down is not kept to be written again.
    app.sql("UPDATE sessions SET last_seen_at = 1");
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(
        app.number("SELECT coalesce(max(last_seen_at), 1) FROM sessions"),
        1
    );
}

#[actix_web::test]
async fn a_session_stays_in_the_list_after_its_last_use_is_written_down() {
    let app = TestApp::spawn().await;
    let here = app.signed_in(MIRA).await;
    let elsewhere = app.visitor();
    elsewhere.sign_in(&app, MIRA).await;
    let listed = async || {
        let page = here.get("/dashboard").await.body;
        page.matches("<li class=\"row\">").count()
    };
    assert_eq!(listed().await, 2);
    // Both together are longer than the idle timeout, and each is shorter.
    for _ in 0..2 {
        app.later(HOUR * 7);
        assert!(elsewhere.is_in().await);
        assert_eq!(listed().await, 2);
        app.server().housekeeping().clean_up().await.unwrap();
    }
    app.later(HOUR);
    assert_eq!(listed().await, 2);
}

#[actix_web::test]
async fn the_last_use_survives_a_restart() {
    let mut app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    app.later(HOUR * 11);
    assert!(mira.is_in().await);
    app.restart_with(|_| {}).await;
    app.later(HOUR * 11);
    assert!(mira.is_in().await);
}

#[actix_web::test]
async fn a_server_removes_all_expired_rows_at_its_start() {
    let mut app = TestApp::spawn().await;
    app.signed_in(MIRA).await;
    app.later(HOUR * 13);
    app.restart_with(|_| {}).await;
    until("the session that has expired is gone", async || {
        app.number("SELECT count(*) FROM sessions") == 0
    })
    .await;
    app.sql(
        "INSERT INTO wrong_tries (email, tried_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         SELECT 'p' || i || '@acme.test', 0 FROM n",
    );
    app.sql("INSERT INTO limit_clearances (email, cleared_at) VALUES ('mira@acme.test', 0)");
    let removed = app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(removed, 2_501);
    assert_eq!(app.number("SELECT count(*) FROM wrong_tries"), 0);
    assert_eq!(app.server().housekeeping().clean_up().await.unwrap(), 0);
}

// Visitors decide how much that is, so that it is not kept for as long as what accounts did.
#[actix_web::test]
async fn activity_of_an_address_without_an_account_is_kept_for_fourteen_days() {
    let app = TestApp::spawn().await;
    app.signed_in(MIRA).await;
    app.visitor().ask_for_code("ghost@acme.test").await;
    let kept = async |email: &str| {
        app.server().housekeeping().clean_up().await.unwrap();
        app.number(&format!(
            "SELECT count(*) FROM activity WHERE email = '{email}'"
        ))
    };
    app.later(HOUR * 24 * 14);
    assert_eq!(kept("ghost@acme.test").await, 1);
    app.later(Duration::from_millis(1));
    assert_eq!(kept("ghost@acme.test").await, 0);
    assert_eq!(kept(MIRA).await, 2);
}

#[actix_web::test]
async fn housekeeping_removes_only_expired_rows() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    let _unused = app.signed_in("other@acme.test").await;
    let guesser = app.visitor();
    guesser.ask_for_code("ghost@acme.test").await;
    guesser.enter("123456").await;
    let count = |table: &str| app.number(&format!("SELECT count(*) FROM {table}"));
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(
        [count("sessions"), count("challenges"), count("wrong_tries")],
        [2, 3, 1]
    );

    app.later(HOUR * 11);
    assert!(mira.is_in().await);
    app.later(HOUR);
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(
        [count("sessions"), count("challenges"), count("wrong_tries")],
        [1, 2, 1]
    );
    assert!(mira.is_in().await);

    app.later(HOUR * 12 + SECOND);
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(
        [count("sessions"), count("challenges"), count("wrong_tries")],
        [0, 2, 0]
    );
    // Used challenges are kept for as long as a session can last (SECURITY rule 42).
    app.later(HOUR * 24 * 6);
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(count("challenges"), 0);
}
