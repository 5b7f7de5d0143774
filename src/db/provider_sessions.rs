//! The table `provider_sessions`: what a session holds at the provider.

use diesel::prelude::*;

use super::schema::provider_sessions;
use crate::domain::SessionId;

/// What one session holds. The tokens are sealed for this session.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = provider_sessions, check_for_backend(diesel::sqlite::Sqlite))]
pub struct ProviderSessionRow {
    /// Whose it is.
    pub session_id: i64,
    /// The provider's name.
    pub provider: String,
    /// Who they are there.
    pub subject: String,
    /// The provider's own name for the session (`sid`), needed to end it.
    pub provider_session_id: Option<String>,
    /// Sealed.
    pub refresh_token: Option<Vec<u8>>,
    /// Sealed; a hint for the logout.
    pub id_token: Option<Vec<u8>>,
    /// When the access token runs out.
    pub access_expires_at: i64,
    /// Who really sits there, when a WorkOS admin looks through somebody's eyes.
    pub impersonator: Option<String>,
}

/// What a refresh brings. What it does not bring stays as it was.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = provider_sessions)]
pub struct Renewed {
    /// Sealed; the older one is worth nothing any more.
    pub refresh_token: Option<Vec<u8>>,
    /// The provider may give the session another name.
    pub provider_session_id: Option<String>,
    /// When the new access token runs out.
    pub access_expires_at: i64,
}

/// Writes it down for a new session.
///
/// # Errors
/// When the query fails.
pub fn insert(connection: &mut SqliteConnection, row: &ProviderSessionRow) -> QueryResult<()> {
    diesel::insert_into(provider_sessions::table)
        .values(row)
        .execute(connection)?;
    Ok(())
}

/// Finds it.
///
/// # Errors
/// When the query fails.
pub fn find(
    connection: &mut SqliteConnection,
    session_id: SessionId,
) -> QueryResult<Option<ProviderSessionRow>> {
    provider_sessions::table
        .find(session_id.0)
        .select(ProviderSessionRow::as_select())
        .get_result(connection)
        .optional()
}

/// Puts the tokens of a refresh in the place of the older ones; `false` when the session has ended
/// meanwhile.
///
/// # Errors
/// When the query fails.
pub fn refresh(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    renewed: &Renewed,
) -> QueryResult<bool> {
    let changed = diesel::update(provider_sessions::table.find(session_id.0))
        .set(renewed)
        .execute(connection)?;
    Ok(changed == 1)
}
