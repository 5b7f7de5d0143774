//! The table `limit_clearances`: when an operator cleared the limits of an address.

use diesel::prelude::*;

use super::schema::limit_clearances;
use crate::domain::{Email, Timestamp};

pub fn set(
    connection: &mut SqliteConnection,
    email: &Email,
    cleared_at: Timestamp,
) -> QueryResult<()> {
    diesel::replace_into(limit_clearances::table)
        .values((
            limit_clearances::email.eq(email),
            limit_clearances::cleared_at.eq(cleared_at),
        ))
        .execute(connection)?;
    Ok(())
}

/// When the limits of an address were last cleared. Reads one row by its key: a few microseconds.
pub fn find(connection: &mut SqliteConnection, email: &Email) -> QueryResult<Option<Timestamp>> {
    limit_clearances::table
        .find(email)
        .select(limit_clearances::cleared_at)
        .get_result(connection)
        .optional()
}

/// Deletes clearances that are older than every window.
pub fn delete_before(connection: &mut SqliteConnection, before: Timestamp) -> QueryResult<usize> {
    let old = limit_clearances::table.filter(limit_clearances::cleared_at.lt(before));
    diesel::delete(old).execute(connection)
}
