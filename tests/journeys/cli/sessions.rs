//! Sessions listed and ended from the command line, beside a running server.

use insta::assert_snapshot;

use super::{MIRA, NOOR, fails, names, noted, objects, place, succeeds};

#[actix_web::test]
async fn sessions_are_listed_without_their_tokens() {
    let place = place().await;
    assert_eq!(
        succeeds(&place, &["sessions", "list"]).await,
        "No one is signed in.\n"
    );
    let mut console = place.serve(&[]).await;
    console.let_in(&place.visitor(), MIRA).await;
    console.let_in(&place.visitor(), NOOR).await;

    let all = objects(&place, &["sessions", "list", "--json"]).await;
    let emails: Vec<_> = all
        .iter()
        .map(|row| row["email"].as_str().unwrap())
        .collect();
    assert_eq!(emails, [NOOR, MIRA]);
    // SECURITY rule 4: no token, and no hash of one.
    assert_eq!(
        names(&all[0]),
        [
            "account_id",
            "browser",
            "created_at",
            "email",
            "id",
            "ip",
            "last_seen_at",
            "method"
        ]
    );
    assert_eq!(all[0]["method"], "email_code");
    assert_eq!(
        all[0]["created_at"],
        place.number("SELECT max(created_at) FROM sessions")
    );
    let hers = objects(&place, &["sessions", "list", "MIRA@acme.test", "--json"]).await;
    assert_eq!(hers, [all[1].clone()]);

    place.sql("UPDATE sessions SET created_at = 1000000000000, last_seen_at = 1000000060000");
    let old = place
        .with("SESSION_MAX", "366d")
        .with("SESSION_IDLE", "366d");
    assert_eq!(
        succeeds(&old, &["sessions", "list"]).await,
        "No one is signed in.\n"
    );
    assert_eq!(
        succeeds(&old, &["sessions", "list", MIRA]).await,
        "mira@acme.test is not signed in.\n"
    );
}

#[actix_web::test]
async fn the_list_shows_person_method_and_start_of_each_session() {
    let place = place().await;
    let now = "unixepoch() * 1000";
    place.sql(&format!(
        "INSERT INTO sessions
             (token_hash, account_id, method, browser, ip, created_at, last_seen_at, short_lived)
         VALUES (randomblob(32), 1, 'workos', 'Firefox on Linux', '192.0.2.7', {now}, {now}, 1),
                (randomblob(32), 2, 'email_code', 'Safari on iPhone', '2001:db8::1', {now}, {now}, 0),
                (randomblob(32), 2, 'email_code', 'Idle', '2001:db8::1', {now}, {now} - 43201000, 0),
                (randomblob(32), 1, 'workos', 'Short-lived', '192.0.2.7', {now} - 43201000, {now}, 1),
                (randomblob(32), 2, 'email_code', 'Old', '2001:db8::1', {now} - 604801000, {now}, 0)"
    ));
    let list = succeeds(&place, &["sessions", "list"]).await;
    let signed_in = place.number("SELECT created_at FROM sessions WHERE id = 1");
    let words = vestibule::domain::Timestamp(signed_in).describe();
    // How wide a column is depends on the day.
    let columns = |line: &str| {
        let cells = line
            .split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty());
        cells.collect::<Vec<_>>().join(" | ")
    };
    let list: Vec<_> = list.replace(&words, "[now]").lines().map(columns).collect();
    assert_snapshot!(list.join("\n"), @r"
    ID | Address | How | Browser | IP | Signed in | Last seen
    2 | noor@acme.test | email code | Safari on iPhone | 2001:db8::1 | [now] | [now]
    1 | mira@acme.test | WorkOS | Firefox on Linux | 192.0.2.7 | [now] | [now]
    ");
}

// SECURITY rule 11.
#[actix_web::test]
async fn one_session_is_ended_and_the_others_stay() {
    let place = place().await;
    let mut console = place.serve(&[]).await;
    let (at_work, at_home) = (place.visitor(), place.visitor());
    console.let_in(&at_work, NOOR).await;
    console.let_in(&at_home, NOOR).await;
    assert_eq!(
        succeeds(&place, &["sessions", "end", "1"]).await,
        "The session of noor@acme.test with Firefox on Linux is ended.\n"
    );
    assert!(!at_work.is_in().await);
    assert!(at_home.is_in().await);
    assert_eq!(noted(&place, "session_ended", NOOR), 1);
    assert_eq!(
        fails(&place, &["sessions", "end", "1"]).await,
        "There is no session 1. `vestibule sessions list` shows the active ones."
    );
    assert_eq!(noted(&place, "session_ended", NOOR), 1);
}

// SECURITY rule 11.
#[actix_web::test]
async fn only_the_sessions_of_one_account_are_ended() {
    let place = place().await;
    let mut console = place.serve(&[]).await;
    let visitors = [place.visitor(), place.visitor(), place.visitor()];
    for (visitor, email) in visitors.iter().zip([NOOR, NOOR, MIRA]) {
        console.let_in(visitor, email).await;
    }
    assert_eq!(
        succeeds(&place, &["sessions", "end", "--all", "NOOR@acme.test"]).await,
        "2 sessions of NOOR@acme.test ended. Its browsers count as new now.\n"
    );
    assert!(!visitors[0].is_in().await);
    assert!(!visitors[1].is_in().await);
    assert!(visitors[2].is_in().await);
    assert_eq!(noted(&place, "session_ended", NOOR), 2);
    assert_eq!(noted(&place, "browser_forgotten", NOOR), 1);
    let known = "SELECT group_concat(account_id) FROM known_browsers";
    assert_eq!(place.number(known), 1, "Mira's browser alone is known");
    let shown = succeeds(&place, &["account", "show", MIRA]).await;
    assert!(shown.ends_with("\nSessions         1\n"), "{shown}");
    assert!(!shown.contains("none known"), "{shown}");
    let where_from = "SELECT count(*) FROM activity WHERE detail = 'Firefox on Linux at 127.0.0.1'";
    assert_eq!(place.number(where_from), 2);
    assert_eq!(
        succeeds(&place, &["sessions", "end", "--all", NOOR]).await,
        "noor@acme.test was not signed in anywhere. Its browsers count as new now.\n"
    );
}
