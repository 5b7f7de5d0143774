//! The migrations in `migrations/`, compiled in.

use diesel::sqlite::SqliteConnection;
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
