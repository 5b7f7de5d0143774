//! Copies the database to a file, with or without a running server.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::database::{OpenError, must_exist};
use super::draft::Draft;
use crate::config::Storage;
use crate::db::engine::file::{self as database_file, FileError};

/// A complete, checked backup.
#[derive(Debug)]
pub struct Backup {
    pub accounts: usize,
    /// In bytes.
    pub size: u64,
}

/// Why there is no backup. Nothing was written.
#[derive(Debug, Error)]
pub enum BackupError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("{} is there already. Nothing was written: name another file", .0.display())]
    FileExists(PathBuf),
    #[error("{} cannot be created", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("{}", path.display())]
    Copy { path: PathBuf, source: FileError },
}

/// Copies the database to `file`, which must not exist yet, and checks the copy.
///
/// `watch` gets the path of the growing copy and the bytes that it will have, about; what it returns is dropped when
/// the copy is complete.
pub fn backup<G>(
    storage: &Storage,
    file: &Path,
    watch: impl FnOnce(&Path, u64) -> G,
) -> Result<Backup, BackupError> {
    must_exist(storage)?;
    if file.exists() {
        return Err(BackupError::FileExists(file.to_owned()));
    }
    let not_created = |source| BackupError::Create {
        path: file.to_owned(),
        source,
    };
    let draft = Draft::of(file).map_err(not_created)?;
    let watching = watch(draft.path(), size_of(&storage.database));
    let accounts = database_file::copy(&storage.database, draft.path())
        .and_then(|()| database_file::check(draft.path()))
        .and_then(|()| database_file::count_accounts(draft.path()))
        .map_err(|source| BackupError::Copy {
            path: storage.database.clone(),
            source,
        })?;
    drop(watching);
    draft.persist_new(file).map_err(not_created)?;
    Ok(Backup {
        accounts,
        size: size_of(file),
    })
}

fn size_of(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |file| file.len())
}
