//! The table `wrong_tries`: the daily budgets, which outlive restarts.

use diesel::prelude::*;

use super::schema::wrong_tries;
use crate::domain::{AccountId, DeviceId, Email, Timestamp};

/// Writes a try down, before its code is compared.
///
/// # Errors
/// When the query fails.
pub fn add(
    connection: &mut SqliteConnection,
    email: &Email,
    account_id: Option<AccountId>,
    device: Option<&DeviceId>,
    now: Timestamp,
) -> QueryResult<i64> {
    diesel::insert_into(wrong_tries::table)
        .values((
            wrong_tries::email.eq(email.as_str()),
            wrong_tries::account_id.eq(account_id.map(|id| id.0)),
            wrong_tries::device_id.eq(device.map(DeviceId::as_str)),
            wrong_tries::tried_at.eq(now.0),
        ))
        .returning(wrong_tries::id)
        .get_result(connection)
}

/// Takes a try back: its code was right.
///
/// # Errors
/// When the query fails.
pub fn take_back(connection: &mut SqliteConnection, id: i64) -> QueryResult<()> {
    diesel::delete(wrong_tries::table.find(id)).execute(connection)?;
    Ok(())
}

/// When the tries of an address since `since` were, oldest first: those of one known browser, or
/// all those of unknown ones.
///
/// # Errors
/// When the query fails.
pub fn of_address(
    connection: &mut SqliteConnection,
    email: &Email,
    device: Option<&DeviceId>,
    since: Timestamp,
) -> QueryResult<Vec<i64>> {
    wrong_tries::table
        .filter(wrong_tries::email.eq(email.as_str()))
        .filter(wrong_tries::device_id.is(device.map(DeviceId::as_str)))
        .filter(wrong_tries::tried_at.gt(since.0))
        .order(wrong_tries::tried_at.asc())
        .select(wrong_tries::tried_at)
        .load(connection)
}

/// How many tries of an address there were since `since` from each known browser, and from all
/// unknown ones (`None`).
///
/// # Errors
/// When the query fails.
pub fn by_browser(
    connection: &mut SqliteConnection,
    email: &Email,
    since: Timestamp,
) -> QueryResult<Vec<(Option<String>, i64)>> {
    wrong_tries::table
        .filter(wrong_tries::email.eq(email.as_str()))
        .filter(wrong_tries::tried_at.gt(since.0))
        .group_by(wrong_tries::device_id)
        .select((wrong_tries::device_id, diesel::dsl::count_star()))
        .load(connection)
}

/// Forgets every try of an address, and says how many those were.
///
/// # Errors
/// When the query fails.
pub fn delete_of_address(connection: &mut SqliteConnection, email: &Email) -> QueryResult<usize> {
    let theirs = wrong_tries::email.eq(email.as_str());
    diesel::delete(wrong_tries::table.filter(theirs)).execute(connection)
}

/// How many there were since `since` against accounts that exist, from unknown browsers.
///
/// # Errors
/// When the query fails.
pub fn against_accounts(connection: &mut SqliteConnection, since: Timestamp) -> QueryResult<i64> {
    wrong_tries::table
        .filter(wrong_tries::account_id.is_not_null())
        .filter(wrong_tries::device_id.is_null())
        .filter(wrong_tries::tried_at.gt(since.0))
        .count()
        .get_result(connection)
}

/// When the `nth` newest of those was; `None` when there were fewer.
///
/// # Errors
/// When the query fails.
pub fn newest_against_accounts(
    connection: &mut SqliteConnection,
    nth: i64,
    since: Timestamp,
) -> QueryResult<Option<Timestamp>> {
    wrong_tries::table
        .filter(wrong_tries::account_id.is_not_null())
        .filter(wrong_tries::device_id.is_null())
        .filter(wrong_tries::tried_at.gt(since.0))
        .order(wrong_tries::tried_at.desc())
        .offset(nth - 1)
        .limit(1)
        .select(wrong_tries::tried_at)
        .first(connection)
        .optional()
        .map(|at| at.map(Timestamp))
}

/// Forgets up to `at_most` tries from before `before`.
///
/// # Errors
/// When the query fails.
pub fn delete_before(
    connection: &mut SqliteConnection,
    before: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let old = wrong_tries::table
        .filter(wrong_tries::tried_at.lt(before.0))
        .select(wrong_tries::id)
        .limit(at_most)
        .load::<i64>(connection)?;
    diesel::delete(wrong_tries::table.filter(wrong_tries::id.eq_any(old))).execute(connection)
}
