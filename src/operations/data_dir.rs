//! The data directory: created for its owner only, and locked by the server that uses it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use thiserror::Error;

use crate::config::Storage;

#[derive(Debug, Error)]
pub enum DataDirError {
    #[error("the folder {} cannot be created", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("{holder} runs on the folder {}. Stop it first", path.display())]
    Locked { path: PathBuf, holder: &'static str },
    #[error("the lock file {} cannot be used", path.display())]
    LockFile { path: PathBuf, source: io::Error },
}

/// Creates the folders of the key and of the database, mode 0700.
pub fn create_data_dir(storage: &Storage) -> Result<(), DataDirError> {
    let database_folder = storage.database.parent();
    for folder in [Some(storage.data_dir.as_path()), database_folder]
        .into_iter()
        .flatten()
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| DataDirError::Create {
                path: folder.to_owned(),
                source,
            })?;
    }
    Ok(())
}

/// Locks the data directory for one server or one exclusive command. Two servers on one folder would each
/// count half of the requests. The lock is released when the returned file is closed, at the latest with
/// the process.
///
/// `holder` names the other process in the error: “another server” to a server, “a server” to a command.
pub fn acquire_server_lock(storage: &Storage, holder: &'static str) -> Result<File, DataDirError> {
    let path = storage.data_dir.join("serve.lock");
    let unusable = |source| DataDirError::LockFile {
        path: path.clone(),
        source,
    };
    // Mode 0600: anyone who can open the file could take the lock.
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DataDirError::Locked {
            path: storage.data_dir.clone(),
            holder,
        }),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}
