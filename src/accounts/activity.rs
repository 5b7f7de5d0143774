//! What happened, for admins: looked through page by page, and read for one address to say why no
//! code came.

use std::time::Duration;

use super::paging::{TO_READ, page_of};
use crate::clock::Clock;
use crate::db::accounts::{self, AccountRow};
use crate::db::activity;
use crate::db::{Database, DatabaseError, QueryResult, SqliteConnection};
use crate::domain::{ActivityKind, Email};

pub use crate::db::activity::{ActivityRow, Filter};

/// Requests of one address that are shown at most; its limits allow a hundred a day.
const REQUESTS_SHOWN: i64 = 100;
/// How far back requests are shown.
pub const REQUESTS_WITHIN: Duration = Duration::from_hours(7 * 24);

/// What everybody did.
pub struct ActivityLog {
    database: Database,
    clock: Clock,
}

/// A page of it, the newest first.
#[derive(Debug)]
pub struct Page {
    /// What stands on it.
    pub rows: Vec<ActivityRow>,
    /// The row after which the next page begins, if there is one.
    pub older_than: Option<i64>,
}

/// What is known of an address that waits for a code.
#[derive(Debug)]
pub struct CodeRequests {
    /// Its account, if it has one.
    pub account: Option<AccountRow>,
    /// The requests of the last days, the newest first.
    pub requests: Vec<ActivityRow>,
}

impl ActivityLog {
    /// Reads from this database.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock }
    }

    /// One page.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn page(&self, filter: Filter) -> Result<Page, DatabaseError> {
        self.database.read(move |c| page(c, &filter)).await
    }

    /// The first rows of a part of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rows(
        &self,
        filter: Filter,
        at_most: i64,
    ) -> Result<Vec<ActivityRow>, DatabaseError> {
        self.database
            .read(move |c| activity::list(c, &filter, at_most))
            .await
    }

    /// What became of the codes that were asked for with an address.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn code_requests(&self, email: Email) -> Result<CodeRequests, DatabaseError> {
        let filter = Filter {
            email: Some(email.as_str().to_owned()),
            kinds: vec![ActivityKind::CodeRequested],
            from: Some(self.clock.now().minus(REQUESTS_WITHIN)),
            ..Filter::default()
        };
        self.database
            .read(move |c| {
                Ok(CodeRequests {
                    account: accounts::find_by_email(c, &email)?,
                    requests: activity::list(c, &filter, REQUESTS_SHOWN)?,
                })
            })
            .await
    }
}

/// A page of the activity that a filter finds.
///
/// # Errors
/// When the query fails.
pub(super) fn page(c: &mut SqliteConnection, filter: &Filter) -> QueryResult<Page> {
    let (rows, others_follow) = page_of(activity::list(c, filter, TO_READ)?);
    let older_than = rows.last().filter(|_| others_follow).map(|row| row.id);
    Ok(Page { rows, older_than })
}
