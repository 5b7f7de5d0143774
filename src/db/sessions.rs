//! The tables `sessions` and `session_revision`: who is signed in.

use diesel::prelude::*;

use super::accounts::AccountRow;
use super::schema::{accounts, provider_sessions, session_revision, sessions};
use crate::domain::{AccountId, BrowserName, Method, SessionId, Timestamp, TokenHash};

/// One session.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::sqlite::Sqlite))]
pub struct SessionRow {
    /// Its key.
    pub id: i64,
    /// “email_code” or “workos”.
    pub method: String,
    /// Browser and system in words.
    pub browser: String,
    /// The client's address at sign-in.
    pub ip: String,
    /// When it began.
    pub created_at: i64,
    /// When it was last used, as of the last time that was written down.
    pub last_seen_at: i64,
}

/// What every request needs to know of a session's provider.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = provider_sessions, check_for_backend(diesel::sqlite::Sqlite))]
pub struct HeldRow {
    /// When the access token runs out.
    pub access_expires_at: i64,
    /// Who really sits there, when a WorkOS admin looks through somebody's eyes.
    pub impersonator: Option<String>,
}

/// What a new session is made of.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Finds the row again for the browser that has the token.
    pub token_hash: TokenHash,
    /// Whose it is.
    pub account_id: AccountId,
    /// How they signed in.
    pub method: Method,
    /// With what.
    pub browser: &'a BrowserName,
    /// From where.
    pub ip: &'a str,
    /// When.
    pub now: Timestamp,
}

/// Counters that move on whenever anything that was read from these tables may be out of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Revision {
    /// Moves when a session ends, or when an account changes.
    pub ended: i64,
    /// Moves when a session begins.
    pub begun: i64,
}

/// Reads the counters: one row, a few microseconds.
///
/// As everywhere here, what is unique is read by `get_result`: `first` binds a LIMIT, and SQLite
/// prepares a statement with a bound LIMIT anew each time.
///
/// # Errors
/// When the query fails.
pub fn revision(connection: &mut SqliteConnection) -> QueryResult<Revision> {
    session_revision::table
        .select((session_revision::ended, session_revision::begun))
        .get_result(connection)
}

/// Writes a new session.
///
/// # Errors
/// When the query fails.
pub fn insert(connection: &mut SqliteConnection, new: &NewSession<'_>) -> QueryResult<SessionId> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::token_hash.eq(new.token_hash.as_bytes().as_slice()),
            sessions::account_id.eq(new.account_id.0),
            sessions::method.eq(new.method.as_str()),
            sessions::browser.eq(new.browser.as_str()),
            sessions::ip.eq(new.ip),
            sessions::created_at.eq(new.now.0),
            sessions::last_seen_at.eq(new.now.0),
        ))
        .returning(sessions::id)
        .get_result(connection)
        .map(SessionId)
}

/// Finds the session of a token, with its account.
///
/// # Errors
/// When the query fails.
pub fn find(
    connection: &mut SqliteConnection,
    token_hash: TokenHash,
) -> QueryResult<Option<(SessionRow, AccountRow, Option<HeldRow>)>> {
    sessions::table
        .inner_join(accounts::table)
        .left_join(provider_sessions::table)
        .filter(sessions::token_hash.eq(token_hash.as_bytes().as_slice()))
        .select((
            SessionRow::as_select(),
            AccountRow::as_select(),
            Option::<HeldRow>::as_select(),
        ))
        .get_result(connection)
        .optional()
}

/// Finds the account of a session.
///
/// # Errors
/// When the query fails.
pub fn find_account(
    connection: &mut SqliteConnection,
    id: SessionId,
) -> QueryResult<Option<AccountRow>> {
    sessions::table
        .find(id.0)
        .inner_join(accounts::table)
        .select(AccountRow::as_select())
        .get_result(connection)
        .optional()
}

/// Finds a session of an account by its key; `None` when it is somebody else's.
///
/// # Errors
/// When the query fails.
pub fn find_of_account(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    id: SessionId,
) -> QueryResult<Option<SessionRow>> {
    sessions::table
        .find(id.0)
        .filter(sessions::account_id.eq(account_id.0))
        .select(SessionRow::as_select())
        .get_result(connection)
        .optional()
}

/// The sessions of an account, the newest first, up to `at_most`.
///
/// # Errors
/// When the query fails.
pub fn of_account(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    at_most: i64,
) -> QueryResult<Vec<SessionRow>> {
    sessions::table
        .filter(sessions::account_id.eq(account_id.0))
        .order(sessions::id.desc())
        .limit(at_most)
        .select(SessionRow::as_select())
        .load(connection)
}

/// Ends the session of a token, if there is one.
///
/// # Errors
/// When the query fails.
pub fn delete(connection: &mut SqliteConnection, token_hash: TokenHash) -> QueryResult<()> {
    let this = sessions::token_hash.eq(token_hash.as_bytes().as_slice());
    diesel::delete(sessions::table.filter(this)).execute(connection)?;
    Ok(())
}

/// Ends a session by its key.
///
/// # Errors
/// When the query fails.
pub fn delete_by_id(connection: &mut SqliteConnection, id: SessionId) -> QueryResult<()> {
    diesel::delete(sessions::table.find(id.0)).execute(connection)?;
    Ok(())
}

/// Ends a session of an account; `false` when it has none of this key.
///
/// # Errors
/// When the query fails.
pub fn delete_one(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    id: SessionId,
) -> QueryResult<bool> {
    let this = sessions::table
        .find(id.0)
        .filter(sessions::account_id.eq(account_id.0));
    Ok(diesel::delete(this).execute(connection)? == 1)
}

/// Ends every session of an account but `spared`; says how many those were.
///
/// # Errors
/// When the query fails.
pub fn delete_of_account(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    spared: Option<SessionId>,
) -> QueryResult<usize> {
    let theirs = sessions::table
        .filter(sessions::account_id.eq(account_id.0))
        .filter(sessions::id.ne(spared.map_or(0, |id| id.0)));
    diesel::delete(theirs).execute(connection)
}

/// Ends every session of an account that was begun with a provider.
///
/// # Errors
/// When the query fails.
pub fn delete_with_provider(
    connection: &mut SqliteConnection,
    account_id: AccountId,
) -> QueryResult<usize> {
    let theirs = sessions::table
        .filter(sessions::account_id.eq(account_id.0))
        .filter(sessions::method.eq(Method::WorkOs.as_str()));
    diesel::delete(theirs).execute(connection)
}

/// Writes down when sessions were last used; never backwards.
///
/// # Errors
/// When the query fails.
pub fn touch(
    connection: &mut SqliteConnection,
    seen: &[(SessionId, Timestamp)],
) -> QueryResult<()> {
    for (id, at) in seen {
        let this = sessions::table
            .find(id.0)
            .filter(sessions::last_seen_at.lt(at.0));
        diesel::update(this)
            .set(sessions::last_seen_at.eq(at.0))
            .execute(connection)?;
    }
    Ok(())
}

/// Forgets up to `at_most` sessions past their idle or absolute end.
///
/// # Errors
/// When the query fails.
pub fn delete_expired(
    connection: &mut SqliteConnection,
    begun_before: Timestamp,
    seen_before: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let expired = sessions::table
        .filter(
            sessions::created_at
                .le(begun_before.0)
                .or(sessions::last_seen_at.le(seen_before.0)),
        )
        .select(sessions::id)
        .limit(at_most)
        .load::<i64>(connection)?;
    diesel::delete(sessions::table.filter(sessions::id.eq_any(expired))).execute(connection)
}
