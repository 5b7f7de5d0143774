//! Accounts and sessions as an operator's lists have them: each field is named as its column is.

use diesel::prelude::*;
use serde::Serialize;

use super::account_search::LONGEST_TEXT;
use super::schema::{accounts, sessions};
use crate::domain::{AccountId, Email, Timestamp};

/// An account, whole.
#[derive(Debug, Clone, Serialize, Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::sqlite::Sqlite))]
pub struct ListedAccount {
    /// Its key.
    pub id: i64,
    /// The address.
    pub email: String,
    /// What the person is called; may be empty.
    pub name: String,
    /// “member” or “admin”.
    pub role: String,
    /// When somebody vouched for the address.
    pub confirmed_at: Option<i64>,
    /// Since when the account is shut.
    pub suspended_at: Option<i64>,
    /// Since when it signs in with WorkOS.
    pub moved_at: Option<i64>,
    /// When it was made.
    pub created_at: i64,
}

/// A session with its account's address; without its token's hash.
#[derive(Debug, Clone, Serialize, Queryable)]
pub struct ListedSession {
    /// Its key.
    pub id: i64,
    /// Whose it is.
    pub account_id: i64,
    /// That account's address.
    pub email: String,
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

/// The accounts with `part` in their address or name, in any case of its ASCII letters, in the
/// order of their addresses.
///
/// # Errors
/// When the query fails.
pub fn accounts(connection: &mut SqliteConnection, part: &str) -> QueryResult<Vec<ListedAccount>> {
    if part.len() > LONGEST_TEXT {
        return Ok(Vec::new());
    }
    let pattern = format!("%{}%", escaped(part));
    let in_address = accounts::email.like(pattern.clone()).escape('\\');
    let in_name = accounts::name.like(pattern).escape('\\');
    accounts::table
        .filter(in_address.or(in_name))
        .order(accounts::email)
        .select(ListedAccount::as_select())
        .load(connection)
}

/// The account of an address.
///
/// # Errors
/// When the query fails.
pub fn account(
    connection: &mut SqliteConnection,
    email: &Email,
) -> QueryResult<Option<ListedAccount>> {
    accounts::table
        .filter(accounts::email.eq(email.as_str()))
        .select(ListedAccount::as_select())
        .get_result(connection)
        .optional()
}

/// Which sessions have not run out.
#[derive(Debug, Clone, Copy)]
pub struct InForce {
    /// Those that began after this moment…
    pub begun_after: Timestamp,
    /// … and were used after this one.
    pub seen_after: Timestamp,
}

/// The sessions of an account, or of all, that are in force; the newest first.
///
/// # Errors
/// When the query fails.
pub fn sessions(
    connection: &mut SqliteConnection,
    account_id: Option<AccountId>,
    in_force: InForce,
) -> QueryResult<Vec<ListedSession>> {
    let mut query = sessions::table
        .inner_join(accounts::table)
        .filter(sessions::created_at.gt(in_force.begun_after.0))
        .filter(sessions::last_seen_at.gt(in_force.seen_after.0))
        .order(sessions::id.desc())
        .select((
            sessions::id,
            sessions::account_id,
            accounts::email,
            sessions::method,
            sessions::browser,
            sessions::ip,
            sessions::created_at,
            sessions::last_seen_at,
        ))
        .into_boxed();
    if let Some(id) = account_id {
        query = query.filter(sessions::account_id.eq(id.0));
    }
    query.load(connection)
}

/// What LIKE would read as a pattern stands for itself.
fn escaped(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len());
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
