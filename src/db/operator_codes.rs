//! The table `operator_codes`: codes that an operator made on the terminal.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::schema::operator_codes;
use crate::domain::{CodeHash, CodeSalt, Email, HashedCode, Timestamp};

/// Replaces the older code of this address.
pub fn put(
    connection: &mut SqliteConnection,
    email: &Email,
    code: &HashedCode,
    expires_at: Timestamp,
) -> QueryResult<()> {
    diesel::replace_into(operator_codes::table)
        .values((
            operator_codes::email.eq(email),
            operator_codes::code_hash.eq(code.hash),
            operator_codes::code_salt.eq(code.salt),
            operator_codes::expires_at.eq(expires_at),
        ))
        .execute(connection)?;
    Ok(())
}

/// The code in force for an address. A code that expires after `latest` is not in force: it was made before the clock
/// was set back.
pub fn in_force(
    connection: &mut SqliteConnection,
    email: &Email,
    now: Timestamp,
    latest: Timestamp,
) -> QueryResult<Option<HashedCode>> {
    let kept: Option<(CodeHash, CodeSalt)> = operator_codes::table
        .find(email)
        .filter(operator_codes::expires_at.gt(now))
        .filter(operator_codes::expires_at.le(latest))
        .select((operator_codes::code_hash, operator_codes::code_salt))
        .get_result(connection)
        .optional()?;
    Ok(kept.map(|(hash, salt)| HashedCode { hash, salt }))
}

/// Whether a code is in force for any address.
pub fn is_any_in_force(
    connection: &mut SqliteConnection,
    now: Timestamp,
    latest: Timestamp,
) -> QueryResult<bool> {
    let in_force = operator_codes::table
        .filter(operator_codes::expires_at.gt(now))
        .filter(operator_codes::expires_at.le(latest));
    diesel::select(exists(in_force)).get_result(connection)
}

/// Deletes a code that was used. `true` for exactly one caller, and only while the code is still the one
/// that was compared.
pub fn consume(
    connection: &mut SqliteConnection,
    email: &Email,
    compared: CodeHash,
    now: Timestamp,
) -> QueryResult<bool> {
    let this = operator_codes::table
        .find(email)
        .filter(operator_codes::code_hash.eq(compared))
        .filter(operator_codes::expires_at.gt(now));
    Ok(diesel::delete(this).execute(connection)? == 1)
}

pub fn delete_all(connection: &mut SqliteConnection) -> QueryResult<()> {
    diesel::delete(operator_codes::table).execute(connection)?;
    Ok(())
}

pub fn delete(connection: &mut SqliteConnection, email: &Email) -> QueryResult<()> {
    diesel::delete(operator_codes::table.find(email)).execute(connection)?;
    Ok(())
}

/// Deletes every code that expired before `before` or that expires after `latest`.
pub fn delete_expired(
    connection: &mut SqliteConnection,
    before: Timestamp,
    latest: Timestamp,
) -> QueryResult<usize> {
    let expires_at = operator_codes::expires_at;
    let expired = operator_codes::table.filter(expires_at.lt(before).or(expires_at.gt(latest)));
    diesel::delete(expired).execute(connection)
}
