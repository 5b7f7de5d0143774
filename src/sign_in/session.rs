//! Sessions: begin, authenticate, end. The database is the source of truth. Each request checks the cache here against
//! the database's revision.

mod authenticate;
mod authorization;
mod ending;
mod newest_revision;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use crate::db::{QueryResult, SqliteConnection};
use dashmap::DashMap;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Notify;

use super::client::Client;
use crate::clock::Clock;
use crate::db::accounts::AccountRow;
use crate::db::activity::{self, NewActivity};
use crate::db::sessions::{self, InForce, NewSession, Revision, SessionRow};
use crate::db::{Database, DatabaseError};
use crate::domain::{
    AccountId, ActivityKind, AuthenticationMethod, Email, ReturnTo, Role, SessionId, SignInMethod,
    Timestamp, Token, TokenHash,
};
pub use authorization::{Authorization, NotAuthorized, OwnChangeError};
use newest_revision::NewestRevision;

/// The size of each cache, in sessions and in lists of sessions.
const REMEMBERED: usize = 20_000;
/// The total weight of the cached lists: an average of two rows for each list.
const LISTED_ROWS: u64 = 60_000;
/// A page lists this many of the newest sessions of an account.
pub const LISTED: i64 = 50;

/// A session in force, with what pages need of its account.
#[derive(Debug)]
pub struct LiveSession {
    pub id: SessionId,
    pub account_id: AccountId,
    pub email: Email,
    /// The person's name; may be empty.
    pub name: String,
    pub role: Role,
    pub method: SignInMethod,
    /// How the provider authenticated the person.
    pub authentication: Option<AuthenticationMethod>,
    pub created_at: Timestamp,
    /// The expiry of the provider's access token, for a session that began at a provider.
    pub access_expires_at: Option<Timestamp>,
    /// The WorkOS admin who impersonates the user.
    pub impersonator: Option<String>,
    short_lived: bool,
    last_seen_at: AtomicI64,
    as_of: i64,
}

/// One line of “Where you’re signed in”.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    pub id: SessionId,
    pub method: SignInMethod,
    pub authentication: Option<&'a AuthenticationMethod>,
    /// Browser and system, such as “Firefox on Linux”.
    pub browser: &'a str,
    pub ip: &'a str,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
}

/// The sessions of an account, from the cache.
pub struct SessionList<'a> {
    sessions: &'a Sessions,
    listing: Arc<Listing>,
}

struct Listing {
    as_of: Revision,
    rows: Vec<ListedRow>,
}

struct ListedRow {
    id: SessionId,
    method: SignInMethod,
    authentication: Option<AuthenticationMethod>,
    browser: String,
    ip: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    short_lived: bool,
}

/// Weighs a list by its rows, because few accounts have many sessions.
#[derive(Clone)]
struct Rows;

impl Weighter<AccountId, Arc<Listing>> for Rows {
    fn weight(&self, _: &AccountId, listing: &Arc<Listing>) -> u64 {
        1 + listing.rows.len() as u64
    }
}

/// A new session, as the browser gets it.
#[derive(Debug)]
pub struct StartedSession {
    /// The session's token, for the session cookie.
    pub token: Token,
    pub return_to: ReturnTo,
    /// The token for the known-browser cookie. `None` when the cookie is not to change.
    pub browser_token: Option<Token>,
}

/// How a session begins.
#[derive(Debug, Clone)]
pub struct Beginning {
    pub method: SignInMethod,
    /// How the provider authenticated the person.
    pub authentication: Option<AuthenticationMethod>,
    /// Whether the idle timeout is also the absolute one (SECURITY rule 39).
    pub short_lived: bool,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// The idle timeout.
    pub idle: Duration,
    /// The absolute timeout.
    pub max: Duration,
}

impl Lifetimes {
    /// The bounds of the sessions that are in force now.
    pub fn in_force(self, now: Timestamp) -> InForce {
        InForce {
            begun_after: now.minus(self.max),
            seen_after: now.minus(self.idle),
        }
    }

    fn absolute(self, short_lived: bool) -> Duration {
        if short_lived { self.idle } else { self.max }
    }
}

pub struct Sessions {
    database: Database,
    clock: Clock,
    lifetimes: Lifetimes,
    remembered: Cache<TokenHash, Arc<LiveSession>>,
    listings: Cache<AccountId, Arc<Listing>, Rows>,
    seen: DashMap<SessionId, Timestamp>,
    newest: NewestRevision,
    ended: Arc<Notify>,
}

impl Sessions {
    pub fn new(database: Database, clock: Clock, lifetimes: Lifetimes) -> Self {
        Self {
            database,
            clock,
            lifetimes,
            remembered: Cache::new(REMEMBERED),
            listings: Cache::with_weighter(REMEMBERED, LISTED_ROWS, Rows),
            seen: DashMap::with_shard_amount(16),
            newest: NewestRevision::default(),
            ended: Arc::default(),
        }
    }

    /// Wakes one waiting task when a session may have ended, whichever process ended it.
    pub fn ended(&self) -> Arc<Notify> {
        Arc::clone(&self.ended)
    }

    /// The number of cached sessions.
    pub fn remembered(&self) -> usize {
        self.remembered.len()
    }

    pub fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// Whether the provider's access token of a session has expired and should be refreshed.
    pub fn token_has_expired(&self, live: &LiveSession) -> bool {
        live.access_expires_at
            .is_some_and(|expiry| expiry <= self.clock.now())
    }

    /// The sessions of an account.
    pub fn of_account(&self, account_id: AccountId) -> Result<SessionList<'_>, DatabaseError> {
        let revision = self.newest.load();
        let remembered = self
            .listings
            .get(&account_id)
            .filter(|listing| listing.as_of == revision);
        let listing = match remembered {
            Some(listing) => listing,
            None => {
                let rows = self
                    .database
                    .read_in_place(|c| sessions::of_account(c, account_id, LISTED))?;
                let rows = rows.into_iter().filter_map(listed).collect();
                let listing = Arc::new(Listing {
                    as_of: revision,
                    rows,
                });
                self.listings.insert(account_id, Arc::clone(&listing));
                listing
            }
        };
        Ok(SessionList {
            sessions: self,
            listing,
        })
    }

    /// Writes the times of last use to the database. After an error they are kept for the next call.
    pub async fn write_down_use(&self) -> Result<(), DatabaseError> {
        let seen: Vec<_> = self
            .seen
            .iter()
            .map(|entry| (*entry.key(), *entry.value()))
            .collect();
        for batch in seen.chunks(500) {
            let rows = batch.to_vec();
            self.database
                .write(move |c| sessions::touch(c, &rows))
                .await?;
            // The cached lists have older times than the database now.
            self.listings.clear();
            for (id, at) in batch {
                self.seen.remove_if(id, |_, newest| newest == at);
            }
        }
        Ok(())
    }

    fn lasts(
        &self,
        created_at: Timestamp,
        last_seen_at: Timestamp,
        short_lived: bool,
        now: Timestamp,
    ) -> bool {
        now.since(created_at) < self.lifetimes.absolute(short_lived)
            && now.since(last_seen_at) < self.lifetimes.idle
    }
}

impl SessionList<'_> {
    /// The sessions in force, newest first.
    pub fn in_force(&self, now: Timestamp) -> impl Iterator<Item = Listed<'_>> {
        self.listing.rows.iter().filter_map(move |row| {
            let noted = self.sessions.seen.get(&row.id).map(|at| *at);
            let last_seen_at = noted.map_or(row.last_seen_at, |at| at.max(row.last_seen_at));
            let lasts = self
                .sessions
                .lasts(row.created_at, last_seen_at, row.short_lived, now);
            lasts.then_some(Listed {
                id: row.id,
                method: row.method,
                authentication: row.authentication.as_ref(),
                browser: &row.browser,
                ip: &row.ip,
                created_at: row.created_at,
                last_seen_at,
            })
        })
    }
}

/// Begins a session inside the transaction of the sign-in, in place of the browser's older session. The token is always
/// new (ASVS 7.2.4).
pub fn begin(
    connection: &mut SqliteConnection,
    token_hash: TokenHash,
    account: &AccountRow,
    beginning: &Beginning,
    client: &Client,
    older: Option<TokenHash>,
    now: Timestamp,
) -> QueryResult<SessionId> {
    if let Some(older) = older {
        sessions::delete(connection, older)?;
    }
    let new = NewSession {
        token_hash,
        account_id: account.id,
        method: beginning.method,
        browser: &client.browser,
        ip: &client.ip.to_string(),
        now,
        short_lived: beginning.short_lived,
        authentication_method: beginning.authentication.as_ref(),
    };
    sessions::insert(connection, &new)
}

/// Records an action of a person on their own account.
pub fn note(
    connection: &mut SqliteConnection,
    kind: ActivityKind,
    account: &AccountRow,
    client: &Client,
    detail: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let what = NewActivity {
        account_id: Some(account.id),
        detail,
        ..client.doing(account.email.as_str())
    };
    activity::add(connection, kind, &what, now)?;
    Ok(())
}

fn listed(row: SessionRow) -> Option<ListedRow> {
    Some(ListedRow {
        id: row.id,
        method: row.method.known()?,
        authentication: row.authentication_method,
        browser: row.browser,
        ip: row.ip,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        short_lived: row.short_lived,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_weighs_what_it_holds() {
        let row = || ListedRow {
            id: SessionId(1),
            method: SignInMethod::EmailCode,
            authentication: None,
            browser: String::new(),
            ip: String::new(),
            created_at: Timestamp(0),
            last_seen_at: Timestamp(0),
            short_lived: false,
        };
        for length in [0, 1, 3] {
            let listing = Arc::new(Listing {
                as_of: Revision { ended: 0, begun: 0 },
                rows: (0..length).map(|_| row()).collect(),
            });
            assert_eq!(Rows.weight(&AccountId(1), &listing), 1 + length as u64);
        }
    }
}
