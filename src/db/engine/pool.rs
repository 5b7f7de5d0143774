use std::cell::RefCell;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::revision::RevisionWatch;
use super::writer::{Caller, WriteTrouble, Writer};
use crate::logging;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use thiserror::Error;
use thread_local::ThreadLocal;
use tokio::sync::Semaphore;

/// How long a statement waits for another process's lock.
const LOCK_WAIT: Duration = Duration::from_secs(3);
/// How long a request waits for its turn.
pub(super) const TURN_WAIT: Duration = Duration::from_secs(4);
const READERS: u32 = 4;

/// The database, with one thread for writing and a lane for reading.
#[derive(Clone)]
pub struct Database {
    readers: Readers,
    writer: Arc<Writer>,
    in_place: Arc<ThreadLocal<RefCell<SqliteConnection>>>,
    /// Below all connections, since it is to be dropped after them: see there.
    revision: RevisionWatch,
    url: Arc<str>,
}

/// Why the database gave no answer.
#[derive(Debug, Clone, Error)]
pub enum DatabaseError {
    /// Locked by another process, out of space, or more asked of it than it can do: it may well
    /// work in a moment.
    #[error("the database is busy or cannot be written: {0}")]
    Unavailable(String),
    /// A query failed. That is a defect, or a damaged file.
    #[error("a query failed: {0}")]
    Query(Arc<DieselError>),
}

impl Database {
    /// Opens the file, and makes it if there is none, for the owner's eyes only.
    ///
    /// # Errors
    /// When the file cannot be opened or is no database; in words for the operator.
    pub fn open(path: &Path) -> Result<Self, String> {
        make_for_the_owner(path);
        let url = Arc::from(&*path.to_string_lossy());
        Ok(Self {
            readers: Readers::open(&url)?,
            writer: Arc::new(Writer::start(&url).map_err(|e| e.to_string())?),
            in_place: Arc::default(),
            revision: RevisionWatch::of(path),
            url,
        })
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        Path::new(&*self.url)
    }

    /// Why nothing could be written last; `None` as soon as something is.
    pub fn write_trouble(&self) -> Option<WriteTrouble> {
        self.writer.trouble()
    }

    /// Runs queries that change nothing, off the async threads.
    pub async fn read<T, F>(&self, queries: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        self.readers.run(queries).await
    }

    pub(super) fn revision_watch(&self) -> &RevisionWatch {
        &self.revision
    }

    /// Runs a read in place. A server does so with reads of microseconds alone, which an index leads to:
    /// a session, a page's list of them, a browser's own challenge, what a refused request needs. It would
    /// take longer to hand those over to another thread. All else goes through [`Database::read`].
    pub fn read_in_place<T>(
        &self,
        query: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    ) -> Result<T, DatabaseError> {
        self.in_place(query)
            .map_err(unavailable)?
            .map_err(DatabaseError::from_diesel)
    }

    /// Each thread has a connection of its own for this, so that none waits for another's.
    fn in_place<T>(&self, work: impl FnOnce(&mut SqliteConnection) -> T) -> Result<T, String> {
        let open = || open(&self.url).map(RefCell::new);
        let connection = self.in_place.get_or_try(open)?;
        let mut connection = connection.try_borrow_mut().map_err(|e| e.to_string())?;
        Ok(work(&mut connection))
    }

    /// Runs one transaction, and answers once it is committed.
    ///
    /// Never hash, mail or call anyone inside it: everybody's writes wait meanwhile.
    ///
    /// # Errors
    /// See [`DatabaseError`]; nothing is changed then.
    pub async fn write<T, F>(&self, transaction: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        self.writer.run(Caller::Request, transaction).await
    }

    /// Does the same as [`Database::write`] where no request waits for the answer.
    ///
    /// # Errors
    /// See [`DatabaseError`]; nothing is changed then.
    pub async fn write_aside<T, F>(&self, transaction: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        self.writer.run(Caller::Nobody, transaction).await
    }

    /// Does the same as [`Database::write`] on the calling thread, for the command line and start-up.
    ///
    /// # Errors
    /// See [`DatabaseError`]; nothing is changed then.
    pub fn write_blocking<T>(
        &self,
        transaction: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    ) -> Result<T, DatabaseError> {
        self.in_place(|connection| connection.immediate_transaction(transaction))
            .map_err(unavailable)?
            .map_err(DatabaseError::from_diesel)
    }

    /// Makes a table and takes that back: whether the file can be written shows at the first page that
    /// changes, not when the lock is taken.
    pub fn try_writing(&self) -> Result<(), DatabaseError> {
        self.write_blocking(|c| {
            let tried = c.transaction(|c| {
                c.batch_execute("CREATE TABLE written_for_a_moment (n INTEGER)")?;
                Err::<(), _>(DieselError::RollbackTransaction)
            });
            match tried {
                Ok(()) | Err(DieselError::RollbackTransaction) => Ok(()),
                Err(e) => Err(e),
            }
        })
    }

    /// Lends a connection, for migrations.
    ///
    /// # Errors
    /// When the connection is not to be had, or with what `work` says.
    pub fn with_connection<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, String>,
    ) -> Result<T, String> {
        self.in_place(work)?
    }
}

/// What keeps a database from being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// Another process holds its lock.
    Locked,
    /// The disk is full.
    Full,
    /// Something else, such as what the file lets be done.
    Other,
}

impl Hindrance {
    /// As SQLite's words have it.
    pub fn of(reason: &str) -> Self {
        if reason.contains("locked") {
            Self::Locked
        } else if reason.contains("full") {
            Self::Full
        } else {
            Self::Other
        }
    }
}

impl DatabaseError {
    pub(super) fn from_diesel(error: DieselError) -> Self {
        let passing = match &error {
            DieselError::DatabaseError(kind, info) => {
                matches!(kind, DatabaseErrorKind::ReadOnlyTransaction)
                    || [
                        "locked",
                        "busy",
                        "full",
                        "disk I/O",
                        "readonly",
                        "unable to open",
                    ]
                    .iter()
                    .any(|word| info.message().contains(word))
            }
            DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. } => {
                true
            }
            _ => false,
        };
        if passing {
            unavailable(error)
        } else {
            Self::Query(Arc::new(error))
        }
    }
}

pub(super) fn unavailable(error: impl ToString) -> DatabaseError {
    DatabaseError::Unavailable(error.to_string())
}

/// SQLite makes a file for everybody to read, as far as the umask lets it, and gives what it keeps beside it the
/// mode of the file. Where none can be made, opening it says why.
fn make_for_the_owner(path: &Path) {
    if !path.exists() {
        let mut making = OpenOptions::new();
        let _said_when_opened = making.create(true).append(true).mode(0o600).open(path);
    }
}

/// Opens a connection.
///
/// # Errors
/// When the file cannot be opened, or is no database.
pub(super) fn open(url: &str) -> Result<SqliteConnection, String> {
    let mut connection = SqliteConnection::establish(url).map_err(|e| e.to_string())?;
    Pragmas
        .on_acquire(&mut connection)
        .map_err(|e| e.to_string())?;
    Ok(connection)
}

/// Connections that read, and a fair queue for them that holds up no thread.
#[derive(Clone)]
struct Readers {
    pool: Pool<ConnectionManager<SqliteConnection>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    fn open(url: &str) -> Result<Self, String> {
        let describe = |e| format!("the database {url} cannot be opened: {e}");
        // A pool would try for a while before it says that a file is no database.
        open(url).map_err(describe)?;
        let pool = Pool::builder()
            .max_size(READERS)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(TURN_WAIT)
            .connection_customizer(Box::new(Pragmas))
            .build(ConnectionManager::new(url))
            .map_err(|e| describe(e.to_string()))?;
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
            work(&mut connection).map_err(DatabaseError::from_diesel)
        };
        tokio::task::spawn_blocking(move || logging::scope_blocking(id, read))
            .await
            .map_err(unavailable)?
    }
}

#[derive(Debug)]
struct Pragmas;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Pragmas {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        // The time-out comes first, since changing the journal mode takes a lock itself. NORMAL
        // never damages the file, and a killed process loses nothing that was committed. Pages that
        // are written again and again are copied back once for 16 MB of log.
        connection
            .batch_execute(&format!(
                "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                 PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -2000;
                 PRAGMA wal_autocheckpoint = 4000;",
                LOCK_WAIT.as_millis()
            ))
            .map_err(diesel::r2d2::Error::QueryError)
    }
}
