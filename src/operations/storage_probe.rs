//! Whether the database file can be opened and written, and is intact. Nothing is created or migrated.

use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use thiserror::Error;

use crate::config::Storage;
use crate::db::engine::migrations;
use crate::db::engine::paths::{behind_links, folder_of};
use crate::db::{Database, SqliteProblem, state};
use crate::domain::with_causes;
use crate::operations::health::{RowsOfVisitors, rows_of_visitors};

/// For each check. A large file on a slow disk may take longer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The size of the file that SQLite shares between processes, in bytes.
const SHARED_MEMORY_FILE: usize = 32_768;

#[derive(Debug, Error)]
pub enum ProbeError {
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    TimedOut,
    #[error("{reason}")]
    Failed { reason: String, cause: Cause },
}

/// What an operator has to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Another process holds the lock.
    Locked,
    DiskFull,
    /// The file is not an SQLite database.
    NotADatabase,
    /// The file is damaged.
    Malformed,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    Enough,
    /// A small transaction still fits into old pages of the log; nothing larger does.
    AlmostNone,
}

pub struct StorageProbe {
    database: Database,
}

impl StorageProbe {
    pub async fn open(storage: &Storage) -> Result<Self, ProbeError> {
        let path = storage.database.clone();
        let opened = in_time(move || Database::open(&path)).await?;
        match opened {
            Ok(database) => Ok(Self { database }),
            Err(e) => Err(failed(&storage.database, e.problem(), &e)),
        }
    }

    /// Writes in a transaction that it rolls back.
    pub async fn write(&self) -> Result<Space, ProbeError> {
        let writing = self.database.clone();
        in_time(move || match writing.try_writing() {
            Ok(()) if disk_is_full(writing.path()) => Ok(Space::AlmostNone),
            Ok(()) => Ok(Space::Enough),
            Err(e) => Err(failed(writing.path(), e.problem(), &e)),
        })
        .await?
    }

    pub async fn pending_migrations(&self) -> Result<Vec<String>, ProbeError> {
        let reading = self.database.clone();
        in_time(move || {
            let pending = reading.with_connection(migrations::pending);
            pending.map_err(|e| failed(reading.path(), e.problem(), &e))
        })
        .await?
    }

    pub async fn rows_of_visitors(&self) -> Result<RowsOfVisitors, ProbeError> {
        let reading = self.database.clone();
        in_time(move || {
            let rows = reading.read_in_place(rows_of_visitors);
            rows.map_err(|e| failed(reading.path(), e.problem(), &e))
        })
        .await?
    }

    /// What SQLite's integrity check reports; empty for an intact file.
    pub async fn damage(&self) -> Result<Vec<String>, ProbeError> {
        let reading = self.database.clone();
        in_time(move || {
            let damage = reading.read_in_place(state::damage);
            damage.map_err(|e| failed(reading.path(), e.problem(), &e))
        })
        .await?
    }
}

/// Whether the database file is world-readable.
pub fn is_world_readable(storage: &Storage) -> io::Result<bool> {
    state::is_open_to_others(&storage.database)
}

/// Runs blocking work on another thread.
async fn in_time<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ProbeError> {
    let working = tokio::task::spawn_blocking(work);
    match tokio::time::timeout(TIMEOUT, working).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) | Err(_) => Err(ProbeError::TimedOut),
    }
}

fn failed(database: &Path, problem: SqliteProblem, error: &dyn Error) -> ProbeError {
    let reason = with_causes(error);
    let cause = match problem {
        SqliteProblem::Locked => Cause::Locked,
        SqliteProblem::DiskFull => Cause::DiskFull,
        // SQLite reports an I/O error if there is no space for its files beside the database.
        _ if disk_is_full(database) => Cause::DiskFull,
        SqliteProblem::NotADatabase => Cause::NotADatabase,
        SqliteProblem::Malformed => Cause::Malformed,
        SqliteProblem::DiskIo
        | SqliteProblem::ReadOnly
        | SqliteProblem::CannotOpen
        | SqliteProblem::Other => Cause::Other,
    };
    ProbeError::Failed { reason, cause }
}

/// Tries to write a file of the size that SQLite needs beside a database.
fn disk_is_full(database: &Path) -> bool {
    let file = behind_links(database);
    let written = tempfile::Builder::new()
        .prefix(".vestibule-doctor.")
        .tempfile_in(folder_of(&file))
        .and_then(|mut file| file.write_all(&[0; SHARED_MEMORY_FILE]));
    written.is_err_and(|e| matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::DatabaseError;

    // The battery fills a real disk.
    #[test]
    fn a_full_disk_is_told_by_what_sqlite_says() {
        let full = DatabaseError::Unavailable("database or disk is full".to_owned());
        let error = failed(Path::new("data/vestibule.db"), full.problem(), &full);
        assert!(matches!(
            error,
            ProbeError::Failed {
                cause: Cause::DiskFull,
                ..
            }
        ));
    }
}
