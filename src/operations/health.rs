//! How the console is, for those who watch it: what answers, what waits, what went wrong last.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Clock;
use crate::db::{
    Database, DatabaseError, QueryResult, SqliteConnection, WriteTrouble, outgoing_mails,
    pending_revocations, sessions, state,
};
use crate::domain::Timestamp;
use crate::mail::{Deliveries, MailQueue};
use crate::sign_in::limits::try_budget;
use crate::sign_in::oidc::{Reachability, ReachabilityStatus};
use crate::sign_in::session::Sessions;

/// Looks after all of it.
pub struct Health {
    /// What is to answer.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Where codes wait.
    pub mail: Arc<MailQueue>,
    /// Whose sessions are counted.
    pub sessions: Arc<Sessions>,
    /// Whether the provider answers, once one is set up.
    pub reachability: Option<Arc<Reachability>>,
    /// When this process began to serve.
    pub started_at: Timestamp,
}

/// How it is at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// That moment.
    pub now: Timestamp,
    /// When this process began to serve.
    pub started_at: Timestamp,
    /// Our version.
    pub version: &'static str,
    /// What the database says, or why it says nothing.
    pub database: Result<Stored, DatabaseError>,
    /// Where its file lies.
    pub file: PathBuf,
    /// Why nothing could be written last, and when; `None` as soon as something was.
    pub write_failure: Option<WriteTrouble>,
    /// Mails with codes that wait in memory.
    pub codes_waiting: usize,
    /// How deliveries went since the start.
    pub deliveries: Deliveries,
    /// How the provider is, once one is set up.
    pub provider: Option<ReachabilityStatus>,
}

/// What is read from the database.
#[derive(Debug)]
pub struct Stored {
    /// How much of the disk it takes, in bytes, its write-ahead log included.
    pub bytes: i64,
    /// Whether everybody on this machine may read its file.
    pub open_to_others: bool,
    /// Which SQLite reads it.
    pub sqlite: String,
    /// The newest migration that was run on it.
    pub newest_migration: Option<String>,
    /// Sessions in force.
    pub sessions: i64,
    /// Mails that wait in the table.
    pub mails: outgoing_mails::Waiting,
    /// Sessions that are to end at the provider.
    pub revocations: pending_revocations::Waiting,
    /// While everybody's budget of wrong codes is used up: until when, if none is tried meanwhile.
    pub guessing_until: Option<Timestamp>,
}

impl Health {
    /// Whether people can sign in: that the database answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn is_ready(&self) -> Result<(), DatabaseError> {
        self.database.read(sessions::revision).await.map(drop)
    }

    /// Everything. What the database does not say is left out; the rest is told all the same.
    pub async fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let lifetimes = self.sessions.lifetimes();
        let (begun_after, seen_after) = (now.minus(lifetimes.max), now.minus(lifetimes.idle));
        let path = self.database.path().to_owned();
        let stored = self
            .database
            .read(move |c| stored(c, &path, [begun_after, seen_after, now]))
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
        }
    }
}

fn stored(
    c: &mut SqliteConnection,
    file: &Path,
    [begun_after, seen_after, now]: [Timestamp; 3],
) -> QueryResult<Stored> {
    Ok(Stored {
        bytes: state::size(file),
        // A folder that we may not look into is not everybody's either.
        open_to_others: state::is_open_to_others(file).unwrap_or(false),
        sqlite: state::sqlite_version(c)?,
        newest_migration: state::newest_migration(c)?,
        sessions: sessions::count_in_force(c, begun_after, seen_after)?,
        mails: outgoing_mails::waiting(c)?,
        revocations: pending_revocations::waiting(c)?,
        guessing_until: try_budget::overall_exhausted_until(c, now)?,
    })
}
