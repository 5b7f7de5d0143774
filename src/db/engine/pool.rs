//! The pool: one writer thread, and connections that read.

use std::cell::RefCell;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool, PoolError};
use diesel::result::Error as DieselError;
use thiserror::Error;
use thread_local::ThreadLocal;
use tokio::sync::Semaphore;

use super::connection::{DatabaseError, Pragmas, SqliteProblem, TURN_WAIT, open, unavailable};
use super::revision::RevisionWatch;
use super::writer::{Caller, Writer};
use crate::db::sessions::{self, Revision};
use crate::logging;

pub use super::writer::WriteTrouble;

const READERS: u32 = 4;

/// The database: one thread that writes, and connections that read.
#[derive(Clone)]
pub struct Database {
    readers: Readers,
    writer: Arc<Writer>,
    in_place: Arc<ThreadLocal<RefCell<SqliteConnection>>>,
    /// Declared last so that it is dropped after every connection (see [`RevisionWatch`]).
    revision: RevisionWatch,
    url: Arc<str>,
}

/// Why a database file was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("the database {} cannot be opened", path.display())]
    Connect {
        path: PathBuf,
        source: ConnectionError,
    },
    #[error("the database {} cannot be opened", path.display())]
    Pool { path: PathBuf, source: PoolError },
    #[error("the writer thread cannot be started")]
    Thread(#[source] std::io::Error),
}

impl OpenError {
    pub fn problem(&self) -> SqliteProblem {
        match self {
            Self::Connect { source, .. } => SqliteProblem::from_message(&source.to_string()),
            Self::Pool { source, .. } => SqliteProblem::from_message(&source.to_string()),
            Self::Thread(_) => SqliteProblem::Other,
        }
    }
}

impl Database {
    /// Opens the file, and creates it with mode 0600 if it is missing.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        create_private(path);
        let url = Arc::from(&*path.to_string_lossy());
        Ok(Self {
            readers: Readers::open(path, &url)?,
            writer: Arc::new(Writer::start(&url).map_err(OpenError::Thread)?),
            in_place: Arc::default(),
            revision: RevisionWatch::of(path),
            url,
        })
    }

    pub fn path(&self) -> &Path {
        Path::new(&*self.url)
    }

    /// Why the last write failed. `None` after a successful write.
    pub fn write_trouble(&self) -> Option<WriteTrouble> {
        self.writer.trouble()
    }

    /// Runs read-only queries on another thread.
    pub async fn read<T, F>(&self, queries: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        self.readers.run(queries).await
    }

    /// Runs a read on the calling thread. A server uses it only for indexed reads of microseconds, such as a session,
    /// for which a change of threads would take longer. All other reads go through [`Database::read`].
    pub fn read_in_place<T>(
        &self,
        query: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    ) -> Result<T, DatabaseError> {
        Ok(self.in_place(query)??)
    }

    /// Lends the calling thread's own connection, so that no thread waits for another.
    fn in_place<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> T,
    ) -> Result<T, DatabaseError> {
        let open = || open(&self.url).map(RefCell::new);
        let connection = self.in_place.get_or_try(open).map_err(unavailable)?;
        let mut connection = connection.try_borrow_mut().map_err(unavailable)?;
        Ok(work(&mut connection))
    }

    /// Runs a transaction on the writer thread, and returns after its commit. On an error nothing has changed.
    ///
    /// A transaction must not hash, send mail or call another server: all other writes wait for it.
    pub async fn write<T, F>(&self, transaction: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        self.writer.run(Caller::Request, transaction).await
    }

    /// Like [`Database::write`], for work that no request waits for.
    pub async fn write_aside<T, F>(&self, transaction: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        self.writer.run(Caller::Background, transaction).await
    }

    /// Like [`Database::write`], on the calling thread: for the command line and for start-up.
    pub fn write_blocking<T>(
        &self,
        transaction: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    ) -> Result<T, DatabaseError> {
        Ok(self.in_place(|connection| connection.immediate_transaction(transaction))??)
    }

    /// Creates a table and rolls it back. SQLite notices a file that it cannot write only at the first changed page,
    /// not when it takes the lock.
    pub fn try_writing(&self) -> Result<(), DatabaseError> {
        self.write_blocking(|c| {
            let tried = c.transaction(|c| {
                c.batch_execute("CREATE TABLE write_probe (n INTEGER)")?;
                Err::<(), _>(DieselError::RollbackTransaction)
            });
            match tried {
                Ok(()) | Err(DieselError::RollbackTransaction) => Ok(()),
                Err(e) => Err(e),
            }
        })
    }

    /// Lends a connection, for migrations.
    pub fn with_connection<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.in_place(work)?
    }

    /// The newest revision. It includes every commit before this call, by any process.
    pub fn session_revision(&self) -> Result<Revision, DatabaseError> {
        self.revision
            .newest(|| self.read_in_place(sessions::revision))
    }
}

/// Creates a missing file with mode 0600. SQLite would create a world-readable file; the files beside it get the same
/// mode. An error shows when the file is opened.
fn create_private(path: &Path) {
    if !path.exists() {
        let mut options = OpenOptions::new();
        let _shown_when_opened = options.create(true).append(true).mode(0o600).open(path);
    }
}

/// Connections that read, behind a fair queue that blocks no thread.
#[derive(Clone)]
struct Readers {
    pool: Pool<ConnectionManager<SqliteConnection>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    fn open(path: &Path, url: &str) -> Result<Self, OpenError> {
        // A pool would retry until its time-out before it reports that a file is no database.
        open(url).map_err(|source| OpenError::Connect {
            path: path.to_owned(),
            source,
        })?;
        let pool = Pool::builder()
            .max_size(READERS)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(TURN_WAIT)
            .connection_customizer(Box::new(Pragmas))
            .build(ConnectionManager::new(url))
            .map_err(|source| OpenError::Pool {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            pool,
            turns: Arc::new(Semaphore::new(READERS as usize)),
        })
    }

    async fn run<T, F>(&self, work: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(TURN_WAIT, turn)
            .await
            .map_err(|_| unavailable("no connection became free in time"))?
            .map_err(unavailable)?;
        let pool = self.pool.clone();
        let id = logging::request_id();
        let read = move || {
            let _turn = turn;
            let mut connection = pool.get().map_err(unavailable)?;
            Ok(work(&mut connection)?)
        };
        tokio::task::spawn_blocking(move || logging::scope_blocking(id, read))
            .await
            .map_err(unavailable)?
    }
}
