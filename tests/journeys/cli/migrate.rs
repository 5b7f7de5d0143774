//! Migrations listed and reverted.

use insta::assert_snapshot;

use super::{fails, names, objects, place, succeeds};
use crate::support::Workplace;

/// Each migration's name and whether it has been run.
fn run(list: &[serde_json::Value]) -> Vec<(&str, bool)> {
    let one = |row: &'_ serde_json::Value| !row["run_on"].is_null();
    list.iter()
        .map(|row| (row["name"].as_str().unwrap(), one(row)))
        .collect()
}

#[actix_web::test]
async fn the_status_is_shown_before_and_after_the_database_exists() {
    let place = Workplace::empty();
    let before = succeeds(&place, &["migrate", "--status"]).await;
    assert!(place.contents().is_empty());
    assert_eq!(
        before.lines().next().unwrap().split_whitespace().last(),
        Some("Run")
    );
    assert!(
        before
            .lines()
            .skip(1)
            .all(|line| line.ends_with("  not yet")),
        "{before}"
    );
    assert!(
        before.contains("\n2026-11-23-000001_accounts_and_sessions  "),
        "{before}"
    );

    succeeds(&place, &["migrate"]).await;
    place.sql("UPDATE __diesel_schema_migrations SET run_on = '2001-09-09 01:46:40'");
    let after = succeeds(&place, &["migrate", "--status"]).await;
    assert_eq!(after.lines().count(), before.lines().count());
    assert_snapshot!(after.lines().take(3).collect::<Vec<_>>().join("\n"), @r"
    Migration                                Run
    2026-11-23-000001_accounts_and_sessions  9 Sep 2001, 01:46 UTC
    2026-11-23-000002_email_codes            9 Sep 2001, 01:46 UTC
    ");
    let list = objects(&place, &["migrate", "--status", "--json"]).await;
    assert_eq!(names(&list[0]), ["name", "run_on", "version"]);
    assert_eq!(list[0]["version"], "20261123000001");
    assert!(
        list.iter()
            .all(|row| row["run_on"] == 1_000_000_000_000_i64),
        "{list:?}"
    );
}

#[actix_web::test]
async fn the_newest_migration_is_reverted_by_name_and_can_be_run_again() {
    let place = place().await;
    let list = objects(&place, &["migrate", "--status", "--json"]).await;
    let all: Vec<_> = run(&list)
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    for name in all.iter().rev() {
        let said = succeeds(&place, &["migrate", "--revert"]).await;
        assert!(said.starts_with(&format!("{name} is reverted. ")), "{said}");
        let list = objects(&place, &["migrate", "--status", "--json"]).await;
        assert!(run(&list).contains(&(name.as_str(), false)), "{list:?}");
    }
    assert_eq!(
        fails(&place, &["migrate", "--revert"]).await,
        "Nothing was reverted: no migration has been run."
    );
    succeeds(&place, &["migrate"]).await;
    let list = objects(&place, &["migrate", "--status", "--json"]).await;
    assert!(run(&list).iter().all(|(_, run)| *run), "{list:?}");
}

#[actix_web::test]
async fn a_revert_is_refused_while_a_server_runs() {
    let place = place().await;
    let console = place.serve(&[]).await;
    assert_eq!(
        fails(&place, &["migrate", "--revert"]).await,
        "Nothing was reverted: a server runs on the folder data. Stop it first."
    );
    let list = objects(&place, &["migrate", "--status", "--json"]).await;
    assert!(run(&list).iter().all(|(_, run)| *run), "{list:?}");
    console.stopped().await;
    succeeds(&place, &["migrate", "--revert"]).await;
}

#[actix_web::test]
async fn a_migration_of_a_newer_version_is_listed_and_left_to_it() {
    let place = place().await;
    place.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000001')");
    let list = succeeds(&place, &["migrate", "--status"]).await;
    assert!(
        list.lines().last().unwrap().starts_with("29990101000001  "),
        "{list}"
    );
    let said = fails(&place, &["migrate", "--revert"]).await;
    assert!(
        said.contains("29990101000001, came with a newer version"),
        "{said}"
    );
    assert_eq!(succeeds(&place, &["migrate", "--status"]).await, list);
}
