//! The limits of one address, for the operator who is asked why no code is sent or taken.

use crate::accounts::changes::Actor;
use crate::db::accounts::{self};
use crate::db::{QueryResult, SqliteConnection, activity, limit_clearances, wrong_tries};
use crate::domain::{ActivityKind, Email, Timestamp};
use crate::sign_in::limits::{Limit, try_budget};

/// What the database knows of an address's limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressLimits {
    /// Whether it has an account.
    pub has_account: bool,
    /// Wrong tries in 24 hours from unknown browsers.
    pub tries_unknown: i64,
    /// Wrong tries in 24 hours from each known browser that made any, the most first.
    pub tries_known: Vec<i64>,
    /// Wrong tries in 24 hours over all accounts, from unknown browsers.
    pub tries_overall: i64,
    /// Codes asked for in the last minute, from all browsers, since the limits were last cleared.
    pub requests_minute: i64,
    /// The same in the last 24 hours.
    pub requests_day: i64,
    /// When the limits were last cleared, as far as that still matters.
    pub cleared_at: Option<Timestamp>,
}

/// Reads them.
///
/// # Errors
/// When a query fails.
pub fn look(c: &mut SqliteConnection, email: &Email, now: Timestamp) -> QueryResult<AddressLimits> {
    let since = now.minus(try_budget::WINDOW);
    let tries = wrong_tries::by_browser(c, email, since)?;
    let (unknown, known): (Vec<_>, Vec<_>) =
        tries.into_iter().partition(|(device, _)| device.is_none());
    let mut tries_known: Vec<i64> = known.into_iter().map(|(_, count)| count).collect();
    tries_known.sort_unstable_by(|one, other| other.cmp(one));
    let cleared_at = limit_clearances::find(c, email)?;
    let counted_since = |limit: Limit| {
        now.minus(limit.rule().window)
            .max(cleared_at.unwrap_or(Timestamp(0)))
    };
    Ok(AddressLimits {
        has_account: accounts::find_by_email(c, email)?.is_some(),
        tries_unknown: unknown.into_iter().map(|(_, count)| count).sum(),
        tries_known,
        tries_overall: wrong_tries::against_accounts(c, since)?,
        requests_minute: activity::requests_of_address(
            c,
            email,
            counted_since(Limit::CodesPerMinute),
        )?,
        requests_day: activity::requests_of_address(c, email, counted_since(Limit::CodesPerDay))?,
        cleared_at,
    })
}

/// Forgets the wrong tries of an address, and lets a running server know that it is to forget its
/// own windows of it. Says how many tries those were.
///
/// # Errors
/// When a query fails.
pub fn clear(
    c: &mut SqliteConnection,
    actor: &Actor,
    email: &Email,
    now: Timestamp,
) -> QueryResult<usize> {
    let forgotten = wrong_tries::delete_of_address(c, email)?;
    limit_clearances::set(c, email, now)?;
    let account = accounts::find_by_email(c, email)?;
    let id = account.as_ref().map(|account| account.id);
    actor.note_of_address(c, ActivityKind::LimitsCleared, email.as_str(), id, "", now)?;
    Ok(forgotten)
}
