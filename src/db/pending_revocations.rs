//! The table `pending_revocations`: ended sessions that the provider has yet to end.

use diesel::prelude::*;

use super::schema::pending_revocations;
use crate::domain::{RevocationId, SessionId, Timestamp};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = pending_revocations, check_for_backend(diesel::sqlite::Sqlite))]
pub struct PendingRevocationRow {
    pub id: RevocationId,
    /// The session that the token is encrypted for.
    pub session_id: SessionId,
    pub provider: String,
    /// The provider's id of the session (`sid`).
    pub provider_session_id: Option<String>,
    /// Encrypted.
    pub refresh_token: Option<Vec<u8>>,
    pub attempts: i64,
}

/// Queues a provider's session for which no session was begun here. A trigger queues all others.
pub fn insert(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    provider: &str,
    provider_session_id: Option<&str>,
    refresh_token: Option<&[u8]>,
) -> QueryResult<()> {
    diesel::insert_into(pending_revocations::table)
        .values((
            pending_revocations::session_id.eq(session_id),
            pending_revocations::provider.eq(provider),
            pending_revocations::provider_session_id.eq(provider_session_id),
            pending_revocations::refresh_token.eq(refresh_token),
        ))
        .execute(connection)?;
    Ok(())
}

/// The revocations whose next attempt is due, the longest overdue first.
pub fn due(
    connection: &mut SqliteConnection,
    now: Timestamp,
    at_most: i64,
) -> QueryResult<Vec<PendingRevocationRow>> {
    pending_revocations::table
        .filter(pending_revocations::next_attempt_at.le(now))
        .order(pending_revocations::next_attempt_at.asc())
        .limit(at_most)
        .select(PendingRevocationRow::as_select())
        .load(connection)
}

pub fn all(connection: &mut SqliteConnection) -> QueryResult<Vec<PendingRevocationRow>> {
    pending_revocations::table
        .select(PendingRevocationRow::as_select())
        .load(connection)
}

/// Replaces the encrypted token.
pub fn set_refresh_token(
    connection: &mut SqliteConnection,
    id: RevocationId,
    refresh_token: Option<&[u8]>,
) -> QueryResult<()> {
    diesel::update(pending_revocations::table.find(id))
        .set(pending_revocations::refresh_token.eq(refresh_token))
        .execute(connection)?;
    Ok(())
}

/// The length of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub count: i64,
    /// The attempts of the revocation that was tried most often.
    pub most_attempts: i64,
}

pub fn waiting(connection: &mut SqliteConnection) -> QueryResult<Waiting> {
    let (count, most): (i64, Option<i64>) = pending_revocations::table
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::max(pending_revocations::attempts),
        ))
        .get_result(connection)?;
    Ok(Waiting {
        count,
        most_attempts: most.unwrap_or_default(),
    })
}

/// Counts a failed attempt and sets the time of the next one.
pub fn postpone(
    connection: &mut SqliteConnection,
    id: RevocationId,
    next_attempt_at: Timestamp,
) -> QueryResult<()> {
    diesel::update(pending_revocations::table.find(id))
        .set((
            pending_revocations::attempts.eq(pending_revocations::attempts + 1),
            pending_revocations::next_attempt_at.eq(next_attempt_at),
        ))
        .execute(connection)?;
    Ok(())
}

pub fn delete(connection: &mut SqliteConnection, id: RevocationId) -> QueryResult<()> {
    diesel::delete(pending_revocations::table.find(id)).execute(connection)?;
    Ok(())
}
