//! Accounts and sessions as the command line lists them. Each field has the name of its column, which
//! `--json` prints.

use diesel::dsl::not;
use diesel::prelude::*;
use serde::Serialize;

use super::account_search::{LONGEST_TEXT, escaped};
use super::schema::{accounts, sessions};
use super::sessions::InForce;
use crate::domain::{AccountId, Email, Role, SessionId, SignInMethod, Stored, Timestamp};

#[derive(Debug, Clone, Serialize, Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::sqlite::Sqlite))]
pub struct ListedAccount {
    pub id: AccountId,
    pub email: Email,
    /// May be empty.
    pub name: String,
    pub role: Stored<Role>,
    pub confirmed_at: Option<Timestamp>,
    pub suspended_at: Option<Timestamp>,
    /// When the account first signed in with WorkOS.
    pub moved_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A session with its account's address; without its token's hash.
#[derive(Debug, Clone, Serialize, Queryable)]
pub struct ListedSession {
    pub id: SessionId,
    pub account_id: AccountId,
    pub email: Email,
    pub method: Stored<SignInMethod>,
    /// Browser and system in words.
    pub browser: String,
    /// The client's address at sign-in.
    pub ip: String,
    pub created_at: Timestamp,
    /// Not always the newest use: uses are written in batches.
    pub last_seen_at: Timestamp,
}

/// The accounts with `part` in their address or name, ordered by address. ASCII case does not matter.
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

pub fn account(
    connection: &mut SqliteConnection,
    email: &Email,
) -> QueryResult<Option<ListedAccount>> {
    accounts::table
        .filter(accounts::email.eq(email))
        .select(ListedAccount::as_select())
        .get_result(connection)
        .optional()
}

/// The sessions of an account, or of all accounts; the newest first.
pub fn sessions(
    connection: &mut SqliteConnection,
    account_id: Option<AccountId>,
    in_force: InForce,
) -> QueryResult<Vec<ListedSession>> {
    let mut query = sessions::table
        .inner_join(accounts::table)
        .filter(sessions::created_at.gt(in_force.begun_after))
        .filter(sessions::last_seen_at.gt(in_force.seen_after))
        .filter(not(sessions::short_lived).or(sessions::created_at.gt(in_force.seen_after)))
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
        query = query.filter(sessions::account_id.eq(id));
    }
    query.load(connection)
}
