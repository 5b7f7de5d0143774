//! The table `limit_clearances`: when an operator cleared the limits of an address.

use diesel::prelude::*;

use super::schema::limit_clearances;
use crate::domain::{Email, Timestamp};

/// Writes down that the limits of an address are cleared now.
///
/// # Errors
/// When the query fails.
pub fn set(
    connection: &mut SqliteConnection,
    email: &Email,
    cleared_at: Timestamp,
) -> QueryResult<()> {
    diesel::replace_into(limit_clearances::table)
        .values((
            limit_clearances::email.eq(email.as_str()),
            limit_clearances::cleared_at.eq(cleared_at.0),
        ))
        .execute(connection)?;
    Ok(())
}

/// When the limits of an address were last cleared. One row by its key, a few microseconds.
///
/// # Errors
/// When the query fails.
pub fn find(connection: &mut SqliteConnection, email: &Email) -> QueryResult<Option<Timestamp>> {
    let cleared_at: Option<i64> = limit_clearances::table
        .find(email.as_str())
        .select(limit_clearances::cleared_at)
        .get_result(connection)
        .optional()?;
    Ok(cleared_at.map(Timestamp))
}

/// Forgets the clearances from before `before`: no window reaches back that far.
///
/// # Errors
/// When the query fails.
pub fn delete_before(connection: &mut SqliteConnection, before: Timestamp) -> QueryResult<usize> {
    let old = limit_clearances::table.filter(limit_clearances::cleared_at.lt(before.0));
    diesel::delete(old).execute(connection)
}
