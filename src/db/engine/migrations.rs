//! The migrations in `migrations/`, compiled in.

use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use serde::Serialize;

use crate::domain::Timestamp;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The names of those not run yet, oldest first.
///
/// # Errors
/// In words for the operator.
pub fn pending(connection: &mut SqliteConnection) -> Result<Vec<String>, String> {
    let pending = connection
        .pending_migrations(MIGRATIONS)
        .map_err(|e| e.to_string())?;
    Ok(pending
        .iter()
        .map(|migration| migration.name().to_string())
        .collect())
}

/// The versions of those that were run by another program than this one: a newer one, as a rule.
///
/// # Errors
/// In words for the operator.
pub fn unknown(connection: &mut SqliteConnection) -> Result<Vec<String>, String> {
    let ours: Vec<Box<dyn Migration<Sqlite>>> =
        MIGRATIONS.migrations().map_err(|e| e.to_string())?;
    let run = connection.applied_migrations().map_err(|e| e.to_string())?;
    Ok(run
        .iter()
        .filter(|version| !ours.iter().any(|known| known.name().version() == **version))
        .map(ToString::to_string)
        .collect())
}

/// Runs what is pending, each in a transaction of its own, and names what was run.
///
/// # Errors
/// In words for the operator. Migrations before the failing one have been run.
pub fn run(connection: &mut SqliteConnection) -> Result<Vec<String>, String> {
    let run = connection
        .run_pending_migrations(MIGRATIONS)
        .map_err(|e| e.to_string())?;
    Ok(run.iter().map(ToString::to_string).collect())
}

/// One migration, and when it was run.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// What Diesel calls it.
    pub version: String,
    /// What its folder is called; its version where only a newer Vestibule has that folder.
    pub name: String,
    /// `None` for a pending migration.
    pub run_on: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = BigInt)]
    run_on: Timestamp,
}

/// Those that are compiled in, oldest first, as if none had been run.
///
/// # Errors
/// In words for the operator.
pub fn compiled_in() -> Result<Vec<Listed>, String> {
    let all = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).map_err(|e| e.to_string())?;
    let mut list: Vec<_> = all
        .iter()
        .map(|migration| Listed {
            version: migration.name().version().to_string(),
            name: migration.name().to_string(),
            run_on: None,
        })
        .collect();
    list.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(list)
}

/// Those that are compiled in or were run, oldest first.
///
/// # Errors
/// In words for the operator.
pub fn list(connection: &mut SqliteConnection) -> Result<Vec<Listed>, String> {
    let mut list = compiled_in()?;
    for applied in applied(connection).map_err(|e| e.to_string())? {
        let run_on = Some(applied.run_on);
        match list.iter_mut().find(|one| one.version == applied.version) {
            Some(known) => known.run_on = run_on,
            None => list.push(Listed {
                name: applied.version.clone(),
                version: applied.version,
                run_on,
            }),
        }
    }
    list.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(list)
}

/// Reverts the newest that was run, in a transaction, and names it.
///
/// # Errors
/// In words for the operator; nothing is changed then.
pub fn revert(connection: &mut SqliteConnection) -> Result<String, String> {
    let newest = list(connection)?
        .into_iter()
        .rfind(|one| one.run_on.is_some())
        .ok_or("no migration has been run")?;
    if compiled_in()?
        .iter()
        .all(|one| one.version != newest.version)
    {
        return Err(format!(
            "the newest migration, {}, came with a newer version of Vestibule, which has to revert it",
            newest.version
        ));
    }
    connection
        .revert_last_migration(MIGRATIONS)
        .map_err(|e| e.to_string())?;
    Ok(newest.name)
}

fn applied(connection: &mut SqliteConnection) -> QueryResult<Vec<Applied>> {
    let there = "SELECT name AS version, 0 AS run_on FROM sqlite_schema
                 WHERE name = '__diesel_schema_migrations'";
    if diesel::sql_query(there)
        .load::<Applied>(connection)?
        .is_empty()
    {
        return Ok(Vec::new());
    }
    diesel::sql_query(
        "SELECT version, unixepoch(run_on) * 1000 AS run_on FROM __diesel_schema_migrations",
    )
    .load(connection)
}
