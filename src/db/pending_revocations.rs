//! The table `pending_revocations`: sessions that are to end at the provider.

use diesel::prelude::*;

use super::schema::pending_revocations;
use crate::domain::Timestamp;

/// One session to be ended there.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = pending_revocations, check_for_backend(diesel::sqlite::Sqlite))]
pub struct PendingRevocationRow {
    /// Its key.
    pub id: i64,
    /// The session that the token is sealed for.
    pub session_id: i64,
    /// The provider's name.
    pub provider: String,
    /// The provider's own name for the session.
    pub provider_session_id: Option<String>,
    /// Sealed.
    pub refresh_token: Option<Vec<u8>>,
    /// How often it was tried.
    pub attempts: i64,
}

/// Puts one in the queue for a session that was never begun here.
///
/// # Errors
/// When the query fails.
pub fn insert(
    connection: &mut SqliteConnection,
    session_id: i64,
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

/// Those whose turn has come.
///
/// # Errors
/// When the query fails.
pub fn due(
    connection: &mut SqliteConnection,
    now: Timestamp,
    at_most: i64,
) -> QueryResult<Vec<PendingRevocationRow>> {
    pending_revocations::table
        .filter(pending_revocations::next_attempt_at.le(now.0))
        .order(pending_revocations::next_attempt_at.asc())
        .limit(at_most)
        .select(PendingRevocationRow::as_select())
        .load(connection)
}

/// How many sessions wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub count: i64,
    /// How often the one that was tried most was tried: it has waited longest.
    pub most_attempts: i64,
}

/// How many sessions wait to be ended.
///
/// # Errors
/// When the query fails.
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

/// Sets the time of the next attempt.
///
/// # Errors
/// When the query fails.
pub fn postpone(
    connection: &mut SqliteConnection,
    id: i64,
    next_attempt_at: Timestamp,
) -> QueryResult<()> {
    diesel::update(pending_revocations::table.find(id))
        .set((
            pending_revocations::attempts.eq(pending_revocations::attempts + 1),
            pending_revocations::next_attempt_at.eq(next_attempt_at.0),
        ))
        .execute(connection)?;
    Ok(())
}

/// It is done there.
///
/// # Errors
/// When the query fails.
pub fn delete(connection: &mut SqliteConnection, id: i64) -> QueryResult<()> {
    diesel::delete(pending_revocations::table.find(id)).execute(connection)?;
    Ok(())
}
