//! The daily budgets of wrong tries. They are counted in the database, so a restart gives nothing
//! back.

use std::time::Duration;

use crate::db::{QueryResult, SqliteConnection};

use crate::db::wrong_tries;
use crate::domain::{DeviceId, Email, Timestamp};

/// Wrong tries in any 24 hours for one address, over all challenges; a known browser has its own.
pub const FOR_ONE_ADDRESS: usize = 50;
/// Wrong tries in any 24 hours over all existing accounts, from unknown browsers.
pub const OVERALL: i64 = 1_000;
/// The span of both.
pub const SPAN: Duration = Duration::from_hours(24);

/// Which budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// The address's; the next try fits after this long.
    Address(Duration),
    /// Everybody's: codes are taken from known browsers only.
    Overall,
}

/// Says which budget, if any, has no try left.
///
/// # Errors
/// When the query fails.
pub fn spent(
    connection: &mut SqliteConnection,
    email: &Email,
    known: Option<&DeviceId>,
    now: Timestamp,
) -> QueryResult<Option<Spent>> {
    let since = now.minus(SPAN);
    let moments = wrong_tries::of_address(connection, email, known, since)?;
    if let Some(blocking) = moments.len().checked_sub(FOR_ONE_ADDRESS) {
        let oldest = moments.get(blocking).copied().unwrap_or(now);
        return Ok(Some(Spent::Address(SPAN.saturating_sub(now.since(oldest)))));
    }
    if known.is_none() && wrong_tries::against_accounts(connection, since)? >= OVERALL {
        return Ok(Some(Spent::Overall));
    }
    Ok(None)
}

/// Until when everybody's budget is used up; `None` while it is not. No try counts meanwhile.
///
/// # Errors
/// When the query fails.
pub fn overall_spent_until(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> QueryResult<Option<Timestamp>> {
    let since = now.minus(SPAN);
    let blocking = wrong_tries::newest_against_accounts(connection, OVERALL, since)?;
    Ok(blocking.map(|tried_at| tried_at.plus(SPAN)))
}

/// Whether the try that was just written down was the last of everybody's budget.
///
/// # Errors
/// When the query fails.
pub fn was_the_last_overall(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> QueryResult<bool> {
    Ok(wrong_tries::against_accounts(connection, now.minus(SPAN))? == OVERALL)
}
