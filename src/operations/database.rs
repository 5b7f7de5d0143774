//! Opening the database file, and its migrations.

use std::path::PathBuf;

use log::info;
use thiserror::Error;

use super::data_dir::{DataDirError, acquire_server_lock, create_data_dir};
use crate::config::Storage;
use crate::db::Database;
use crate::db::engine::migrations::{self, MigrationError};

pub use crate::db::engine::migrations::Listed as MigrationStatus;

#[derive(Debug, Error)]
pub enum OpenError {
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(
        "There is no database at {}. Run this in the server’s folder, or set DATA_DIR to the server’s value",
        .0.display()
    )]
    Missing(PathBuf),
    #[error(
        "{} was migrated by a newer Vestibule ({}). Start the newer version, or let it undo its migrations \
         with `vestibule migrate --revert` first",
        database.display(), migrations.join(", ")
    )]
    Newer {
        database: PathBuf,
        migrations: Vec<String>,
    },
    #[error(
        "{} migrations are pending and AUTO_MIGRATE is false: {}. Run `vestibule migrate`, or \
         `diesel migration run`, then start again",
        .0.len(), .0.join(", ")
    )]
    Pending(Vec<String>),
    #[error(transparent)]
    Database(#[from] crate::db::OpenError),
    #[error(transparent)]
    Migration(#[from] MigrationError),
}

#[derive(Debug, Error)]
pub enum RevertError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Database(#[from] crate::db::OpenError),
    #[error(transparent)]
    Migration(#[from] MigrationError),
}

/// Opens the database, creates the file if there is none, and runs pending migrations if
/// `storage.auto_migrate` is set.
pub fn open_database(storage: &Storage) -> Result<Database, OpenError> {
    create_data_dir(storage)?;
    let database = Database::open(&storage.database)?;
    let newer = database.with_connection(migrations::unknown)?;
    if !newer.is_empty() {
        return Err(OpenError::Newer {
            database: storage.database.clone(),
            migrations: newer,
        });
    }
    let pending = database.with_connection(migrations::pending)?;
    if pending.is_empty() {
        return Ok(database);
    }
    if !storage.auto_migrate {
        return Err(OpenError::Pending(pending));
    }
    for name in database.with_connection(migrations::run)? {
        info!("migrated: {name}");
    }
    Ok(database)
}

/// Opens an existing database: a command that only reads must not create an empty one in the wrong folder.
pub fn open_existing_database(storage: &Storage) -> Result<Database, OpenError> {
    must_exist(storage)?;
    open_database(storage)
}

/// Every migration, oldest first. A database that does not exist yet has run none.
pub fn migration_status(storage: &Storage) -> Result<Vec<MigrationStatus>, OpenError> {
    if !storage.database.exists() {
        return Ok(migrations::compiled_in()?);
    }
    let database = Database::open(&storage.database)?;
    Ok(database.with_connection(migrations::list)?)
}

/// Reverts the newest migration that was run, and returns its name. Refused while a server is running.
pub fn revert_newest_migration(storage: &Storage) -> Result<String, RevertError> {
    must_exist(storage)?;
    create_data_dir(storage)?;
    let _lock = acquire_server_lock(storage, "a server")?;
    let database = Database::open(&storage.database)?;
    Ok(database.with_connection(migrations::revert)?)
}

pub(super) fn must_exist(storage: &Storage) -> Result<(), OpenError> {
    if storage.database.exists() {
        Ok(())
    } else {
        Err(OpenError::Missing(storage.database.clone()))
    }
}
