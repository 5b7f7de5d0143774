//! The table `wrong_tries`: the daily budgets, kept over restarts.

use diesel::dsl::{max, min};
use diesel::prelude::*;

use super::schema::wrong_tries;
use crate::domain::{AccountId, Email, KnownBrowserId, Timestamp, WrongTryId};

/// Counts a try before its code is compared.
pub fn add(
    connection: &mut SqliteConnection,
    email: &Email,
    account_id: Option<AccountId>,
    known: Option<KnownBrowserId>,
    now: Timestamp,
) -> QueryResult<WrongTryId> {
    diesel::insert_into(wrong_tries::table)
        .values((
            wrong_tries::email.eq(email),
            wrong_tries::account_id.eq(account_id),
            wrong_tries::known_browser_id.eq(known),
            wrong_tries::tried_at.eq(now),
        ))
        .returning(wrong_tries::id)
        .get_result(connection)
}

/// Takes a try back whose code was right, or was not compared.
pub fn take_back(connection: &mut SqliteConnection, id: WrongTryId) -> QueryResult<()> {
    diesel::delete(wrong_tries::table.find(id)).execute(connection)?;
    Ok(())
}

/// The times of the tries for an address since `since`, oldest first: the tries of one known browser, or with `None`
/// those of all unknown browsers.
pub fn of_address(
    connection: &mut SqliteConnection,
    email: &Email,
    known: Option<KnownBrowserId>,
    since: Timestamp,
) -> QueryResult<Vec<Timestamp>> {
    wrong_tries::table
        .filter(wrong_tries::email.eq(email))
        .filter(wrong_tries::known_browser_id.is(known))
        .filter(wrong_tries::tried_at.gt(since))
        .order(wrong_tries::tried_at.asc())
        .select(wrong_tries::tried_at)
        .load(connection)
}

/// The times of the tries for an address since `since`, oldest first, from all known browsers together. Forgotten ones
/// count too.
pub fn of_known_browsers(
    connection: &mut SqliteConnection,
    email: &Email,
    since: Timestamp,
) -> QueryResult<Vec<Timestamp>> {
    wrong_tries::table
        .filter(wrong_tries::email.eq(email))
        .filter(wrong_tries::known_browser_id.is_not_null())
        .filter(wrong_tries::tried_at.gt(since))
        .order(wrong_tries::tried_at.asc())
        .select(wrong_tries::tried_at)
        .load(connection)
}

/// Counts the tries for an address since `since`, for each known browser and for all unknown browsers
/// together (`None`).
pub fn by_browser(
    connection: &mut SqliteConnection,
    email: &Email,
    since: Timestamp,
) -> QueryResult<Vec<(Option<KnownBrowserId>, i64)>> {
    wrong_tries::table
        .filter(wrong_tries::email.eq(email))
        .filter(wrong_tries::tried_at.gt(since))
        .group_by(wrong_tries::known_browser_id)
        .select((wrong_tries::known_browser_id, diesel::dsl::count_star()))
        .load(connection)
}

/// Counts the tries for an address since `since`, from all browsers.
pub fn count_of_address(
    connection: &mut SqliteConnection,
    email: &Email,
    since: Timestamp,
) -> QueryResult<i64> {
    wrong_tries::table
        .filter(wrong_tries::email.eq(email))
        .filter(wrong_tries::tried_at.gt(since))
        .count()
        .get_result(connection)
}

/// Deletes every try for an address, and counts them.
pub fn delete_of_address(connection: &mut SqliteConnection, email: &Email) -> QueryResult<usize> {
    let theirs = wrong_tries::email.eq(email);
    diesel::delete(wrong_tries::table.filter(theirs)).execute(connection)
}

/// Counts the tries since `since` against existing accounts from unknown browsers.
pub fn against_accounts(connection: &mut SqliteConnection, since: Timestamp) -> QueryResult<i64> {
    wrong_tries::table
        .filter(wrong_tries::account_id.is_not_null())
        .filter(wrong_tries::known_browser_id.is_null())
        .filter(wrong_tries::tried_at.gt(since))
        .count()
        .get_result(connection)
}

/// The time of the `nth` newest try that [`against_accounts`] counts.
pub fn newest_against_accounts(
    connection: &mut SqliteConnection,
    nth: i64,
    since: Timestamp,
) -> QueryResult<Option<Timestamp>> {
    wrong_tries::table
        .filter(wrong_tries::account_id.is_not_null())
        .filter(wrong_tries::known_browser_id.is_null())
        .filter(wrong_tries::tried_at.gt(since))
        .order(wrong_tries::tried_at.desc())
        .offset(nth - 1)
        .limit(1)
        .select(wrong_tries::tried_at)
        .first(connection)
        .optional()
}

/// The number of ids from the oldest to the newest try. It bounds the number of rows without counting them. Tries that
/// were taken back between the two are included.
pub fn span(connection: &mut SqliteConnection) -> QueryResult<i64> {
    let (oldest, newest) = wrong_tries::table
        .select((min(wrong_tries::id), max(wrong_tries::id)))
        .get_result::<(Option<WrongTryId>, Option<WrongTryId>)>(connection)?;
    Ok(match (oldest, newest) {
        (Some(oldest), Some(newest)) => newest.0 - oldest.0 + 1,
        _ => 0,
    })
}

/// Deletes up to `at_most` tries older than `before`.
pub fn delete_before(
    connection: &mut SqliteConnection,
    before: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let old = wrong_tries::table
        .filter(wrong_tries::tried_at.lt(before))
        .select(wrong_tries::id)
        .limit(at_most)
        .load::<WrongTryId>(connection)?;
    diesel::delete(wrong_tries::table.filter(wrong_tries::id.eq_any(old))).execute(connection)
}
