//! The activity log: read page by page, and read for one address to find out why no code came.

use std::time::Duration;

use super::account::Account;
use super::paging::{TO_READ, page_of};
use crate::clock::Clock;
use crate::db::activity::{self, ActivityRow, Filter};
use crate::db::{Database, DatabaseError, QueryResult, SqliteConnection, accounts};
use crate::domain::{AccountId, ActivityId, ActivityKind, CodeOutcome, Email, Stored, Timestamp};

/// The most requests of one address that are shown. Its limits allow a hundred a day.
const MAX_REQUESTS: i64 = 100;
/// The age of the oldest request that is shown.
pub const REQUESTS_WITHIN: Duration = Duration::from_hours(7 * 24);

pub struct ActivityLog {
    database: Database,
    clock: Clock,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Activity {
    /// Increases with time.
    pub id: ActivityId,
    pub at: Timestamp,
    pub kind: Stored<ActivityKind>,
    /// The address at that time; may be empty.
    pub email: String,
    /// Another person who did it: an admin's address, or “command line”. Empty for the account itself.
    pub actor: String,
    /// The client's address; may be empty.
    pub ip: String,
    /// Browser and system in words; may be empty.
    pub browser: String,
    /// For a request of a code.
    pub outcome: Option<Stored<CodeOutcome>>,
    pub detail: String,
}

/// Selects a part of the log. The default selects all of it.
#[derive(Debug, Clone, Default)]
pub struct ActivityQuery {
    pub account_id: Option<AccountId>,
    /// ASCII case does not matter.
    pub email: Option<String>,
    pub kind: Option<ActivityKind>,
    /// Inclusive.
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub before: Option<Timestamp>,
    /// The last row of the page before.
    pub older_than: Option<ActivityId>,
}

/// A page of the log, the newest first.
#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Activity>,
    /// The last row of this page, if another page follows.
    pub older_than: Option<ActivityId>,
}

/// An address for which a code was requested.
#[derive(Debug)]
pub struct CodeRequests {
    pub account: Option<Account>,
    /// The requests of the last days, the newest first.
    pub requests: Vec<Activity>,
}

impl ActivityLog {
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock }
    }

    pub async fn page(&self, query: ActivityQuery) -> Result<Page, DatabaseError> {
        self.database.read(move |c| page(c, &query)).await
    }

    /// The newest `limit` rows.
    pub async fn rows(
        &self,
        query: ActivityQuery,
        limit: i64,
    ) -> Result<Vec<Activity>, DatabaseError> {
        self.database.read(move |c| rows(c, &query, limit)).await
    }

    /// The outcome of each code that was requested with an address.
    pub async fn code_requests(&self, email: Email) -> Result<CodeRequests, DatabaseError> {
        let query = ActivityQuery {
            email: Some(email.as_str().to_owned()),
            kind: Some(ActivityKind::CodeRequested),
            from: Some(self.clock.now().minus(REQUESTS_WITHIN)),
            ..ActivityQuery::default()
        };
        self.database
            .read(move |c| {
                Ok(CodeRequests {
                    account: accounts::find_by_email(c, &email)?.map(Account::from),
                    requests: rows(c, &query, MAX_REQUESTS)?,
                })
            })
            .await
    }
}

pub(super) fn page(c: &mut SqliteConnection, query: &ActivityQuery) -> QueryResult<Page> {
    let (rows, others_follow) = page_of(rows(c, query, TO_READ)?);
    let older_than = rows.last().filter(|_| others_follow).map(|row| row.id);
    Ok(Page { rows, older_than })
}

pub(super) fn rows(
    c: &mut SqliteConnection,
    query: &ActivityQuery,
    limit: i64,
) -> QueryResult<Vec<Activity>> {
    let filter = Filter {
        account_id: query.account_id,
        email: query.email.clone(),
        kinds: query.kind.into_iter().collect(),
        from: query.from,
        before: query.before,
        older_than: query.older_than,
    };
    let rows = activity::list(c, &filter, limit)?;
    Ok(rows.into_iter().map(Activity::from).collect())
}

impl From<ActivityRow> for Activity {
    fn from(row: ActivityRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            kind: row.kind,
            email: row.email,
            actor: row.actor,
            ip: row.ip,
            browser: row.browser,
            outcome: row.outcome,
            detail: row.detail,
        }
    }
}
