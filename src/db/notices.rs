//! The table `notices`: when each kind of notice was last sent.

use std::time::Duration;

use diesel::prelude::*;

use super::schema::notices;
use crate::domain::Timestamp;

/// Claims the right to send a notice: `true` when the last one of its kind is at least `apart` ago.
pub fn claim(
    connection: &mut SqliteConnection,
    kind: &str,
    apart: Duration,
    now: Timestamp,
) -> QueryResult<bool> {
    let last: Option<Timestamp> = notices::table
        .find(kind)
        .select(notices::sent_at)
        .get_result(connection)
        .optional()?;
    if last.is_some_and(|at| now.since(at) < apart) {
        return Ok(false);
    }
    diesel::replace_into(notices::table)
        .values((notices::kind.eq(kind), notices::sent_at.eq(now)))
        .execute(connection)?;
    Ok(true)
}
