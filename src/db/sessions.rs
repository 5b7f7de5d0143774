//! The tables `sessions` and `session_revision`.

use diesel::dsl::not;
use diesel::prelude::*;

use super::accounts::AccountRow;
use super::schema::{accounts, provider_sessions, session_revision, sessions};
use crate::domain::{
    AccountId, AuthenticationMethod, BrowserName, SessionId, SignInMethod, Stored, Timestamp,
    TokenHash,
};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::sqlite::Sqlite))]
pub struct SessionRow {
    pub id: SessionId,
    pub method: Stored<SignInMethod>,
    /// Browser and system in words.
    pub browser: String,
    /// The client's address at sign-in.
    pub ip: String,
    pub created_at: Timestamp,
    /// Not always the newest use: uses are written in batches.
    pub last_seen_at: Timestamp,
    pub short_lived: bool,
    /// For a session that began at a provider.
    pub authentication_method: Option<AuthenticationMethod>,
}

/// The columns of `provider_sessions` that every request needs.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = provider_sessions, check_for_backend(diesel::sqlite::Sqlite))]
pub struct HeldRow {
    /// When the access token expires.
    pub access_expires_at: Timestamp,
    /// The WorkOS admin who impersonates the account.
    pub impersonator: Option<String>,
}

#[derive(Debug)]
pub struct NewSession<'a> {
    /// The hash of the token in the browser's cookie.
    pub token_hash: TokenHash,
    pub account_id: AccountId,
    pub method: SignInMethod,
    pub browser: &'a BrowserName,
    /// The client's address.
    pub ip: &'a str,
    pub now: Timestamp,
    /// Whether the idle timeout is also the absolute one.
    pub short_lived: bool,
    pub authentication_method: Option<&'a AuthenticationMethod>,
}

/// The sessions within the absolute and the idle timeout.
#[derive(Debug, Clone, Copy)]
pub struct InForce {
    pub begun_after: Timestamp,
    pub seen_after: Timestamp,
}

/// Counters that tell when a cached session, account or provider session may be out of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Revision {
    /// Grows when a session ends, or when an account or a provider session changes.
    pub ended: i64,
    /// Grows when a session begins.
    pub begun: i64,
}

/// Reads the counters: one row, a few microseconds.
///
/// All queries in `db` read a unique row with `get_result`: `first` binds a `LIMIT`, and SQLite prepares a
/// statement with a bound `LIMIT` again each time.
pub fn revision(connection: &mut SqliteConnection) -> QueryResult<Revision> {
    session_revision::table
        .select((session_revision::ended, session_revision::begun))
        .get_result(connection)
}

pub fn insert(connection: &mut SqliteConnection, new: &NewSession<'_>) -> QueryResult<SessionId> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::token_hash.eq(new.token_hash),
            sessions::account_id.eq(new.account_id),
            sessions::method.eq(new.method),
            sessions::browser.eq(new.browser.as_str()),
            sessions::ip.eq(new.ip),
            sessions::created_at.eq(new.now),
            sessions::last_seen_at.eq(new.now),
            sessions::short_lived.eq(new.short_lived),
            sessions::authentication_method.eq(new.authentication_method),
        ))
        .returning(sessions::id)
        .get_result(connection)
}

/// Finds the session of a token, with its account.
pub fn find(
    connection: &mut SqliteConnection,
    token_hash: TokenHash,
) -> QueryResult<Option<(SessionRow, AccountRow, Option<HeldRow>)>> {
    sessions::table
        .inner_join(accounts::table)
        .left_join(provider_sessions::table)
        .filter(sessions::token_hash.eq(token_hash))
        .select((
            SessionRow::as_select(),
            AccountRow::as_select(),
            Option::<HeldRow>::as_select(),
        ))
        .get_result(connection)
        .optional()
}

pub fn find_account(
    connection: &mut SqliteConnection,
    id: SessionId,
) -> QueryResult<Option<AccountRow>> {
    sessions::table
        .find(id)
        .inner_join(accounts::table)
        .select(AccountRow::as_select())
        .get_result(connection)
        .optional()
}

/// `None` when the session belongs to another account.
pub fn find_of_account(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    id: SessionId,
) -> QueryResult<Option<SessionRow>> {
    sessions::table
        .find(id)
        .filter(sessions::account_id.eq(account_id))
        .select(SessionRow::as_select())
        .get_result(connection)
        .optional()
}

/// The sessions of an account, the newest first.
pub fn of_account(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    at_most: i64,
) -> QueryResult<Vec<SessionRow>> {
    sessions::table
        .filter(sessions::account_id.eq(account_id))
        .order(sessions::id.desc())
        .limit(at_most)
        .select(SessionRow::as_select())
        .load(connection)
}

pub fn delete(connection: &mut SqliteConnection, token_hash: TokenHash) -> QueryResult<()> {
    let this = sessions::token_hash.eq(token_hash);
    diesel::delete(sessions::table.filter(this)).execute(connection)?;
    Ok(())
}

pub fn delete_by_id(connection: &mut SqliteConnection, id: SessionId) -> QueryResult<()> {
    diesel::delete(sessions::table.find(id)).execute(connection)?;
    Ok(())
}

pub fn delete_all(connection: &mut SqliteConnection) -> QueryResult<usize> {
    diesel::delete(sessions::table).execute(connection)
}

/// `false` when the account has no session with this key.
pub fn delete_one(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    id: SessionId,
) -> QueryResult<bool> {
    let this = sessions::table
        .find(id)
        .filter(sessions::account_id.eq(account_id));
    Ok(diesel::delete(this).execute(connection)? == 1)
}

/// Deletes every session of an account except `spared`, and counts them.
pub fn delete_of_account(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    spared: Option<SessionId>,
) -> QueryResult<usize> {
    let theirs = sessions::table
        .filter(sessions::account_id.eq(account_id))
        .filter(sessions::id.ne(spared.unwrap_or(SessionId(0))));
    diesel::delete(theirs).execute(connection)
}

/// Deletes the sessions of an account that were begun with a provider.
pub fn delete_with_provider(
    connection: &mut SqliteConnection,
    account_id: AccountId,
) -> QueryResult<usize> {
    let theirs = sessions::table
        .filter(sessions::account_id.eq(account_id))
        .filter(sessions::method.eq(SignInMethod::WorkOs));
    diesel::delete(theirs).execute(connection)
}

/// Stores when sessions were last used. A stored time never goes back.
pub fn touch(
    connection: &mut SqliteConnection,
    seen: &[(SessionId, Timestamp)],
) -> QueryResult<()> {
    for (id, at) in seen {
        let this = sessions::table
            .find(id)
            .filter(sessions::last_seen_at.lt(at));
        diesel::update(this)
            .set(sessions::last_seen_at.eq(at))
            .execute(connection)?;
    }
    Ok(())
}

pub fn count_in_force(connection: &mut SqliteConnection, in_force: InForce) -> QueryResult<i64> {
    sessions::table
        .filter(sessions::created_at.gt(in_force.begun_after))
        .filter(sessions::last_seen_at.gt(in_force.seen_after))
        .filter(not(sessions::short_lived).or(sessions::created_at.gt(in_force.seen_after)))
        .count()
        .get_result(connection)
}

/// Deletes up to `at_most` sessions that are not in force.
pub fn delete_expired(
    connection: &mut SqliteConnection,
    in_force: InForce,
    at_most: i64,
) -> QueryResult<usize> {
    let is_past_short_life =
        sessions::short_lived.and(sessions::created_at.le(in_force.seen_after));
    let expired = sessions::table
        .filter(
            sessions::created_at
                .le(in_force.begun_after)
                .or(sessions::last_seen_at.le(in_force.seen_after))
                .or(is_past_short_life),
        )
        .select(sessions::id)
        .limit(at_most)
        .load::<SessionId>(connection)?;
    diesel::delete(sessions::table.filter(sessions::id.eq_any(expired))).execute(connection)
}
