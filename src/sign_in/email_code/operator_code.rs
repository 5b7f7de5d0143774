//! One-time codes that an operator makes on the server (SECURITY rule 2).

use crate::db::{QueryResult, SqliteConnection, operator_codes};
use crate::domain::{Email, HashedCode, Timestamp};
use crate::sign_in::limits::rules::{CLOCK_SLACK, OPERATOR_CODE_LIFETIME};

/// The operator's codes that are in force while a code is verified.
pub(super) enum OperatorCode {
    NotInForce,
    /// A code is in force for another address.
    ForAnother,
    ForThisAddress(HashedCode),
}

/// The latest possible expiry of a code that was made by now, clock corrections included. A code that expires later was
/// made before the clock was set back, and is not accepted.
pub fn latest_expiry(now: Timestamp) -> Timestamp {
    now.plus(OPERATOR_CODE_LIFETIME).plus(CLOCK_SLACK)
}

pub(super) fn find(
    c: &mut SqliteConnection,
    email: &Email,
    now: Timestamp,
) -> QueryResult<OperatorCode> {
    let latest = latest_expiry(now);
    if let Some(code) = operator_codes::in_force(c, email, now, latest)? {
        return Ok(OperatorCode::ForThisAddress(code));
    }
    Ok(if is_any_in_force(c, now)? {
        OperatorCode::ForAnother
    } else {
        OperatorCode::NotInForce
    })
}

/// Whether a code is in force for any address.
pub(super) fn is_any_in_force(c: &mut SqliteConnection, now: Timestamp) -> QueryResult<bool> {
    operator_codes::is_any_in_force(c, now, latest_expiry(now))
}

/// Whether the code in force for an address is still the one that was compared.
pub(super) fn is_still(
    c: &mut SqliteConnection,
    email: &Email,
    compared: &HashedCode,
    now: Timestamp,
) -> QueryResult<bool> {
    let kept = operator_codes::in_force(c, email, now, latest_expiry(now))?;
    Ok(kept.is_some_and(|kept| kept.hash == compared.hash))
}
