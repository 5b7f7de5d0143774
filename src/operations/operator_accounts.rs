//! Accounts and sessions for an operator's commands, which name an account by its address. Every change is
//! one transaction, and the activity records it for “command line”.

use serde::Serialize;
use thiserror::Error;

use crate::accounts::changes::{self, Actor, ChangeError};
use crate::accounts::end_sessions;
use crate::accounts::import::{NewRow, add_one};
use crate::db::accounts::{AccountRow, NewAccount};
use crate::db::listings::{self, InForce, ListedAccount, ListedSession};
use crate::db::{Database, DatabaseError, QueryResult, SqliteConnection, activity};
use crate::domain::{Email, PersonName, Role, SessionId, Timestamp};
use crate::sign_in::session::Lifetimes;

/// Why a command changed nothing.
#[derive(Debug, Error)]
pub enum OperatorError {
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

#[derive(Debug, Clone, Copy)]
pub enum AccountChange {
    Confirm,
    Suspend,
    Restore,
    Role(Role),
    Delete,
}

/// The state of an account before a change.
#[derive(Debug)]
pub struct AccountBefore {
    /// As it is stored: its case may differ from the address that the command named.
    pub email: String,
    pub was_confirmed: bool,
    pub was_suspended: bool,
}

/// An account as `account list` shows it. The JSON names are the names of the columns; times are in
/// milliseconds since 1970 UTC.
#[derive(Debug, Serialize)]
pub struct AccountListing {
    pub id: i64,
    pub email: String,
    pub name: String,
    pub role: String,
    pub confirmed_at: Option<i64>,
    pub suspended_at: Option<i64>,
    /// When the account moved to WorkOS.
    pub moved_at: Option<i64>,
    pub created_at: i64,
}

#[derive(Debug)]
pub struct AccountDetails {
    pub account: AccountListing,
    /// As far as the activity still has it.
    pub last_sign_in: Option<i64>,
    /// The number of active sessions.
    pub sessions: usize,
}

/// A session as `sessions list` shows it. The JSON names are the names of the columns; times are in
/// milliseconds since 1970 UTC.
#[derive(Debug, Serialize)]
pub struct SessionListing {
    pub id: i64,
    pub account_id: i64,
    pub email: String,
    /// “email_code” or “workos”.
    pub method: String,
    /// Browser and system in words.
    pub browser: String,
    /// The client's address at sign-in.
    pub ip: String,
    pub created_at: i64,
    /// As of the last time that uses were saved.
    pub last_seen_at: i64,
}

#[derive(Debug)]
pub struct EndedSession {
    pub email: String,
    pub browser: String,
}

#[derive(Debug, Default)]
pub struct Imported {
    pub added: usize,
    /// Addresses that had an account, which was left unchanged.
    pub already_there: usize,
}

/// Adds a confirmed account.
pub fn add_account(
    database: &Database,
    email: &Email,
    name: &PersonName,
    role: Role,
    now: Timestamp,
) -> Result<(), OperatorError> {
    let new = NewAccount {
        email,
        name: name.as_str(),
        role,
        confirmed: true,
    };
    database.write_blocking(|c| changes::add(c, &Actor::command_line(), &new, now))??;
    Ok(())
}

/// Adds all rows in one transaction. `on_row` is called after each.
pub fn import_accounts(
    database: &Database,
    rows: &[NewRow],
    now: Timestamp,
    on_row: impl Fn(),
) -> Result<Imported, DatabaseError> {
    let actor = Actor::command_line();
    database.write_blocking(|c| {
        let mut imported = Imported::default();
        for row in rows {
            match add_one(c, &actor, row, now)? {
                Ok(_) => imported.added += 1,
                Err(_) => imported.already_there += 1,
            }
            on_row();
        }
        Ok(imported)
    })
}

/// The accounts with `search` in their address or name, in the order of their addresses.
pub fn list_accounts(
    database: &Database,
    search: &str,
) -> Result<Vec<AccountListing>, DatabaseError> {
    let found = database.read_in_place(|c| listings::accounts(c, search))?;
    Ok(found.into_iter().map(AccountListing::from).collect())
}

pub fn account_details(
    database: &Database,
    email: &Email,
    lifetimes: Lifetimes,
    now: Timestamp,
) -> Result<AccountDetails, OperatorError> {
    let found = database.read_in_place(|c| {
        let (Some(listed), Ok(row)) = (listings::account(c, email)?, changes::find(c, email)?)
        else {
            return Ok(None);
        };
        let in_force = in_force(lifetimes, now);
        Ok(Some(AccountDetails {
            account: listed.into(),
            last_sign_in: activity::last_sign_in(c, &row)?,
            sessions: listings::sessions(c, Some(row.account_id()), in_force)?.len(),
        }))
    })?;
    Ok(found.ok_or(ChangeError::NoSuchAccount)?)
}

/// Fails if no account has the address.
pub fn check_account_exists(database: &Database, email: &Email) -> Result<(), OperatorError> {
    database.read_in_place(|c| changes::find(c, email))??;
    Ok(())
}

pub fn change_account(
    database: &Database,
    email: &Email,
    change: AccountChange,
    now: Timestamp,
) -> Result<AccountBefore, OperatorError> {
    let account = database.write_blocking(|c| match changes::find(c, email)? {
        Ok(account) => apply(c, &account, change, now),
        Err(refused) => Ok(Err(refused)),
    })??;
    Ok(AccountBefore {
        email: account.email.clone(),
        was_confirmed: account.confirmed_at.is_some(),
        was_suspended: account.suspended_at.is_some(),
    })
}

fn apply(
    c: &mut SqliteConnection,
    account: &AccountRow,
    change: AccountChange,
    now: Timestamp,
) -> QueryResult<Result<AccountRow, ChangeError>> {
    let (actor, id) = (&Actor::command_line(), account.account_id());
    match change {
        AccountChange::Confirm => changes::confirm(c, actor, id, now),
        AccountChange::Suspend => changes::suspend(c, actor, id, now),
        AccountChange::Restore => changes::restore(c, actor, id, now),
        AccountChange::Role(role) => changes::change_role(c, actor, id, role, now),
        AccountChange::Delete => changes::delete(c, actor, id, now),
    }
}

/// The active sessions of an account, or of all; the newest first.
pub fn list_sessions(
    database: &Database,
    email: Option<&Email>,
    lifetimes: Lifetimes,
    now: Timestamp,
) -> Result<Vec<SessionListing>, OperatorError> {
    let found = database.read_in_place(|c| {
        let account = match email {
            None => None,
            Some(email) => match changes::find(c, email)? {
                Ok(account) => Some(account.account_id()),
                Err(refused) => return Ok(Err(refused)),
            },
        };
        listings::sessions(c, account, in_force(lifetimes, now)).map(Ok)
    })??;
    Ok(found.into_iter().map(SessionListing::from).collect())
}

/// `None` if there is no such session.
pub fn end_session(
    database: &Database,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<EndedSession>, DatabaseError> {
    let ended =
        database.write_blocking(|c| end_sessions::one(c, &Actor::command_line(), id, now))?;
    Ok(ended.map(|(account, session)| EndedSession {
        email: account.email,
        browser: session.browser,
    }))
}

/// Returns how many sessions the account had.
pub fn end_all_sessions(
    database: &Database,
    email: &Email,
    now: Timestamp,
) -> Result<usize, OperatorError> {
    let ended = database.write_blocking(|c| match changes::find(c, email)? {
        Ok(account) => end_sessions::all_of(c, &Actor::command_line(), &account, now).map(Ok),
        Err(refused) => Ok(Err(refused)),
    })??;
    Ok(ended)
}

fn in_force(lifetimes: Lifetimes, now: Timestamp) -> InForce {
    InForce {
        begun_after: now.minus(lifetimes.max),
        seen_after: now.minus(lifetimes.idle),
    }
}

impl From<ListedAccount> for AccountListing {
    fn from(row: ListedAccount) -> Self {
        Self {
            id: row.id,
            email: row.email,
            name: row.name,
            role: row.role,
            confirmed_at: row.confirmed_at,
            suspended_at: row.suspended_at,
            moved_at: row.moved_at,
            created_at: row.created_at,
        }
    }
}

impl From<ListedSession> for SessionListing {
    fn from(row: ListedSession) -> Self {
        Self {
            id: row.id,
            account_id: row.account_id,
            email: row.email,
            method: row.method,
            browser: row.browser,
            ip: row.ip,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
        }
    }
}
