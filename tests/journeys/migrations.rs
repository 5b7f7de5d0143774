//! The schema, as the binary and as Diesel's own tools make it.

use std::path::{Path, PathBuf};

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
