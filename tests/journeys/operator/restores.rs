//! `vestibule restore`: SECURITY rule 30.

use std::fs;
use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use reqwest::StatusCode;

use super::{MIRA, NOOR, assert_failed, assert_fine};
use crate::support::Workplace;
use crate::support::app::{connect, execute, number};

/// The databases that restores have put aside.
fn put_aside(place: &Workplace) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path().join("data")).unwrap();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("vestibule.db.before-"))
        .collect();
    paths.sort();
    paths
}

/// The tables that a restore empties.
const ENDED: [&str; 5] = [
    "sessions",
    "known_browsers",
    "challenges",
    "operator_codes",
    "provider_logouts",
];

const INTACT: &str = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";

// SECURITY rules 30 and 33: it refuses while a server runs, and revives no session, no known browser, no challenge and
// no operator's code.
#[actix_web::test]
async fn a_restore_brings_accounts_back_and_ends_every_session() {
    let place = Workplace::empty();
    assert_fine(place.run(&["account", "add", MIRA]).await);
    let mut server = place.serve(&[]).await;
    let (mira, waiting) = (place.visitor(), place.visitor());
    server.let_in(&mira, MIRA).await;
    waiting.ask_for_code(MIRA).await;
    let code = server.code_on_terminal(MIRA).await;
    assert_fine(place.run(&["code", MIRA]).await);
    place.sql("INSERT INTO provider_logouts VALUES (randomblob(32), 1, zeroblob(100), 9e15)");
    let said = assert_fine(place.run(&["backup", "copy.db"]).await);
    assert!(said.contains("1 account,"), "{said}");
    let copy = place.path().join("copy.db");
    for table in ENDED {
        let rows = number(&copy, &format!("SELECT count(*) FROM {table}"));
        assert!(rows > 0, "nothing to end in {table}");
    }
    assert_fine(place.run(&["account", "add", NOOR]).await);
    let refused = place.run(&["restore", "copy.db"]).await;
    assert_failed(&refused, &["Nothing was restored", "server runs"]);
    assert_eq!(place.number("SELECT count(*) FROM accounts"), 2);
    assert!(mira.is_in().await);
    assert_eq!(server.stopped().await.code, Some(0));

    let said = assert_fine(place.run(&["restore", "copy.db"]).await);
    assert!(said.contains("In it 1 session was ended"), "{said}");
    let server = place.serve(&[]).await;
    assert!(!mira.is_in().await, "a session was revived");
    assert_eq!(
        waiting.enter(&code).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    for table in ENDED {
        assert_eq!(place.number(&format!("SELECT count(*) FROM {table}")), 0);
    }
    assert_eq!(place.number("SELECT count(*) FROM accounts"), 1);
    let aside = put_aside(&place);
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert!(said.contains(&*aside[0].file_name().unwrap().to_string_lossy()));
    assert_eq!(number(&aside[0], "SELECT count(*) FROM accounts"), 2);
    assert_eq!(number(&aside[0], INTACT), 1);
    assert_eq!(server.stopped().await.code, Some(0));
}

// SECURITY rules 22 and 30: what is to end at the provider stays in the queue, and the sessions
// ended here come to it.
#[actix_web::test]
async fn a_restore_leaves_provider_sessions_to_be_revoked() {
    let place = Workplace::empty();
    assert_fine(place.run(&["account", "add", MIRA]).await);
    place.sql(
        "INSERT INTO sessions (token_hash, account_id, method, browser, ip, created_at, last_seen_at)
         VALUES (zeroblob(32), 1, 'workos', 'Firefox', '::1', 1, 1)",
    );
    place.sql(
        "INSERT INTO provider_sessions (session_id, provider, subject, provider_session_id, access_expires_at)
         VALUES (1, 'client_1', 'user_1', 'session_01', 1)",
    );
    place.sql(
        "INSERT INTO pending_revocations (session_id, provider, provider_session_id)
         VALUES (7, 'client_1', 'session_07')",
    );
    assert_fine(place.run(&["backup", "copy.db"]).await);
    // Since then one more has signed in, and another has signed out while the provider was down.
    place.sql(
        "INSERT INTO sessions (token_hash, account_id, method, browser, ip, created_at, last_seen_at)
         VALUES (randomblob(32), 1, 'workos', 'Firefox', '::1', 1, 1)",
    );
    place.sql(
        "INSERT INTO provider_sessions (session_id, provider, subject, provider_session_id, access_expires_at)
         VALUES (2, 'client_1', 'user_1', 'session_02', 1)",
    );
    place.sql(
        "INSERT INTO pending_revocations (session_id, provider, provider_session_id)
         VALUES (8, 'client_1', 'session_08')",
    );
    assert_fine(place.run(&["restore", "copy.db"]).await);
    assert_eq!(place.number("SELECT count(*) FROM provider_sessions"), 0);
    let queued = "SELECT count(DISTINCT provider_session_id) FROM pending_revocations
                  WHERE provider_session_id IN ('session_01', 'session_02', 'session_07', 'session_08')";
    assert_eq!(place.number(queued), 4);
    assert_eq!(place.number("SELECT count(*) FROM pending_revocations"), 4);
}

// SECURITY rule 30: after a kill the log of the present database must not reach the restored one.
#[actix_web::test]
async fn a_restore_after_a_kill_keeps_both_databases_apart() {
    let place = Workplace::empty();
    assert_fine(place.run(&["account", "add", MIRA]).await);
    assert_fine(place.run(&["backup", "copy.db"]).await);
    let mut server = place.serve(&[]).await;
    assert_fine(place.run(&["account", "add", NOOR]).await);
    server.let_in(&place.visitor(), NOOR).await;
    server.signal("KILL");
    assert_eq!(server.ended().await.code, None);
    let log = fs::metadata(place.path().join("data/vestibule.db-wal")).unwrap();
    assert!(log.len() > 0);

    assert_fine(place.run(&["restore", "copy.db"]).await);
    assert!(!place.path().join("data/vestibule.db-wal").exists());
    assert_eq!(place.number("SELECT count(*) FROM accounts"), 1);
    assert_eq!(place.number(INTACT), 1);
    let aside = put_aside(&place);
    assert_eq!(number(&aside[0], "SELECT count(*) FROM accounts"), 2);
    assert_eq!(number(&aside[0], "SELECT count(*) FROM sessions"), 1);
}

#[actix_web::test]
async fn a_restore_replaces_a_damaged_database_and_keeps_the_damaged_file() {
    let place = Workplace::empty();
    assert_fine(place.run(&["account", "add", MIRA]).await);
    assert_fine(place.run(&["backup", "copy.db"]).await);
    let mut bytes = fs::read(place.database()).unwrap();
    bytes[..100].fill(0xff);
    fs::write(place.database(), &bytes).unwrap();

    let restored = place.run(&["restore", "copy.db"]).await;
    assert!(restored.stderr.contains("left to end by themselves"));
    assert_fine(restored);
    assert_eq!(place.number("SELECT count(*) FROM accounts"), 1);
    assert_eq!(place.number(INTACT), 1);
    assert_eq!(fs::read(&put_aside(&place)[0]).unwrap(), bytes);
}

#[actix_web::test]
async fn a_file_that_is_not_a_backup_changes_nothing() {
    let place = Workplace::empty();
    assert_fine(place.run(&["account", "add", MIRA]).await);
    let path = |name: &str| place.path().join(name);
    fs::write(
        path("words.db"),
        "This is no database, however long it is. ".repeat(200),
    )
    .unwrap();
    execute(&path("other.db"), "CREATE TABLE accounts (id INTEGER)");
    for name in ["newer.db", "odd.db", "torn.db"] {
        assert_fine(place.run(&["backup", name]).await);
    }
    execute(
        &path("newer.db"),
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000001')",
    );
    execute(&path("odd.db"), "DROP TRIGGER session_ended");
    let torn = fs::read(path("torn.db")).unwrap();
    fs::write(path("torn.db"), &torn[..torn.len() / 2]).unwrap();
    for (name, words) in [
        ("words.db", "not a database"),
        ("other.db", "not a database of Vestibule"),
        ("newer.db", "made by a newer version"),
        ("odd.db", "“session_ended” is missing"),
        ("torn.db", "malformed"),
        ("missing.db", "No such file"),
        ("data/vestibule.db", "is the database itself"),
    ] {
        let refused = place.run(&["restore", name]).await;
        assert_failed(&refused, &["Nothing was restored", name, words]);
        assert_eq!(refused.stderr.matches(".db").count(), 1, "{refused:?}");
        assert_eq!(place.number("SELECT count(*) FROM accounts"), 1);
    }
    assert!(put_aside(&place).is_empty());
    assert!(!path("missing.db").exists());
    let left = fs::read_dir(path("data")).unwrap().count();
    assert!(left <= 4, "drafts were left: {left} files");
}

#[actix_web::test]
async fn an_older_backup_is_migrated_and_an_empty_folder_gets_a_database() {
    let place = Workplace::empty();
    assert_fine(place.run(&["account", "add", MIRA]).await);
    assert_fine(place.run(&["backup", "copy.db"]).await);
    let mut connection = connect(&place.path().join("copy.db"));
    for down in [
        include_str!("../../../migrations/2026-11-28-000015_left_at/down.sql"),
        include_str!("../../../migrations/2026-11-28-000014_provider_logouts/down.sql"),
        include_str!("../../../migrations/2026-11-28-000013_authentication_method/down.sql"),
        include_str!("../../../migrations/2026-11-28-000012_short_lived_sessions/down.sql"),
        include_str!("../../../migrations/2026-11-28-000011_account_notices/down.sql"),
        include_str!("../../../migrations/2026-11-28-000010_known_browsers/down.sql"),
        include_str!("../../../migrations/2026-11-28-000009_admitted_by/down.sql"),
        include_str!("../../../migrations/2026-11-28-000007_session_of_a_code/down.sql"),
        include_str!("../../../migrations/2026-11-28-000006_disowned_challenges/down.sql"),
        include_str!("../../../migrations/2026-11-25-000005_activity/down.sql"),
    ] {
        connection.batch_execute(down).unwrap();
    }
    drop(connection);
    execute(
        &place.path().join("copy.db"),
        "DELETE FROM __diesel_schema_migrations WHERE version >= '20261125000005'",
    );
    let folder = place
        .path()
        .join("elsewhere")
        .to_string_lossy()
        .into_owned();
    let restored = place
        .run(&["restore", "copy.db", "--data-dir", &folder])
        .await;
    let said = assert_fine(restored);
    assert!(
        said.contains("There is no ") && said.contains("secret.key"),
        "{said}"
    );
    let database = place.path().join("elsewhere/vestibule.db");
    assert_eq!(number(&database, "SELECT count(*) FROM accounts"), 1);
    assert_eq!(number(&database, "SELECT count(*) FROM operator_codes"), 0);
}
