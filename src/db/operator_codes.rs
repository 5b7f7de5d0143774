//! The table `operator_codes`: codes that an operator had shown on the terminal.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::challenges::HashedCode;
use super::schema::operator_codes;
use crate::domain::{Email, Timestamp};

/// Writes a code down, in place of the older one of this address.
///
/// # Errors
/// When the query fails.
pub fn put(
    connection: &mut SqliteConnection,
    email: &Email,
    code: &HashedCode,
    expires_at: Timestamp,
) -> QueryResult<()> {
    diesel::replace_into(operator_codes::table)
        .values((
            operator_codes::email.eq(email.as_str()),
            operator_codes::code_hash.eq(code.hash.as_slice()),
            operator_codes::code_salt.eq(code.salt.as_slice()),
            operator_codes::expires_at.eq(expires_at.0),
        ))
        .execute(connection)?;
    Ok(())
}

/// The code in force for an address; none in force works past `latest`.
///
/// # Errors
/// When the query fails.
pub fn in_force(
    connection: &mut SqliteConnection,
    email: &Email,
    now: Timestamp,
    latest: Timestamp,
) -> QueryResult<Option<HashedCode>> {
    let kept: Option<(Vec<u8>, Vec<u8>)> = operator_codes::table
        .find(email.as_str())
        .filter(operator_codes::expires_at.gt(now.0))
        .filter(operator_codes::expires_at.le(latest.0))
        .select((operator_codes::code_hash, operator_codes::code_salt))
        .get_result(connection)
        .optional()?;
    Ok(kept.and_then(|(hash, salt)| HashedCode::from_columns(&hash, &salt)))
}

/// Whether a code is in force for anybody.
///
/// # Errors
/// When the query fails.
pub fn is_any_in_force(
    connection: &mut SqliteConnection,
    now: Timestamp,
    latest: Timestamp,
) -> QueryResult<bool> {
    let in_force = operator_codes::table
        .filter(operator_codes::expires_at.gt(now.0))
        .filter(operator_codes::expires_at.le(latest.0));
    diesel::select(exists(in_force)).get_result(connection)
}

/// Uses a code up; `true` for exactly one caller, and only while the code is still the one that was
/// compared.
///
/// # Errors
/// When the query fails.
pub fn consume(
    connection: &mut SqliteConnection,
    email: &Email,
    compared_hash: &[u8],
    now: Timestamp,
) -> QueryResult<bool> {
    let this = operator_codes::table
        .find(email.as_str())
        .filter(operator_codes::code_hash.eq(compared_hash))
        .filter(operator_codes::expires_at.gt(now.0));
    Ok(diesel::delete(this).execute(connection)? == 1)
}

/// Forgets the code of an address, if there is one.
///
/// # Errors
/// When the query fails.
pub fn delete(connection: &mut SqliteConnection, email: &str) -> QueryResult<()> {
    diesel::delete(operator_codes::table.find(email)).execute(connection)?;
    Ok(())
}

/// Forgets every code that stopped working before `before`, or works past `latest`.
///
/// # Errors
/// When the query fails.
pub fn delete_expired(
    connection: &mut SqliteConnection,
    before: Timestamp,
    latest: Timestamp,
) -> QueryResult<usize> {
    let expires_at = operator_codes::expires_at;
    let expired = operator_codes::table.filter(expires_at.lt(before.0).or(expires_at.gt(latest.0)));
    diesel::delete(expired).execute(connection)
}
