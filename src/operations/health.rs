//! The console's health: its database, mail queue, sessions and provider.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::AdminSignIn;
use crate::db::sessions::InForce;
use crate::db::{
    Database, DatabaseError, QueryResult, SqliteConnection, WriteTrouble, activity, challenges,
    outgoing_mails, pending_revocations, sessions, state, wrong_tries,
};
use crate::domain::Timestamp;
use crate::mail::{Deliveries, MailQueue};
use crate::sign_in::limits::rules::MOST_ROWS_OF_VISITORS;
use crate::sign_in::limits::try_budget;
use crate::sign_in::oidc::{Reachability, ReachabilityStatus};
use crate::sign_in::session::Sessions;

/// Reads the state of the console's parts.
pub struct Health {
    pub database: Database,
    pub clock: Clock,
    pub mail: Arc<MailQueue>,
    pub sessions: Arc<Sessions>,
    /// `None` when no provider is configured.
    pub reachability: Option<Arc<Reachability>>,
    pub admin_sign_in: AdminSignIn,
    /// When this process began to serve.
    pub started_at: Timestamp,
}

/// The state of the console at one moment.
#[derive(Debug)]
pub struct Snapshot {
    pub now: Timestamp,
    /// When this process began to serve.
    pub started_at: Timestamp,
    pub version: &'static str,
    /// The facts from the database, or why it did not answer.
    pub database: Result<Stored, DatabaseError>,
    /// The database file.
    pub file: PathBuf,
    /// The last write failure; `None` once a write has succeeded since.
    pub write_failure: Option<WriteTrouble>,
    /// The mails with codes that wait in memory.
    pub codes_waiting: usize,
    /// The deliveries since the start.
    pub deliveries: Deliveries,
    /// `None` when no provider is configured.
    pub provider: Option<ReachabilityStatus>,
    pub admin_sign_in: AdminSignIn,
}

/// The facts that are read from the database.
#[derive(Debug)]
pub struct Stored {
    /// The size of the database on the disk in bytes, its write-ahead log included.
    pub bytes: i64,
    /// Whether the database file is world-readable.
    pub open_to_others: bool,
    /// The version of SQLite.
    pub sqlite: String,
    /// The newest migration that was applied.
    pub newest_migration: Option<String>,
    /// The number of sessions in force.
    pub sessions: i64,
    /// The mails that wait in the table.
    pub mails: outgoing_mails::Waiting,
    /// Ended sessions that the provider has yet to end.
    pub revocations: pending_revocations::Waiting,
    /// The rows that anyone can cause.
    pub visitors: RowsOfVisitors,
    /// While the overall budget of wrong codes is used up: when it frees up, if no further code is tried.
    pub guessing_until: Option<Timestamp>,
}

/// The rows that anyone can cause, in three tables (SECURITY rule 37).
#[derive(Debug, Clone, Copy)]
pub struct RowsOfVisitors {
    pub challenges: i64,
    pub wrong_tries: i64,
    /// Activity without an account.
    pub activity: i64,
}

impl RowsOfVisitors {
    /// Whether someone floods the sign-in page now. The activity stays full for two weeks after a flood.
    pub fn show_a_flood(self) -> bool {
        self.challenges >= MOST_ROWS_OF_VISITORS || self.refuse_unknown_browsers()
    }

    /// Whether there are so many wrong codes that codes work in known browsers only.
    pub fn refuse_unknown_browsers(self) -> bool {
        self.wrong_tries >= MOST_ROWS_OF_VISITORS
    }
}

impl fmt::Display for RowsOfVisitors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            challenges,
            wrong_tries,
            activity,
        } = self;
        write!(
            f,
            "{challenges} code requests, {wrong_tries} wrong codes and {activity} activity rows without an account \
             (at most {MOST_ROWS_OF_VISITORS} each)"
        )
    }
}

pub fn rows_of_visitors(c: &mut SqliteConnection) -> QueryResult<RowsOfVisitors> {
    Ok(RowsOfVisitors {
        challenges: challenges::count(c)?,
        wrong_tries: wrong_tries::span(c)?,
        activity: activity::count_strangers(c)?,
    })
}

impl Health {
    /// Succeeds when people can sign in, which needs the database to answer.
    pub async fn is_ready(&self) -> Result<(), DatabaseError> {
        self.database.read(sessions::revision).await.map(drop)
    }

    /// Reads the state of every part. If the database does not answer, the other parts are still reported.
    pub async fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let in_force = self.sessions.lifetimes().in_force(now);
        let path = self.database.path().to_owned();
        let stored = self
            .database
            .read(move |c| stored(c, &path, in_force, now))
            .await;
        Snapshot {
            now,
            started_at: self.started_at,
            version: env!("CARGO_PKG_VERSION"),
            database: stored,
            file: self.database.path().to_owned(),
            write_failure: self.database.write_trouble(),
            codes_waiting: self.mail.codes_waiting(),
            deliveries: self.mail.deliveries(),
            provider: self.reachability.as_ref().map(|provider| provider.status()),
            admin_sign_in: self.admin_sign_in,
        }
    }
}

fn stored(
    c: &mut SqliteConnection,
    file: &Path,
    in_force: InForce,
    now: Timestamp,
) -> QueryResult<Stored> {
    Ok(Stored {
        bytes: state::size(file),
        // A folder that this process cannot read is not world-readable either.
        open_to_others: state::is_open_to_others(file).unwrap_or(false),
        sqlite: state::sqlite_version(c)?,
        newest_migration: state::newest_migration(c)?,
        sessions: sessions::count_in_force(c, in_force)?,
        mails: outgoing_mails::waiting(c)?,
        revocations: pending_revocations::waiting(c)?,
        visitors: rows_of_visitors(c)?,
        guessing_until: try_budget::overall_exhausted_until(c, now)?,
    })
}
