//! The limits of one address, for an operator who has to find out why no code is sent or accepted.

use crate::accounts::changes::Actor;
use crate::db::accounts::{self};
use crate::db::{QueryResult, SqliteConnection, activity, limit_clearances, wrong_tries};
use crate::domain::{ActivityKind, Email, Timestamp};
use crate::sign_in::limits::{Limit, try_budget};

/// How much of its limits an address has used, as far as the database knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressLimits {
    pub has_account: bool,
    /// Wrong tries in 24 hours from unknown browsers.
    pub tries_unknown: i64,
    /// Wrong tries in 24 hours of each known browser that made any, largest first. Forgotten ones are included.
    pub tries_known: Vec<i64>,
    /// Wrong tries in 24 hours over all accounts, from unknown browsers.
    pub tries_overall: i64,
    /// Code requests in the last minute, from all browsers, since the limits were last cleared.
    pub requests_minute: i64,
    /// The same in the last 24 hours.
    pub requests_day: i64,
    /// When the limits were last cleared, if that still has an effect.
    pub cleared_at: Option<Timestamp>,
}

impl AddressLimits {
    /// Whether the window of requests is full, if one browser made all of them. `a_minute` is the setting
    /// `CODE_LIMIT_ADDRESS`.
    pub fn is_window_full(&self, a_minute: u32) -> bool {
        self.requests_minute >= i64::from(a_minute)
            || self.requests_day >= i64::from(Limit::CodesPerDay.rule().rate)
    }
}

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

/// Deletes the wrong tries of an address and returns their number. A running server forgets its own counts for the
/// address with the next request.
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
