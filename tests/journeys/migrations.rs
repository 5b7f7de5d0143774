//! The schema, as the binary and as Diesel's own tools make it.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use crate::support::Workplace;
use crate::support::app::connect;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(connection: &mut SqliteConnection, query: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(query).load(connection).unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// Every table, index and trigger, as it was written; SQLite's and Diesel's own apart.
fn schema(connection: &mut SqliteConnection) -> Vec<String> {
    lines(
        connection,
        "SELECT sql AS line FROM sqlite_schema
         WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name <> '__diesel_schema_migrations'
         ORDER BY name",
    )
}

/// The migrations as they lie in their folder.
fn folder() -> FileBasedMigrations {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations");
    FileBasedMigrations::from_path(path).unwrap()
}

fn migrated(path: &Path) -> SqliteConnection {
    let mut connection = connect(path);
    connection.run_pending_migrations(folder()).unwrap();
    connection
}

#[actix_web::test]
async fn the_folder_of_migrations_makes_the_schema_that_the_binary_makes() {
    let place = Workplace::empty();
    assert_eq!(place.run(&["migrate"]).await.code, Some(0));
    let embedded = schema(&mut connect(&place.database()));
    let from_folder = schema(&mut migrated(&place.path().join("folder.db")));
    assert!(embedded.iter().any(|sql| sql.contains("TABLE accounts")));
    assert_eq!(embedded, from_folder);
}

#[test]
fn every_migration_reverts_and_runs_again() {
    let place = Workplace::empty();
    let mut connection = migrated(&place.path().join("folder.db"));
    let whole = schema(&mut connection);
    let reverted = connection.revert_all_migrations(folder()).unwrap();
    assert!(reverted.len() >= 3, "{reverted:?}");
    assert_eq!(schema(&mut connection), Vec::<String>::new());
    connection.run_pending_migrations(folder()).unwrap();
    assert_eq!(schema(&mut connection), whole);
}

/// What happened outlives the account that it happened to; all else goes with it.
#[test]
fn every_foreign_key_cascades_and_has_an_index() {
    let place = Workplace::empty();
    let mut connection = migrated(&place.path().join("folder.db"));
    let keys = "SELECT t.name || '.' || k.\"from\" AS line
                FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'";
    let all = lines(&mut connection, keys);
    assert!(all.contains(&"sessions.account_id".to_owned()), "{all:?}");
    let bad = format!(
        "{keys} AND (k.on_delete <> iif(t.name = 'activity', 'SET NULL', 'CASCADE') OR NOT (
             EXISTS (SELECT 1 FROM pragma_table_info(t.name) c
                     WHERE c.pk = 1 AND c.type = 'INTEGER' AND c.name = k.\"from\")
             OR EXISTS (
             SELECT 1 FROM pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
             WHERE c.seqno = 0 AND c.name = k.\"from\" AND NOT i.partial)))"
    );
    assert_eq!(lines(&mut connection, &bad), Vec::<String>::new());
}

/// The number of migrations after `2026-11-28-000006_disowned_challenges`.
const NEWER: usize = 8;

/// What people said with “This wasn’t me” is kept by an upgrade and by a downgrade.
#[test]
fn disowned_and_reported_challenges_survive_the_migration_both_ways() {
    let place = Workplace::empty();
    let mut c = migrated(&place.path().join("folder.db"));
    for _ in 0..=NEWER {
        c.revert_last_migration(folder()).unwrap();
    }
    let challenge = |id: i64, email: &str, expires_at: i64, consumed_at: &str| {
        format!(
            "INSERT INTO challenges (id, token_hash, email, code_hash, code_salt, return_to, issued_at,
                 expires_at, consumed_at)
             VALUES ({id}, randomblob(32), '{email}', randomblob(32), randomblob(16), '/', 1, {expires_at},
                 {consumed_at});"
        )
    };
    let reported = "INSERT INTO activity (at, kind, email, detail)
                    VALUES (70, 'code_disowned', 'MIRA@acme.test', 'after it was used');";
    let before = [
        challenge(1, "open@acme.test", 100, "NULL"),
        challenge(2, "disowned@acme.test", 60, "60"),
        challenge(3, "mira@acme.test", 100, "50"),
        challenge(4, "used@acme.test", 100, "50"),
        challenge(5, "mira@acme.test", 100, "80"),
        reported.to_owned(),
    ]
    .concat();
    c.batch_execute(&before).unwrap();
    let old =
        "SELECT id || ' ' || expires_at || ' ' || ifnull(consumed_at, '-') AS line FROM challenges";
    let untouched = lines(&mut c, old);

    c.run_pending_migrations(folder()).unwrap();
    let new = "SELECT id || ' used ' || ifnull(consumed_at, '-') || ' disowned ' || ifnull(disowned_at, '-')
                   || ' reported ' || ifnull(reported_at, '-') AS line FROM challenges";
    assert_eq!(
        lines(&mut c, new),
        [
            "1 used - disowned - reported -",
            "2 used - disowned 60 reported -",
            "3 used 50 disowned - reported 70",
            "4 used 50 disowned - reported -",
            "5 used 80 disowned - reported -",
        ]
    );

    for _ in 0..=NEWER {
        c.revert_last_migration(folder()).unwrap();
    }
    assert_eq!(lines(&mut c, old), untouched);
}

/// The wrong tries of known browsers count after an upgrade, and after a downgrade.
#[test]
fn wrong_tries_of_known_browsers_survive_the_migration_both_ways() {
    let place = Workplace::empty();
    let mut c = migrated(&place.path().join("folder.db"));
    let revert = |c: &mut SqliteConnection| {
        while c.revert_last_migration(folder()).unwrap().to_string() != "20261128000010" {}
    };
    revert(&mut c);
    c.batch_execute(
        "INSERT INTO wrong_tries (email, device_id, tried_at)
         VALUES ('mira@acme.test', NULL, 1), ('mira@acme.test', 'one', 2), ('mira@acme.test', 'two', 3)",
    )
    .unwrap();
    c.run_pending_migrations(folder()).unwrap();
    let known = "SELECT tried_at || ' ' || ifnull(known_browser_id, '-') AS line FROM wrong_tries";
    assert_eq!(lines(&mut c, known), ["1 -", "2 0", "3 0"]);

    revert(&mut c);
    let known = "SELECT tried_at || ' ' || ifnull(device_id, '-') AS line FROM wrong_tries";
    assert_eq!(lines(&mut c, known), ["1 -", "2 0", "3 0"]);
}

/// An account's last sign-in comes from the activity, or from a session that is older than the activity that is kept.
#[test]
fn the_last_sign_in_is_filled_in_from_activity_and_sessions() {
    let place = Workplace::empty();
    let mut c = migrated(&place.path().join("folder.db"));
    while c.revert_last_migration(folder()).unwrap().to_string() != "20261128000011" {}
    c.batch_execute(
        "INSERT INTO accounts (id, email, created_at) VALUES (1, 'a@acme.test', 0), (2, 'b@acme.test', 0), (3, 'c@acme.test', 0);
         INSERT INTO activity (at, kind, account_id, email)
         VALUES (5, 'signed_in', 1, ''), (7, 'signed_in', 1, ''), (9, 'signed_out', 1, '');
         INSERT INTO sessions (token_hash, account_id, method, browser, ip, created_at, last_seen_at)
         VALUES (randomblob(32), 1, 'workos', '', '', 6, 9), (randomblob(32), 2, 'workos', '', '', 4, 9);",
    )
    .unwrap();
    c.run_pending_migrations(folder()).unwrap();
    let filled = "SELECT id || ' ' || ifnull(last_sign_in_at, '-') AS line FROM accounts";
    assert_eq!(lines(&mut c, filled), ["1 7", "2 4", "3 -"]);
}

/// A server remembers accounts with their sessions. The revision tells it of every change but a sign-in.
#[test]
fn every_change_to_an_account_but_a_sign_in_advances_the_revision() {
    let place = Workplace::empty();
    let mut c = migrated(&place.path().join("folder.db"));
    c.batch_execute("INSERT INTO accounts (email, created_at) VALUES ('mira@acme.test', 0)")
        .unwrap();
    let mut revision = |statement: &str| {
        c.batch_execute(statement).unwrap();
        lines(&mut c, "SELECT ended || '' AS line FROM session_revision").remove(0)
    };
    let mut columns = 0;
    for column in lines(
        &mut connect(&place.path().join("folder.db")),
        "SELECT name AS line FROM pragma_table_info('accounts')",
    ) {
        let before = revision("");
        let after = revision(&format!("UPDATE accounts SET {column} = {column}"));
        assert_eq!(before == after, column == "last_sign_in_at", "{column}");
        columns += 1;
    }
    assert!(columns > 8, "{columns}");
}
