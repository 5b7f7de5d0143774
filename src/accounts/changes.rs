//! What an admin, or an operator, does to accounts. Each verb runs inside its caller's transaction
//! and writes down who did it.

use thiserror::Error;

use crate::db::accounts::{self, AccountRow, NewAccount};
use crate::db::activity::{self, NewActivity};
use crate::db::{
    QueryResult, SqliteConnection, identities, operator_codes, outgoing_mails, sessions,
};
use crate::domain::{AccountId, ActivityKind, Email, Role, Timestamp};
use crate::sign_in::client::Client;

/// Who does it.
#[derive(Debug, Clone)]
pub struct Actor {
    name: String,
    client: Option<Client>,
}

impl Actor {
    /// An admin, signed in as this address.
    pub fn admin(email: &str, client: &Client) -> Self {
        Self {
            name: email.to_owned(),
            client: Some(client.clone()),
        }
    }

    /// Whoever has a terminal on the server.
    pub fn command_line() -> Self {
        Self {
            name: "command line".to_owned(),
            client: None,
        }
    }

    /// What they go by: an admin's address, or “command line”.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes down what they did to an account.
    ///
    /// # Errors
    /// When the query fails.
    pub fn note(
        &self,
        c: &mut SqliteConnection,
        kind: ActivityKind,
        account: &AccountRow,
        detail: &str,
        now: Timestamp,
    ) -> QueryResult<()> {
        let id = Some(account.account_id());
        self.note_of_address(c, kind, &account.email, id, detail, now)
    }

    /// Writes down what they did about an address, which may have no account.
    ///
    /// # Errors
    /// When the query fails.
    pub fn note_of_address(
        &self,
        c: &mut SqliteConnection,
        kind: ActivityKind,
        email: &str,
        account_id: Option<AccountId>,
        detail: &str,
        now: Timestamp,
    ) -> QueryResult<()> {
        let what = NewActivity {
            account_id,
            email,
            actor: &self.name,
            ip: self.client.as_ref().map(|client| client.ip),
            browser: self.client.as_ref().map(|client| &client.browser),
            detail,
            ..NewActivity::default()
        };
        activity::add(c, kind, &what, now)?;
        Ok(())
    }
}

/// Why an account was left as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// There is none.
    #[error("There is no such account.")]
    NoSuchAccount,
    /// The address has one already.
    #[error("That address has an account already.")]
    AlreadyThere,
    /// Without them nobody could let anybody in.
    #[error("That is the last admin. Make somebody else an admin first.")]
    LastAdmin,
    /// It was so before.
    #[error("That is so already. Nothing was changed.")]
    AlreadySo,
}

type Outcome<T> = QueryResult<Result<T, ChangeError>>;

/// Adds a confirmed account.
///
/// # Errors
/// When a query fails.
pub fn add(
    c: &mut SqliteConnection,
    actor: &Actor,
    new: &NewAccount<'_>,
    now: Timestamp,
) -> Outcome<AccountRow> {
    add_as(c, actor, new, ActivityKind::AccountAdded, now)
}

/// Adds an account that stood in a file.
///
/// # Errors
/// When a query fails.
pub fn import(
    c: &mut SqliteConnection,
    actor: &Actor,
    new: &NewAccount<'_>,
    now: Timestamp,
) -> Outcome<AccountRow> {
    add_as(c, actor, new, ActivityKind::AccountImported, now)
}

fn add_as(
    c: &mut SqliteConnection,
    actor: &Actor,
    new: &NewAccount<'_>,
    kind: ActivityKind,
    now: Timestamp,
) -> Outcome<AccountRow> {
    let Some(id) = accounts::insert(c, new, now)? else {
        return Ok(Err(ChangeError::AlreadyThere));
    };
    let Some(account) = accounts::find(c, id)? else {
        return Ok(Err(ChangeError::NoSuchAccount));
    };
    actor.note(c, kind, &account, new.role.as_str(), now)?;
    Ok(Ok(account))
}

/// Vouches for an account's address: from now on it gets codes, and can be linked.
///
/// # Errors
/// When a query fails.
pub fn confirm(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: AccountId,
    now: Timestamp,
) -> Outcome<AccountRow> {
    let Some(account) = accounts::find(c, id)? else {
        return Ok(Err(ChangeError::NoSuchAccount));
    };
    if account.confirmed_at.is_some() {
        return Ok(Err(ChangeError::AlreadySo));
    }
    accounts::set_confirmed(c, id, now)?;
    actor.note(c, ActivityKind::AccountConfirmed, &account, "", now)?;
    Ok(Ok(account))
}

/// Shuts an account, and ends all its sessions. Mail to it that waits is not sent any more.
///
/// # Errors
/// When a query fails.
pub fn suspend(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: AccountId,
    now: Timestamp,
) -> Outcome<AccountRow> {
    let Some(account) = accounts::find(c, id)? else {
        return Ok(Err(ChangeError::NoSuchAccount));
    };
    if account.suspended_at.is_some() {
        return Ok(Err(ChangeError::AlreadySo));
    }
    if is_last_admin(c, &account)? {
        return Ok(Err(ChangeError::LastAdmin));
    }
    accounts::set_suspended(c, id, Some(now))?;
    sessions::delete_of_account(c, id, None)?;
    outgoing_mails::delete_to(c, &account.email)?;
    operator_codes::delete(c, &account.email)?;
    actor.note(c, ActivityKind::AccountSuspended, &account, "", now)?;
    Ok(Ok(account))
}

/// Opens a shut account again.
///
/// # Errors
/// When a query fails.
pub fn restore(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: AccountId,
    now: Timestamp,
) -> Outcome<AccountRow> {
    let Some(account) = accounts::find(c, id)? else {
        return Ok(Err(ChangeError::NoSuchAccount));
    };
    if account.suspended_at.is_none() {
        return Ok(Err(ChangeError::AlreadySo));
    }
    accounts::set_suspended(c, id, None)?;
    actor.note(c, ActivityKind::AccountRestored, &account, "", now)?;
    Ok(Ok(account))
}

/// Makes or unmakes an admin.
///
/// # Errors
/// When a query fails.
pub fn change_role(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: AccountId,
    role: Role,
    now: Timestamp,
) -> Outcome<AccountRow> {
    let Some(account) = accounts::find(c, id)? else {
        return Ok(Err(ChangeError::NoSuchAccount));
    };
    if account.role == role.as_str() {
        return Ok(Err(ChangeError::AlreadySo));
    }
    if is_last_admin(c, &account)? {
        return Ok(Err(ChangeError::LastAdmin));
    }
    accounts::set_role(c, id, role)?;
    actor.note(c, ActivityKind::RoleChanged, &account, role.as_str(), now)?;
    Ok(Ok(account))
}

/// Undoes the move to WorkOS: the account gets codes again, and whoever it was linked to there is
/// forgotten. Its sessions with WorkOS end.
///
/// # Errors
/// When a query fails.
pub fn move_back(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: AccountId,
    now: Timestamp,
) -> Outcome<AccountRow> {
    let Some(account) = accounts::find(c, id)? else {
        return Ok(Err(ChangeError::NoSuchAccount));
    };
    if account.moved_at.is_none() {
        return Ok(Err(ChangeError::AlreadySo));
    }
    accounts::unset_moved(c, id)?;
    identities::unlink(c, id)?;
    sessions::delete_with_provider(c, id)?;
    actor.note(c, ActivityKind::MovedBack, &account, "", now)?;
    Ok(Ok(account))
}

/// Removes an account with all that belongs to it, mail that waits too. What it did stays in the
/// activity, by its address.
///
/// # Errors
/// When a query fails.
pub fn delete(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: AccountId,
    now: Timestamp,
) -> Outcome<AccountRow> {
    let Some(account) = accounts::find(c, id)? else {
        return Ok(Err(ChangeError::NoSuchAccount));
    };
    if is_last_admin(c, &account)? {
        return Ok(Err(ChangeError::LastAdmin));
    }
    actor.note(c, ActivityKind::AccountDeleted, &account, "", now)?;
    accounts::delete(c, id)?;
    outgoing_mails::delete_to(c, &account.email)?;
    operator_codes::delete(c, &account.email)?;
    Ok(Ok(account))
}

/// Finds the account of an address, for a command that names one.
///
/// # Errors
/// When the query fails.
pub fn find(c: &mut SqliteConnection, email: &Email) -> Outcome<AccountRow> {
    Ok(accounts::find_by_email(c, email)?.ok_or(ChangeError::NoSuchAccount))
}

/// Whether nobody could let anybody in without this account.
///
/// # Errors
/// When the query fails.
pub(super) fn is_last_admin(c: &mut SqliteConnection, account: &AccountRow) -> QueryResult<bool> {
    let is_admin = account.role == Role::Admin.as_str() && account.may_sign_in();
    Ok(is_admin && accounts::admins_beside(c, account.account_id())? == 0)
}
