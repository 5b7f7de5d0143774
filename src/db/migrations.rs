//! The migrations in `migrations/`, compiled in.

use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

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
