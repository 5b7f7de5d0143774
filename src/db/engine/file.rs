//! A database as a file: copy it, check it, and prepare a backup for use.

use std::fmt;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::{BigInt, Text};
use thiserror::Error;

use super::connection::SqliteProblem;
use super::migrations::{self, MigrationError};
use crate::db::schema::{accounts, outgoing_mails};
use crate::db::{challenges, known_browsers, operator_codes, provider_logouts, sessions};
use crate::domain::Timestamp;

/// A fault of a database file. The caller names the file.
#[derive(Debug, Error)]
pub enum FileError {
    #[error(transparent)]
    Connect(#[from] ConnectionError),
    #[error(transparent)]
    Query(#[from] DieselError),
    #[error(transparent)]
    Migration(#[from] MigrationError),
    #[error("it is not a database of Vestibule")]
    NotVestibule,
    #[error("it is not a database of Vestibule: its “{0}” is missing or different")]
    OtherSchema(String),
    #[error("it was made by a newer version: this one does not know the migrations {}", .0.join(", "))]
    Newer(Vec<String>),
    #[error("the copy is damaged: {0}")]
    Damaged(Damage),
}

#[derive(Debug)]
pub enum Damage {
    /// The first finding of SQLite's integrity check.
    Integrity(String),
    /// This many rows refer to rows that do not exist.
    DanglingReferences(i64),
    Unreadable(DieselError),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integrity(finding) => f.write_str(finding),
            Self::DanglingReferences(count) => {
                write!(f, "{count} rows refer to rows that do not exist")
            }
            Self::Unreadable(error) => error.fmt(f),
        }
    }
}

impl From<DieselError> for Damage {
    fn from(error: DieselError) -> Self {
        Self::Unreadable(error)
    }
}

/// The content of a restored database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adopted {
    pub accounts: usize,
    pub sessions_ended: usize,
}

/// Another process has the database open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InUse;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// A table, an index or a trigger.
#[derive(QueryableByName, PartialEq)]
struct SchemaItem {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

/// Copies the database at `from` into the empty file `into`. The copy is a snapshot, even while others write.
pub fn copy(from: &Path, into: &Path) -> Result<(), FileError> {
    let mut connection = open(from)?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(into.to_string_lossy())
        .execute(&mut connection)?;
    Ok(())
}

/// Opens a copy, turns it into a single file, and checks its integrity.
pub fn check(path: &Path) -> Result<(), FileError> {
    let mut connection = open(path)?;
    connection.batch_execute("PRAGMA journal_mode = DELETE")?;
    check_integrity(&mut connection).map_err(FileError::Damaged)
}

/// The number of accounts in a copy.
pub fn count_accounts(path: &Path) -> Result<usize, FileError> {
    Ok(accounts_in(&mut open(path)?)?)
}

fn accounts_in(c: &mut SqliteConnection) -> QueryResult<usize> {
    let count: i64 = accounts::table.count().get_result(c)?;
    Ok(count.try_into().unwrap_or_default())
}

/// Prepares a copy for use: checks that it is a database of this or an older version, migrates it, and ends every
/// session. Revocations at the provider stay in the queue, those of the ended sessions included.
pub fn adopt(path: &Path, now: Timestamp) -> Result<Adopted, FileError> {
    let mut connection = open(path)?;
    let ours = "SELECT count(*) AS count FROM sqlite_schema
                WHERE name IN ('accounts', 'sessions', '__diesel_schema_migrations')";
    let ours: Count = diesel::sql_query(ours).get_result(&mut connection)?;
    if ours.count != 3 {
        return Err(FileError::NotVestibule);
    }
    let unknown = migrations::unknown(&mut connection)?;
    if !unknown.is_empty() {
        return Err(FileError::Newer(unknown));
    }
    migrations::run(&mut connection)?;
    check_schema(&mut connection)?;
    Ok(connection.immediate_transaction(|c| end_what_was_open(c, now))?)
}

/// An older file would revive ended sessions, used codes and forgotten browsers (SECURITY rules 30 and 33).
fn end_what_was_open(c: &mut SqliteConnection, now: Timestamp) -> QueryResult<Adopted> {
    let sessions_ended = sessions::delete_all(c)?;
    known_browsers::delete_all(c)?;
    challenges::delete_all(c)?;
    operator_codes::delete_all(c)?;
    provider_logouts::delete_all(c)?;
    // The original server has given up this mail.
    let late = outgoing_mails::give_up_at.le(now.0);
    diesel::delete(outgoing_mails::table.filter(late)).execute(c)?;
    Ok(Adopted {
        accounts: accounts_in(c)?,
        sessions_ended,
    })
}

/// Copies the pending revocations of the replaced database into the restored one, with one more for each of its
/// sessions, because they end now.
pub fn carry_over_revocations(into: &Path, replaced: &Path) -> Result<(), FileError> {
    let mut connection = open(into)?;
    diesel::sql_query("ATTACH ? AS replaced")
        .bind::<Text, _>(replaced.to_string_lossy())
        .execute(&mut connection)?;
    diesel::sql_query(
        "INSERT INTO main.pending_revocations (session_id, provider, provider_session_id, refresh_token)
         SELECT session_id, provider, provider_session_id, refresh_token FROM replaced.provider_sessions
         UNION
         SELECT session_id, provider, provider_session_id, refresh_token FROM replaced.pending_revocations
         EXCEPT
         SELECT session_id, provider, provider_session_id, refresh_token FROM main.pending_revocations",
    )
    .execute(&mut connection)?;
    Ok(())
}

/// Writes the write-ahead log back into the database and removes the log. A damaged file is left unchanged: it can
/// still be kept aside, with its log.
pub fn settle(path: &Path) -> Result<(), InUse> {
    let settled = open(path).and_then(|mut connection| {
        let pragmas = "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;";
        Ok(connection.batch_execute(pragmas)?)
    });
    match settled {
        Err(e) if SqliteProblem::from_message(&e.to_string()) == SqliteProblem::Locked => {
            Err(InUse)
        }
        _ => Ok(()),
    }
}

fn open(path: &Path) -> Result<SqliteConnection, FileError> {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
    connection.batch_execute(
        "PRAGMA busy_timeout = 3000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
    )?;
    Ok(connection)
}

fn check_integrity(connection: &mut SqliteConnection) -> Result<(), Damage> {
    let findings: Vec<Line> =
        diesel::sql_query("SELECT integrity_check AS line FROM pragma_integrity_check")
            .load(connection)?;
    if let Some(finding) = findings.into_iter().find(|row| row.line != "ok") {
        return Err(Damage::Integrity(finding.line));
    }
    let dangling: Count =
        diesel::sql_query("SELECT count(*) AS count FROM pragma_foreign_key_check")
            .get_result(connection)?;
    match dangling.count {
        0 => Ok(()),
        count => Err(Damage::DanglingReferences(count)),
    }
}

/// Compares each table, index and trigger with a new database's.
fn check_schema(connection: &mut SqliteConnection) -> Result<(), FileError> {
    let mut fresh = SqliteConnection::establish(":memory:")?;
    migrations::run(&mut fresh)?;
    let found = schema(connection)?;
    let mut expected = schema(&mut fresh)?.into_iter();
    match expected.find(|item| !found.contains(item)) {
        None => Ok(()),
        Some(item) => Err(FileError::OtherSchema(item.name)),
    }
}

fn schema(connection: &mut SqliteConnection) -> QueryResult<Vec<SchemaItem>> {
    diesel::sql_query(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    )
    .load(connection)
}
