//! `vestibule limits`

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{MIRA, app_of_today, assert_failed, assert_fine, terminal};
use crate::support::Workplace;

async fn shown_as_json(place: &Workplace) -> Value {
    let shown = assert_fine(place.run(&["limits", "show", MIRA, "--json"]).await);
    let rows: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    rows[0].clone()
}

/// Asks until a limit refuses; says how often a code was sent.
async fn ask_until_refused(place: &Workplace) -> usize {
    for count in 0..12 {
        let asked = place.visitor().ask_for_code(MIRA).await;
        if asked.status == StatusCode::TOO_MANY_REQUESTS {
            return count;
        }
        assert_eq!(asked.location(), "/sign-in/code");
    }
    panic!("twelve requests in a minute were let through");
}

#[actix_web::test]
async fn a_running_server_honours_cleared_limits_at_once_and_counts_anew() {
    let place = Workplace::empty();
    assert_fine(place.run(&["account", "add", MIRA]).await);
    let _server = place.serve(&[]).await;
    assert_eq!(ask_until_refused(&place).await, 10);
    let words = assert_fine(place.run(&["limits", "show", MIRA]).await);
    let line = words.lines().find(|line| line.contains("last minute"));
    assert!(line.unwrap().ends_with("10 of 10"), "{words}");
    assert!(words.contains("Not shown: "), "{words}");

    assert_fine(place.run(&["limits", "clear", "MIRA@acme.test"]).await);
    let cleared = shown_as_json(&place).await;
    assert_eq!(cleared["requests_last_minute"], 0);
    assert!(cleared["cleared_at"].is_i64());
    assert_eq!(ask_until_refused(&place).await, 10);
    assert_eq!(ask_until_refused(&place).await, 0);
    let noted =
        "SELECT count(*) FROM activity WHERE kind = 'limits_cleared' AND actor = 'command line'
                 AND account_id = 1";
    assert_eq!(place.number(noted), 1);
}

// SECURITY rule 8: the budget is the database's, and only an operator gives it back.
#[actix_web::test]
async fn wrong_codes_are_shown_by_browser_and_forgotten_when_cleared() {
    let app = app_of_today(|_| {}).await;
    app.add_account(MIRA, "");
    let now = app.clock.now().0;
    for (count, known) in [(50, "NULL"), (3, "1"), (4, "2")] {
        app.sql(&format!(
            "INSERT INTO wrong_tries (email, account_id, known_browser_id, tried_at)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             SELECT '{MIRA}', 1, {known}, {now} FROM n"
        ));
    }
    app.sql(&format!(
        "INSERT INTO wrong_tries (email, tried_at) VALUES ('noor@acme.test', {now})"
    ));
    let (mira, code) = app.asked(MIRA).await;
    assert_eq!(
        mira.enter(&code).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    let terminal = terminal(&app);
    let shown = shown_as_json(&terminal).await;
    let expected = json!({
        "email": MIRA, "has_account": true, "wrong_tries_unknown_browsers": 50,
        "wrong_tries_known_browsers": [4, 3], "wrong_tries_all_accounts": 50,
        "requests_last_minute": 1, "requests_last_day": 1, "cleared_at": null,
    });
    assert_eq!(shown, expected);
    let words = assert_fine(terminal.run(&["limits", "show", MIRA]).await);
    let line = words
        .lines()
        .find(|line| line.contains("all known browsers"));
    assert!(line.unwrap().ends_with(" 7 of 100"), "{words}");
    let cleared = assert_fine(terminal.run(&["limits", "clear", MIRA]).await);
    assert!(
        cleared.contains("57 wrong codes are forgotten"),
        "{cleared}"
    );
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    assert_eq!(app.number("SELECT count(*) FROM wrong_tries"), 1);
}

#[actix_web::test]
async fn limits_are_refused_without_a_database() {
    let place = Workplace::empty();
    for verb in ["show", "clear"] {
        let failed = place.run(&["limits", verb, MIRA]).await;
        assert_failed(&failed, &["There is no database at data/vestibule.db"]);
    }
    assert!(place.contents().is_empty());
}
