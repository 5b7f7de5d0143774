//! The database as a file: copied, checked, and made ready to take another's place.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::migrations;
use crate::db::schema::{accounts, challenges, operator_codes, outgoing_mails, sessions};
use crate::domain::Timestamp;

/// What SQLite may keep beside a database.
pub const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The path with something behind its name.
pub fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut whole = OsString::from(path);
    whole.push(end);
    PathBuf::from(whole)
}

/// The file itself, where the path is a link: SQLite keeps what it needs beside that one.
pub fn behind_links(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The database, and whatever SQLite may keep beside it.
pub fn with_beside(database: &Path) -> impl Iterator<Item = PathBuf> {
    let beside = BESIDE.map(|end| with_end(database, end));
    std::iter::once(database.to_owned()).chain(beside)
}

/// What a restored database was found to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adopted {
    /// Accounts in it.
    pub accounts: usize,
    /// Sessions that were ended.
    pub sessions_ended: usize,
}

/// Why a database cannot be put aside.
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

#[derive(QueryableByName, PartialEq)]
struct Part {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

/// Copies the database at `from` into the empty file `into`, as it is at one moment, whoever writes
/// to it meanwhile.
///
/// # Errors
/// In words for the operator.
pub fn copy(from: &Path, into: &Path) -> Result<(), String> {
    let mut connection = open(from)?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(into.to_string_lossy())
        .execute(&mut connection)
        .map_err(describe)?;
    Ok(())
}

/// Opens a copy, makes it a single file, and checks that it is whole.
///
/// # Errors
/// In words for the operator.
pub fn check(path: &Path) -> Result<(), String> {
    let mut connection = open(path)?;
    connection
        .batch_execute("PRAGMA journal_mode = DELETE")
        .map_err(describe)?;
    check_whole(&mut connection).map_err(|e| format!("the copy is damaged: {e}"))
}

/// How many accounts a copy has.
///
/// # Errors
/// In words for the operator.
pub fn count_accounts(path: &Path) -> Result<usize, String> {
    accounts_in(&mut open(path)?).map_err(describe)
}

fn accounts_in(c: &mut SqliteConnection) -> QueryResult<usize> {
    let count: i64 = accounts::table.count().get_result(c)?;
    Ok(count.try_into().unwrap_or_default())
}

/// Makes a copy ready to be served: it has to be one of ours and no newer than this program; it is
/// migrated, and whoever was signed in is no longer. What is to be ended at a provider stays in the
/// queue, the sessions ended here among it.
///
/// # Errors
/// In words for the operator.
pub fn adopt(path: &Path, now: Timestamp) -> Result<Adopted, String> {
    let mut connection = open(path)?;
    let ours = "SELECT count(*) AS count FROM sqlite_schema
                WHERE name IN ('accounts', 'sessions', '__diesel_schema_migrations')";
    let ours: Count = diesel::sql_query(ours)
        .get_result(&mut connection)
        .map_err(describe)?;
    if ours.count != 3 {
        return Err("it is not a database of Vestibule".to_owned());
    }
    let unknown = migrations::unknown(&mut connection)?;
    if !unknown.is_empty() {
        return Err(format!(
            "it was made by a newer version: this one does not know the migrations {}",
            unknown.join(", ")
        ));
    }
    migrations::run(&mut connection)?;
    has_our_schema(&mut connection)?;
    connection
        .immediate_transaction(|c| end_what_was_open(c, now))
        .map_err(describe)
}

/// An older file would revive what has ended since (SECURITY rule 30).
fn end_what_was_open(c: &mut SqliteConnection, now: Timestamp) -> QueryResult<Adopted> {
    let sessions_ended = diesel::delete(sessions::table).execute(c)?;
    diesel::delete(challenges::table).execute(c)?;
    diesel::delete(operator_codes::table).execute(c)?;
    // Mail that would long have been given up is not sent now.
    let late = outgoing_mails::give_up_at.le(now.0);
    diesel::delete(outgoing_mails::table.filter(late)).execute(c)?;
    Ok(Adopted {
        accounts: accounts_in(c)?,
        sessions_ended,
    })
}

/// Puts into a restored database's queue whatever is to be ended at a provider by the one that it
/// replaces, whose sessions end with it.
///
/// # Errors
/// In words for the operator, when that one cannot be read.
pub fn carry_over_revocations(into: &Path, replaced: &Path) -> Result<(), String> {
    let mut connection = open(into)?;
    diesel::sql_query("ATTACH ? AS replaced")
        .bind::<Text, _>(replaced.to_string_lossy())
        .execute(&mut connection)
        .map_err(describe)?;
    diesel::sql_query(
        "INSERT INTO main.pending_revocations (session_id, provider, provider_session_id, refresh_token)
         SELECT session_id, provider, provider_session_id, refresh_token FROM replaced.provider_sessions
         UNION
         SELECT session_id, provider, provider_session_id, refresh_token FROM replaced.pending_revocations
         EXCEPT
         SELECT session_id, provider, provider_session_id, refresh_token FROM main.pending_revocations",
    )
    .execute(&mut connection)
    .map_err(describe)?;
    Ok(())
}

/// Brings what stands in the write-ahead log into the file itself, and the log to an end. A damaged
/// file is left as it is: it can be put aside all the same, with its log.
///
/// # Errors
/// [`InUse`] when another process has it open.
pub fn settle(path: &Path) -> Result<(), InUse> {
    let settled = open(path).and_then(|mut connection| {
        connection
            .batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
            .map_err(describe)
    });
    match settled {
        Err(e) if e.contains("locked") || e.contains("busy") => Err(InUse),
        _ => Ok(()),
    }
}

fn open(path: &Path) -> Result<SqliteConnection, String> {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).map_err(describe)?;
    connection
        .batch_execute(
            "PRAGMA busy_timeout = 3000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
        )
        .map_err(describe)?;
    Ok(connection)
}

fn check_whole(connection: &mut SqliteConnection) -> Result<(), String> {
    let found: Vec<Line> =
        diesel::sql_query("SELECT integrity_check AS line FROM pragma_integrity_check")
            .load(connection)
            .map_err(describe)?;
    if let Some(wrong) = found.iter().find(|row| row.line != "ok") {
        return Err(wrong.line.clone());
    }
    let orphans: Count =
        diesel::sql_query("SELECT count(*) AS count FROM pragma_foreign_key_check")
            .get_result(connection)
            .map_err(describe)?;
    match orphans.count {
        0 => Ok(()),
        count => Err(format!("{count} rows belong to rows that are not there")),
    }
}

/// Each table, index and trigger of ours is there, as it was written.
fn has_our_schema(connection: &mut SqliteConnection) -> Result<(), String> {
    let mut fresh = SqliteConnection::establish(":memory:").map_err(describe)?;
    migrations::run(&mut fresh)?;
    let found = schema(connection)?;
    match schema(&mut fresh)?
        .iter()
        .find(|part| !found.contains(part))
    {
        None => Ok(()),
        Some(part) => Err(format!(
            "it is not a database of Vestibule: its “{}” is missing or another",
            part.name
        )),
    }
}

fn schema(connection: &mut SqliteConnection) -> Result<Vec<Part>, String> {
    diesel::sql_query(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    )
    .load(connection)
    .map_err(describe)
}

/// Which file it is, the caller says: it knows it by the name that the operator gave it.
fn describe(error: impl std::fmt::Display) -> String {
    error.to_string()
}
