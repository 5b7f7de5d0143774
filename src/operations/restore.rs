//! Puts a backup in the place of the database.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use log::warn;
use thiserror::Error;

use super::data_dir::{DataDirError, acquire_server_lock, create_data_dir};
use super::draft::Draft;
use crate::config::Storage;
use crate::db::engine::file::{self as database_file, Adopted, FileError, InUse};
use crate::db::engine::paths::{BESIDE, with_beside, with_end};
use crate::domain::Timestamp;

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    pub accounts: usize,
    pub sessions_ended: usize,
    /// Where the replaced database is kept; `None` if there was none.
    pub kept_as: Option<PathBuf>,
}

/// Why nothing was restored. The present database is unchanged.
#[derive(Debug, Error)]
pub enum RestoreError {
    #[error("{}", path.display())]
    Backup { path: PathBuf, source: FileError },
    #[error("{}", path.display())]
    Missing { path: PathBuf, source: io::Error },
    #[error("{} is the database itself", .0.display())]
    SameFile(PathBuf),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error("{} cannot be written to", path.display())]
    Draft { path: PathBuf, source: io::Error },
    #[error("another process has {} open. End it first", .0.display())]
    InUse(PathBuf),
    #[error("{} cannot be kept as {}", database.display(), kept_as.display())]
    Keep {
        database: PathBuf,
        kept_as: PathBuf,
        source: io::Error,
    },
    #[error("{} cannot be replaced", path.display())]
    Replace { path: PathBuf, source: io::Error },
}

/// Puts the backup `file` in the place of the database, and ends every session in it. The replaced database is kept
/// under another name. Refused while a server runs.
///
/// `watch` works as for [`backup`](super::backup::backup).
pub fn restore<G>(
    storage: &Storage,
    file: &Path,
    now: Timestamp,
    watch: impl FnOnce(&Path, u64) -> G,
) -> Result<Restored, RestoreError> {
    // SQLite would create a missing file, and reads some names as URLs.
    let source = fs::canonicalize(file).map_err(|source| RestoreError::Missing {
        path: file.to_owned(),
        source,
    })?;
    let database = &storage.database;
    if fs::canonicalize(database).is_ok_and(|present| present == source) {
        return Err(RestoreError::SameFile(file.to_owned()));
    }
    create_data_dir(storage)?;
    let _lock = acquire_server_lock(storage, "a server")?;
    let draft = Draft::of(database).map_err(|source| RestoreError::Draft {
        path: storage.data_dir.clone(),
        source,
    })?;
    let adopted = prepare(&source, &draft, now, watch).map_err(|source| RestoreError::Backup {
        path: file.to_owned(),
        source,
    })?;
    let mut kept_as = None;
    if database.exists() {
        database_file::settle(database).map_err(|InUse| RestoreError::InUse(database.clone()))?;
        if let Err(e) = database_file::carry_over_revocations(draft.path(), database) {
            warn!(
                "sessions of the replaced database are left to end by themselves at the provider: {}: {e}",
                database.display()
            );
        }
        kept_as = Some(keep_aside(database, now)?);
    }
    draft
        .persist_over(database)
        .map_err(|source| RestoreError::Replace {
            path: database.clone(),
            source,
        })?;
    if let Some(kept_as) = &kept_as {
        restrict(kept_as);
    }
    Ok(Restored {
        accounts: adopted.accounts,
        sessions_ended: adopted.sessions_ended,
        kept_as,
    })
}

/// Every check of the backup comes before the first change to the present database.
fn prepare<G>(
    source: &Path,
    draft: &Draft,
    now: Timestamp,
    watch: impl FnOnce(&Path, u64) -> G,
) -> Result<Adopted, FileError> {
    let size = fs::metadata(source).map_or(0, |file| file.len());
    let _watching = watch(draft.path(), size);
    database_file::copy(source, draft.path())?;
    database_file::check(draft.path())?;
    let adopted = database_file::adopt(draft.path(), now)?;
    database_file::check(draft.path())?;
    Ok(adopted)
}

/// Gives the present database a second name. The file also keeps its first name until the restored one replaces it in
/// one step. Its journals are moved away: SQLite would apply them to the restored database.
fn keep_aside(database: &Path, now: Timestamp) -> Result<PathBuf, RestoreError> {
    let stamp = now.rfc3339().to_string().replace(':', "");
    let kept_as = with_end(database, &format!(".before-{stamp}"));
    let keep = || -> io::Result<()> {
        link(database, &kept_as)?;
        for end in BESIDE {
            match fs::rename(with_end(database, end), with_end(&kept_as, end)) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    };
    match keep() {
        Ok(()) => Ok(kept_as),
        Err(source) => Err(RestoreError::Keep {
            database: database.to_owned(),
            kept_as,
            source,
        }),
    }
}

/// Gives a file a second name, which must be free. On a file system without hard links the file is renamed.
fn link(path: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(path, name) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists && !name.exists() => fs::rename(path, name),
        linked => linked,
    }
}

/// Sets mode 0600: an earlier version or Diesel's own tool may have created the files world-readable.
fn restrict(database: &Path) {
    for path in with_beside(database) {
        match fs::set_permissions(&path, Permissions::from_mode(0o600)) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                warn!("{} may be readable by others: {e}", path.display());
            }
            _ => {}
        }
    }
}
