//! The table `provider_logouts`: where a browser goes next to sign out at the provider.

use diesel::prelude::*;

use super::schema::provider_logouts;
use crate::domain::{SessionId, Timestamp, TokenHash};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = provider_logouts, check_for_backend(diesel::sqlite::Sqlite))]
pub struct ProviderLogoutRow {
    /// The hash of the token in the browser's cookie.
    pub token_hash: TokenHash,
    /// The session that the URL is encrypted for.
    pub session_id: SessionId,
    /// Encrypted.
    pub url: Vec<u8>,
    pub expires_at: Timestamp,
}

/// `false` when the table has `at_most` rows that have not expired. The row is left out then.
pub fn insert(
    connection: &mut SqliteConnection,
    row: &ProviderLogoutRow,
    now: Timestamp,
    at_most: i64,
) -> QueryResult<bool> {
    delete_expired(connection, now)?;
    let count: i64 = provider_logouts::table.count().get_result(connection)?;
    if count >= at_most {
        return Ok(false);
    }
    diesel::insert_into(provider_logouts::table)
        .values(row)
        .execute(connection)?;
    Ok(true)
}

pub fn exists(connection: &mut SqliteConnection, token_hash: TokenHash) -> QueryResult<bool> {
    let this = provider_logouts::table.find(token_hash);
    diesel::select(diesel::dsl::exists(this)).get_result(connection)
}

/// Deletes the row of a token, and returns it.
pub fn take(
    connection: &mut SqliteConnection,
    token_hash: TokenHash,
) -> QueryResult<Option<ProviderLogoutRow>> {
    diesel::delete(provider_logouts::table.find(token_hash))
        .returning(ProviderLogoutRow::as_returning())
        .get_result(connection)
        .optional()
}

pub fn delete_expired(connection: &mut SqliteConnection, now: Timestamp) -> QueryResult<usize> {
    let expired = provider_logouts::expires_at.le(now);
    diesel::delete(provider_logouts::table.filter(expired)).execute(connection)
}

pub fn delete_all(connection: &mut SqliteConnection) -> QueryResult<usize> {
    diesel::delete(provider_logouts::table).execute(connection)
}
