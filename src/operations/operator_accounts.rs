//! Accounts and sessions for an operator's commands, which name an account by its address. Every change is
//! one transaction, and the activity records it for “command line”.

use serde::Serialize;

use crate::accounts::changes::{self, Actor, Change, ChangeError, NewAccount};
use crate::accounts::end_sessions::{self, EndedSession};
use crate::accounts::import::{ImportRow, add_new};
use crate::db::listings::{self, ListedAccount, ListedSession};
use crate::db::{Database, DatabaseError, account_notices, accounts};
use crate::domain::{
    AccountId, AccountNotice, Email, PersonName, Role, SessionId, SignInMethod, Stored, Timestamp,
};
use crate::sign_in::session::Lifetimes;

/// The state of an account before a change.
#[derive(Debug)]
pub struct AccountBefore {
    /// As it is stored: its case may differ from the address that the command named.
    pub email: Email,
    pub was_confirmed: bool,
    pub was_suspended: bool,
}

/// An account as `account list` shows it. The JSON names are the names of the columns; times are in
/// milliseconds since 1970 UTC.
#[derive(Debug, Serialize)]
pub struct AccountListing {
    pub id: AccountId,
    pub email: Email,
    pub name: String,
    pub role: Stored<Role>,
    pub confirmed_at: Option<Timestamp>,
    pub suspended_at: Option<Timestamp>,
    /// When the account moved to WorkOS.
    pub moved_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Debug)]
pub struct AccountDetails {
    pub account: AccountListing,
    /// `None` when none is known.
    pub last_sign_in: Option<Timestamp>,
    /// The number of active sessions.
    pub sessions: usize,
}

/// A session as `sessions list` shows it. The JSON names are the names of the columns; times are in
/// milliseconds since 1970 UTC.
#[derive(Debug, Serialize)]
pub struct SessionListing {
    pub id: SessionId,
    pub account_id: AccountId,
    pub email: Email,
    pub method: Stored<SignInMethod>,
    /// Browser and system in words.
    pub browser: String,
    /// The client's address at sign-in.
    pub ip: String,
    pub created_at: Timestamp,
    /// As of the last time that uses were saved.
    pub last_seen_at: Timestamp,
}

#[derive(Debug, Default)]
pub struct Imported {
    pub added: usize,
    /// Addresses that had an account, which was left unchanged.
    pub already_there: usize,
}

/// Adds the account if it is missing, and makes it a confirmed admin (`ADMIN_EMAIL`). The owner of an account that was a
/// member's gets a mail.
pub fn ensure_admin(
    database: &Database,
    email: &Email,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    database.write_blocking(|c| match accounts::ensure_admin(c, email, now)? {
        Some(promoted) => account_notices::add(c, promoted, AccountNotice::NowAdmin, now),
        None => Ok(()),
    })
}

/// Adds a confirmed account.
pub fn add_account(
    database: &Database,
    email: &Email,
    name: &PersonName,
    role: Role,
    now: Timestamp,
) -> Result<(), ChangeError> {
    let new = NewAccount {
        email: email.clone(),
        name: name.as_str().to_owned(),
        role,
        confirmed: true,
    };
    let actor = Actor::command_line();
    database.write_checked_blocking(|c| changes::add(c, &actor, &new, now))?;
    Ok(())
}

/// Adds all rows in one transaction. `on_row` is called after each.
pub fn import_accounts(
    database: &Database,
    rows: &[ImportRow],
    now: Timestamp,
    on_row: impl Fn(),
) -> Result<Imported, DatabaseError> {
    let actor = Actor::command_line();
    database.write_blocking(|c| {
        let mut imported = Imported::default();
        for row in rows {
            if add_new(c, &actor, row, now)? {
                imported.added += 1;
            } else {
                imported.already_there += 1;
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
) -> Result<AccountDetails, ChangeError> {
    let found = database.read_in_place(|c| {
        let listed = listings::account(c, email)?;
        let row = accounts::find_by_email(c, email)?;
        let Some((listed, row)) = listed.zip(row) else {
            return Ok(None);
        };
        let in_force = lifetimes.in_force(now);
        Ok(Some(AccountDetails {
            account: listed.into(),
            last_sign_in: row.last_sign_in_at,
            sessions: listings::sessions(c, Some(row.id), in_force)?.len(),
        }))
    })?;
    found.ok_or(ChangeError::NoSuchAccount)
}

/// Fails if no account has the address.
pub fn check_account_exists(database: &Database, email: &Email) -> Result<(), ChangeError> {
    account_of(database, email).map(drop)
}

fn account_of(database: &Database, email: &Email) -> Result<AccountId, ChangeError> {
    let found = database.read_in_place(|c| accounts::find_by_email(c, email))?;
    found
        .map(|account| account.id)
        .ok_or(ChangeError::NoSuchAccount)
}

pub fn change_account(
    database: &Database,
    email: &Email,
    change: Change,
    now: Timestamp,
) -> Result<AccountBefore, ChangeError> {
    let actor = Actor::command_line();
    let account = database.write_checked_blocking(|c| {
        let account = accounts::find_by_email(c, email)?.ok_or(ChangeError::NoSuchAccount)?;
        changes::change(c, &actor, account.id, change, now)
    })?;
    Ok(AccountBefore {
        was_confirmed: account.confirmed_at.is_some(),
        was_suspended: account.suspended_at.is_some(),
        email: account.email,
    })
}

/// The active sessions of an account, or of all; the newest first.
pub fn list_sessions(
    database: &Database,
    email: Option<&Email>,
    lifetimes: Lifetimes,
    now: Timestamp,
) -> Result<Vec<SessionListing>, ChangeError> {
    let account = match email {
        Some(email) => Some(account_of(database, email)?),
        None => None,
    };
    let in_force = lifetimes.in_force(now);
    let found = database.read_in_place(|c| listings::sessions(c, account, in_force))?;
    Ok(found.into_iter().map(SessionListing::from).collect())
}

/// `None` if there is no such session.
pub fn end_session(
    database: &Database,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<EndedSession>, DatabaseError> {
    let actor = Actor::command_line();
    database.write_blocking(|c| end_sessions::one(c, &actor, id, now))
}

/// Returns how many sessions the account had.
pub fn end_all_sessions(
    database: &Database,
    email: &Email,
    now: Timestamp,
) -> Result<usize, ChangeError> {
    let actor = Actor::command_line();
    database.write_checked_blocking(|c| end_sessions::all_of_address(c, &actor, email, now))
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
