//! The migrations in `migrations/`, compiled in.

use std::error::Error;

use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use serde::Serialize;
use thiserror::Error;

use super::connection::{DatabaseError, SqliteProblem};
use crate::domain::Timestamp;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

#[derive(Debug, Error)]
pub enum MigrationError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    /// A migration failed. Those before it have been run.
    #[error(transparent)]
    Diesel(#[from] Box<dyn Error + Send + Sync>),
    #[error("no migration has been run")]
    NoneRun,
    #[error(
        "the newest migration, {0}, came with a newer version of Vestibule, which has to revert it"
    )]
    Newer(String),
}

impl MigrationError {
    pub fn problem(&self) -> SqliteProblem {
        match self {
            Self::Database(error) => error.problem(),
            Self::Query(error) => SqliteProblem::from_message(&error.to_string()),
            Self::Diesel(error) => SqliteProblem::from_message(&error.to_string()),
            Self::NoneRun | Self::Newer(_) => SqliteProblem::Other,
        }
    }
}

/// The names of the migrations that have not been run, oldest first.
pub fn pending(connection: &mut SqliteConnection) -> Result<Vec<String>, MigrationError> {
    let pending = connection.pending_migrations(MIGRATIONS)?;
    Ok(pending
        .iter()
        .map(|migration| migration.name().to_string())
        .collect())
}

/// The versions of the migrations that another program has run, as a rule a newer Vestibule.
pub fn unknown(connection: &mut SqliteConnection) -> Result<Vec<String>, MigrationError> {
    let ours: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations()?;
    let run = connection.applied_migrations()?;
    Ok(run
        .iter()
        .filter(|version| !ours.iter().any(|known| known.name().version() == **version))
        .map(ToString::to_string)
        .collect())
}

/// Runs the pending migrations, each in its own transaction, and returns their names.
pub fn run(connection: &mut SqliteConnection) -> Result<Vec<String>, MigrationError> {
    let run = connection.run_pending_migrations(MIGRATIONS)?;
    Ok(run.iter().map(ToString::to_string).collect())
}

/// A migration, and when it was run.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Diesel's version: the digits of the folder's name.
    pub version: String,
    /// The folder's name, or the version of a migration that only a newer Vestibule has.
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

/// The compiled-in migrations, oldest first, as pending.
pub fn compiled_in() -> Result<Vec<Listed>, MigrationError> {
    let all = MigrationSource::<Sqlite>::migrations(&MIGRATIONS)?;
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

/// The migrations that are compiled in or were run, oldest first.
pub fn list(connection: &mut SqliteConnection) -> Result<Vec<Listed>, MigrationError> {
    let mut list = compiled_in()?;
    for applied in applied(connection)? {
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

/// Reverts the newest migration that was run, in a transaction, and returns its name.
pub fn revert(connection: &mut SqliteConnection) -> Result<String, MigrationError> {
    let newest = list(connection)?
        .into_iter()
        .rfind(|one| one.run_on.is_some())
        .ok_or(MigrationError::NoneRun)?;
    if compiled_in()?
        .iter()
        .all(|one| one.version != newest.version)
    {
        return Err(MigrationError::Newer(newest.version));
    }
    connection.revert_last_migration(MIGRATIONS)?;
    Ok(newest.name)
}

fn applied(connection: &mut SqliteConnection) -> QueryResult<Vec<Applied>> {
    let exists = "SELECT name AS version, 0 AS run_on FROM sqlite_schema
                 WHERE name = '__diesel_schema_migrations'";
    if diesel::sql_query(exists)
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
