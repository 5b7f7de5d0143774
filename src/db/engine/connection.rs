//! Opens connections, and classifies SQLite's errors. No other file reads the text of an SQLite error.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::CustomizeConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use thiserror::Error;

/// How long a statement waits for another process's lock.
const LOCK_WAIT: Duration = Duration::from_secs(3);
/// How long a request waits for a reader or for the writer.
pub(super) const TURN_WAIT: Duration = Duration::from_secs(4);

/// Why the database gave no answer.
#[derive(Debug, Clone, Error)]
pub enum DatabaseError {
    /// Temporary: locked by another process, out of space, or overloaded. The text is SQLite's.
    #[error("the database is busy or cannot be written: {0}")]
    Unavailable(String),
    /// A query failed: a defect, or a damaged file.
    #[error("a query failed: {0}")]
    Query(Arc<DieselError>),
}

impl DatabaseError {
    /// Whether a constraint of a table refused the values.
    pub fn is_constraint_violation(&self) -> bool {
        use DatabaseErrorKind::{
            CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation,
        };
        let Self::Query(error) = self else {
            return false;
        };
        matches!(
            **error,
            DieselError::DatabaseError(
                CheckViolation | ForeignKeyViolation | NotNullViolation | UniqueViolation,
                _
            )
        )
    }

    pub fn problem(&self) -> SqliteProblem {
        match self {
            Self::Unavailable(message) => SqliteProblem::from_message(message),
            Self::Query(error) => SqliteProblem::from_message(&error.to_string()),
        }
    }
}

impl From<DieselError> for DatabaseError {
    fn from(error: DieselError) -> Self {
        let is_temporary = match &error {
            DieselError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)
            | DieselError::BrokenTransactionManager
            | DieselError::RollbackErrorOnCommit { .. } => true,
            DieselError::DatabaseError(_, info) => {
                SqliteProblem::from_message(info.message()).is_temporary()
            }
            _ => false,
        };
        if is_temporary {
            unavailable(error)
        } else {
            Self::Query(Arc::new(error))
        }
    }
}

pub(super) fn unavailable(error: impl ToString) -> DatabaseError {
    DatabaseError::Unavailable(error.to_string())
}

/// SQLite's error, by its message: Diesel does not pass SQLite's error code on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqliteProblem {
    /// Another process holds the lock.
    Locked,
    DiskFull,
    DiskIo,
    ReadOnly,
    CannotOpen,
    NotADatabase,
    Malformed,
    Other,
}

impl SqliteProblem {
    pub(super) fn from_message(message: &str) -> Self {
        const MESSAGES: [(&str, SqliteProblem); 8] = [
            ("locked", SqliteProblem::Locked),
            ("busy", SqliteProblem::Locked),
            ("full", SqliteProblem::DiskFull),
            ("disk I/O", SqliteProblem::DiskIo),
            ("readonly", SqliteProblem::ReadOnly),
            ("unable to open", SqliteProblem::CannotOpen),
            ("not a database", SqliteProblem::NotADatabase),
            ("malformed", SqliteProblem::Malformed),
        ];
        MESSAGES
            .into_iter()
            .find(|(text, _)| message.contains(text))
            .map_or(Self::Other, |(_, problem)| problem)
    }

    const fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::Locked | Self::DiskFull | Self::DiskIo | Self::ReadOnly | Self::CannotOpen
        )
    }
}

/// Opens a connection with the settings of [`Pragmas`].
pub(super) fn open(url: &str) -> ConnectionResult<SqliteConnection> {
    let mut connection = SqliteConnection::establish(url)?;
    set_pragmas(&mut connection).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// The settings of every connection to the database.
#[derive(Debug)]
pub(super) struct Pragmas;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Pragmas {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        set_pragmas(connection).map_err(diesel::r2d2::Error::QueryError)
    }
}

fn set_pragmas(connection: &mut SqliteConnection) -> QueryResult<()> {
    // The lock time-out comes first, because a change of the journal mode takes a lock. FULL syncs the log at every
    // commit, so a power cut loses no committed write (SECURITY rule 43). The log is copied back after 4000 pages
    // (16 MB): a page that changes often is copied once.
    connection.batch_execute(&format!(
        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -2000;
         PRAGMA wal_autocheckpoint = 4000;",
        LOCK_WAIT.as_millis()
    ))
}
