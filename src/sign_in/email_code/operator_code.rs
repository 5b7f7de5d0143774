//! One-time codes that an operator makes on the server (SECURITY rule 2).

use crate::db::{QueryResult, SqliteConnection, operator_codes};
use crate::domain::{Email, HashedCode, Timestamp};
use crate::sign_in::limits::rules::{CLOCK_SLACK, OPERATOR_CODE_LIFETIME};

/// The latest possible expiry of a code that was made by now, clock corrections included. A code that
/// expires later was made before the clock was set back, and is not accepted.
pub fn latest_expiry(now: Timestamp) -> Timestamp {
    now.plus(OPERATOR_CODE_LIFETIME).plus(CLOCK_SLACK)
}

/// The code in force for an address.
pub(super) fn in_force(
    c: &mut SqliteConnection,
    email: &Email,
    now: Timestamp,
) -> QueryResult<Option<HashedCode>> {
    operator_codes::in_force(c, email, now, latest_expiry(now))
}

/// Whether a code is in force for any address.
pub(super) fn is_any_in_force(c: &mut SqliteConnection, now: Timestamp) -> QueryResult<bool> {
    operator_codes::is_any_in_force(c, now, latest_expiry(now))
}
