use std::fs;

use diesel::connection::SimpleConnection;

use super::{Mark, ask};
use crate::support::Workplace;
use crate::support::app::connect;

async fn migrated() -> Workplace {
    let place = Workplace::empty();
    assert_eq!(place.run(&["migrate"]).await.code, Some(0));
    // The page that is damaged below must be in the file, not in the write-ahead log.
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    connect(&place.database())
        .batch_execute(checkpoint)
        .unwrap();
    place
}

#[actix_web::test]
async fn a_pending_migration_is_named_and_not_run() {
    let place = migrated().await;
    let newest = "(SELECT max(version) FROM __diesel_schema_migrations)";
    place.sql(&format!(
        "DELETE FROM __diesel_schema_migrations WHERE version = {newest}"
    ));
    let count = "SELECT count(*) FROM __diesel_schema_migrations";
    let before = place.number(count);
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), ["migrations"]);
    let words = findings.words("migrations");
    assert!(words.contains("2026-11-28-000015_left_at"), "{words}");
    assert!(words.contains("vestibule migrate"), "{words}");
    assert_eq!(place.number(count), before);
}

// SECURITY rule 37.
#[actix_web::test]
async fn a_flood_of_code_requests_is_reported() {
    let place = migrated().await;
    let words = "0 code requests, 0 wrong codes and 0 activity rows without an account (at most 100000 each)";
    let check = "rows that visitors cause";
    assert!(ask(&place).await.words(check).starts_with(words));
    place.sql(
        "INSERT INTO challenges (token_hash, email, code_hash, code_salt, return_to, issued_at, expires_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
         SELECT randomblob(32), 'x@acme.test', zeroblob(32), zeroblob(16), '/', 1, 1 FROM n",
    );
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), [check]);
    assert!(findings.words(check).contains("at your reverse proxy"));
}

#[actix_web::test]
async fn a_locked_database_is_reported_as_locked() {
    let place = migrated().await;
    let mut holder = connect(&place.database());
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), ["database"]);
    assert!(findings.words("database").contains("holds its lock"));
    assert_eq!(findings.mark("integrity"), Mark::Fine);
}

#[actix_web::test]
async fn a_read_only_database_is_reported() {
    let place = migrated().await;
    // By its own header (SQLite's file format, 1.3.1), which holds for root too.
    let mut file = fs::read(place.database()).unwrap();
    file[18] = 3;
    fs::write(place.database(), file).unwrap();
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), ["database"]);
    let words = findings.words("database");
    assert!(
        words.contains("readonly") && words.contains("Let the user"),
        "{words}"
    );
}

#[actix_web::test]
async fn a_damaged_database_and_a_foreign_file_are_reported() {
    let place = migrated().await;
    let index = "SELECT rootpage FROM sqlite_schema WHERE name = 'activity_by_kind'";
    let (page, index) = (4096, usize::try_from(place.number(index)).unwrap());
    let mut file = fs::read(place.database()).unwrap();
    file[(index - 1) * page..index * page].fill(0x5a);
    fs::write(place.database(), &file).unwrap();
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), ["integrity"], "{:#?}", findings.checks);
    assert!(findings.words("integrity").contains("backup"));

    // Every page but the first: there is no table any more.
    file[page..].fill(0x5a);
    fs::write(place.database(), &file).unwrap();
    let findings = ask(&place).await;
    assert!(findings.failed().contains(&"database"));
    assert!(findings.words("database").contains("backup"));

    fs::write(place.database(), "a shopping list, long enough to be read").unwrap();
    let findings = ask(&place).await;
    assert_eq!(findings.failed(), ["database"]);
    assert!(findings.words("database").contains("another file"));
}

#[actix_web::test]
async fn an_unusable_key_is_reported() {
    let place = migrated().await;
    let folder = place.database().parent().unwrap().to_owned();
    for file in ["secret.key.previous", "secret.key"] {
        let file = folder.join(file);
        fs::write(&file, "garbage").unwrap();
        let findings = ask(&place).await;
        assert_eq!(findings.failed(), ["key"]);
        let words = findings.words("key");
        let shown = format!("data/{} must be 64", file.file_name().unwrap().display());
        assert!(
            words.contains(&shown) && words.contains("read the file"),
            "{words}"
        );
        fs::remove_file(&file).unwrap();
    }
    // Looking made none.
    assert!(!folder.join("secret.key").exists());
    assert_eq!(ask(&place).await.failed(), Vec::<&str>::new());
}
