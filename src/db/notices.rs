//! The table `notices`: mails that must not be repeated too often.

use std::time::Duration;

use diesel::prelude::*;

use super::schema::notices;
use crate::domain::Timestamp;

/// Claims the right to send a notice: `true` when the last of its kind is at least `apart` ago.
///
/// # Errors
/// When the query fails.
pub fn claim(
    connection: &mut SqliteConnection,
    kind: &str,
    apart: Duration,
    now: Timestamp,
) -> QueryResult<bool> {
    let last: Option<i64> = notices::table
        .find(kind)
        .select(notices::sent_at)
        .get_result(connection)
        .optional()?;
    if last.is_some_and(|at| now.since(Timestamp(at)) < apart) {
        return Ok(false);
    }
    diesel::replace_into(notices::table)
        .values((notices::kind.eq(kind), notices::sent_at.eq(now.0)))
        .execute(connection)?;
    Ok(true)
}
