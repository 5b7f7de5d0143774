//! The daily budgets of wrong codes. The database counts them, so a restart does not reset them.

use std::time::Duration;

use super::rules::{Limit, Limited, MOST_ROWS_OF_VISITORS};
use crate::db::{QueryResult, SqliteConnection, wrong_tries};
use crate::domain::{Email, KnownBrowserId, Timestamp};

const PER_ADDRESS: Limit = Limit::WrongCodesPerAddress;
const KNOWN_BROWSERS: Limit = Limit::WrongCodesFromKnownBrowsers;
const OVERALL: Limit = Limit::WrongCodesOverall;
/// Nothing says when a code from an unknown browser works again: that depends on the next wrong codes.
const ADVISED_WAIT_OVERALL: Duration = Duration::from_hours(1);
/// The longest window of a budget. Wrong tries are kept this long.
pub const WINDOW: Duration = PER_ADDRESS.rule().window;

/// The budget that is used up, if there is one.
pub fn exhausted(
    connection: &mut SqliteConnection,
    email: &Email,
    known: Option<KnownBrowserId>,
    now: Timestamp,
) -> QueryResult<Option<Limited>> {
    let since = now.minus(WINDOW);
    let moments = wrong_tries::of_address(connection, email, known, since)?;
    if let Some(limited) = refusal(PER_ADDRESS, &moments, now) {
        return Ok(Some(limited));
    }
    if known.is_some() {
        let moments = wrong_tries::of_known_browsers(connection, email, since)?;
        return Ok(refusal(KNOWN_BROWSERS, &moments, now));
    }
    Ok(is_overall_exhausted(connection, now)?.then_some(Limited {
        limit: OVERALL,
        retry_after: ADVISED_WAIT_OVERALL,
    }))
}

/// The refusal of a budget, by the times of the tries in its window, oldest first.
fn refusal(limit: Limit, moments: &[Timestamp], now: Timestamp) -> Option<Limited> {
    let rule = limit.rule();
    let blocking = moments.len().checked_sub(rule.rate as usize)?;
    let oldest = moments.get(blocking).copied().unwrap_or(now);
    Some(Limited {
        limit,
        retry_after: rule.window.saturating_sub(now.since(oldest)),
    })
}

/// When the overall budget has room again, if it is used up now. Tries that it refuses do not count.
pub fn overall_exhausted_until(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> QueryResult<Option<Timestamp>> {
    let rule = OVERALL.rule();
    let since = now.minus(rule.window);
    let blocking = wrong_tries::newest_against_accounts(connection, rule.rate.into(), since)?;
    Ok(blocking.map(|tried_at| tried_at.plus(rule.window)))
}

/// Whether the try that was just written was the last of the overall budget.
pub fn was_the_last_overall(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> QueryResult<bool> {
    Ok(overall(connection, now)? == i64::from(OVERALL.rule().rate))
}

/// Tries for addresses without an account count only for the number of rows (SECURITY rule 37).
fn is_overall_exhausted(connection: &mut SqliteConnection, now: Timestamp) -> QueryResult<bool> {
    Ok(overall(connection, now)? >= i64::from(OVERALL.rule().rate)
        || wrong_tries::span(connection)? >= MOST_ROWS_OF_VISITORS)
}

fn overall(connection: &mut SqliteConnection, now: Timestamp) -> QueryResult<i64> {
    wrong_tries::against_accounts(connection, now.minus(OVERALL.rule().window))
}
