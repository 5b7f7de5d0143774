//! The table `provider_sessions`: the provider's tokens of a session.

use diesel::prelude::*;

use super::schema::provider_sessions;
use crate::domain::{SessionId, Timestamp};

/// The tokens are encrypted for this session.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = provider_sessions, check_for_backend(diesel::sqlite::Sqlite))]
pub struct ProviderSessionRow {
    pub session_id: SessionId,
    pub provider: String,
    /// The person's id at the provider (`sub`).
    pub subject: String,
    /// The provider's id of the session (`sid`), needed to end it there.
    pub provider_session_id: Option<String>,
    /// Encrypted.
    pub refresh_token: Option<Vec<u8>>,
    /// Encrypted; sent as a hint at the provider's logout.
    pub id_token: Option<Vec<u8>>,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
    /// The WorkOS admin who impersonates the account.
    pub impersonator: Option<String>,
}

/// The result of a refresh. `None` leaves a column as it was.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = provider_sessions)]
pub struct Renewed {
    /// Encrypted. The older token no longer works.
    pub refresh_token: Option<Vec<u8>>,
    /// The provider may change the session's id.
    pub provider_session_id: Option<String>,
    /// When the new access token expires.
    pub access_expires_at: Timestamp,
}

pub fn insert(connection: &mut SqliteConnection, row: &ProviderSessionRow) -> QueryResult<()> {
    diesel::insert_into(provider_sessions::table)
        .values(row)
        .execute(connection)?;
    Ok(())
}

pub fn find(
    connection: &mut SqliteConnection,
    session_id: SessionId,
) -> QueryResult<Option<ProviderSessionRow>> {
    provider_sessions::table
        .find(session_id)
        .select(ProviderSessionRow::as_select())
        .get_result(connection)
        .optional()
}

/// Replaces the tokens after a refresh. `false` when the session has ended since.
pub fn refresh(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    renewed: &Renewed,
) -> QueryResult<bool> {
    let changed = diesel::update(provider_sessions::table.find(session_id))
        .set(renewed)
        .execute(connection)?;
    Ok(changed == 1)
}
