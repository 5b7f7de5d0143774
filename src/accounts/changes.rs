//! Changes that an admin or an operator makes to accounts. Each verb runs inside its caller's transaction and
//! records in the activity log who made the change.

use thiserror::Error;

use super::account::Account;
use crate::db::accounts::{self, AccountRow};
use crate::db::activity::{self, NewActivity};
use crate::db::{
    DatabaseError, QueryResult, SqliteConnection, TransactionError, account_notices, identities,
    known_browsers, operator_codes, outgoing_mails, sessions,
};
use crate::domain::{AccountId, AccountNotice, ActivityKind, AdmittedBy, Email, Role, Timestamp};
use crate::sign_in::client::Client;
use crate::sign_in::session::{Authorization, LiveSession, NotAuthorized};

/// The person who makes a change.
#[derive(Debug, Clone)]
pub struct Actor {
    name: String,
    client: Option<Client>,
    /// `None` for the operator.
    authorization: Option<Authorization>,
}

impl Actor {
    pub fn admin(live: &LiveSession, client: &Client) -> Self {
        Self {
            name: live.email.to_string(),
            client: Some(client.clone()),
            authorization: Some(live.authorization()),
        }
    }

    /// The operator, who has a terminal on the server.
    pub fn command_line() -> Self {
        Self {
            name: "command line".to_owned(),
            client: None,
            authorization: None,
        }
    }

    /// Checks inside the write's transaction that the actor may still make it (SECURITY rule 31).
    pub(super) fn authorize(&self, c: &mut SqliteConnection) -> ChangeResult<()> {
        match self.authorization {
            Some(authorization) => authorization.require_admin(c),
            None => Ok(()),
        }
    }

    /// An admin's address, or “command line”.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Records a change to an account.
    pub fn note(
        &self,
        c: &mut SqliteConnection,
        kind: ActivityKind,
        account: &AccountRow,
        detail: &str,
        now: Timestamp,
    ) -> QueryResult<()> {
        let id = Some(account.id);
        self.note_of_address(c, kind, account.email.as_str(), id, detail, now)
    }

    /// Records a change that concerns an address, with or without an account.
    pub fn note_of_address(
        &self,
        c: &mut SqliteConnection,
        kind: ActivityKind,
        email: &str,
        account_id: Option<AccountId>,
        detail: &str,
        now: Timestamp,
    ) -> QueryResult<()> {
        let new = NewActivity {
            account_id,
            email,
            actor: &self.name,
            ip: self.client.as_ref().map(|client| client.ip),
            browser: self.client.as_ref().map(|client| &client.browser),
            detail,
            ..NewActivity::default()
        };
        activity::add(c, kind, &new, now)?;
        Ok(())
    }
}

/// An account to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    pub email: Email,
    /// May be empty.
    pub name: String,
    pub role: Role,
    pub confirmed: bool,
}

/// A change to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Confirms the address: the account gets codes, and a provider's account can be linked to it.
    Confirm,
    /// Refuses sign-ins, ends all sessions, forgets known browsers and deletes waiting mail.
    Suspend,
    /// Undoes a suspension.
    Restore,
    SetRole(Role),
    /// Undoes the move to WorkOS: the account gets codes again, its link to WorkOS is removed, and its sessions
    /// with WorkOS end.
    MoveBack,
    /// Removes the account with its sessions, known browsers, links and waiting mail. The activity log keeps its address.
    Delete,
}

/// Why an account was not changed.
#[derive(Debug, Error)]
pub enum ChangeError {
    #[error("There is no such account.")]
    NoSuchAccount,
    #[error("This address already has an account.")]
    AddressTaken,
    /// Without an admin, no account could be let in.
    #[error("This is the last admin. Make someone else an admin first.")]
    LastAdmin,
    #[error("No change: the account is already in that state.")]
    NoChange,
    #[error(transparent)]
    NotAuthorized(#[from] NotAuthorized),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<ChangeError> for TransactionError<ChangeError> {
    fn from(refusal: ChangeError) -> Self {
        Self::Refused(refusal)
    }
}

/// A refusal rolls the caller's transaction back.
pub type ChangeResult<T> = Result<T, TransactionError<ChangeError>>;

pub fn add(
    c: &mut SqliteConnection,
    actor: &Actor,
    new: &NewAccount,
    now: Timestamp,
) -> ChangeResult<Account> {
    add_as(c, actor, new, ActivityKind::AccountAdded, now)
}

/// Like [`add`], for a row of a file.
pub fn import(
    c: &mut SqliteConnection,
    actor: &Actor,
    new: &NewAccount,
    now: Timestamp,
) -> ChangeResult<Account> {
    add_as(c, actor, new, ActivityKind::AccountImported, now)
}

fn add_as(
    c: &mut SqliteConnection,
    actor: &Actor,
    new: &NewAccount,
    kind: ActivityKind,
    now: Timestamp,
) -> ChangeResult<Account> {
    let row = accounts::NewAccount {
        email: &new.email,
        name: &new.name,
        role: new.role,
        confirmed: new.confirmed,
    };
    let id = accounts::insert(c, &row, now)?.ok_or(ChangeError::AddressTaken)?;
    let account = accounts::find(c, id)?.ok_or(ChangeError::NoSuchAccount)?;
    actor.note(c, kind, &account, new.role.into_str(), now)?;
    Ok(account.into())
}

/// Makes a change and returns the account as it was before. The account's owner is told of a new role and of a move back
/// by mail (SECURITY rule 42).
pub fn change(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: AccountId,
    change: Change,
    now: Timestamp,
) -> ChangeResult<Account> {
    let account = accounts::find(c, id)?.ok_or(ChangeError::NoSuchAccount)?;
    if is_in_force(change, &account) {
        return Err(ChangeError::NoChange.into());
    }
    let may_remove_admin = matches!(
        change,
        Change::Suspend | Change::SetRole(_) | Change::Delete
    );
    if may_remove_admin && is_last_admin(c, &account)? {
        return Err(ChangeError::LastAdmin.into());
    }
    let (kind, detail) = match change {
        Change::Confirm => (ActivityKind::AccountConfirmed, ""),
        Change::Suspend => (ActivityKind::AccountSuspended, ""),
        Change::Restore => (ActivityKind::AccountRestored, ""),
        Change::SetRole(role) => (ActivityKind::RoleChanged, role.into_str()),
        Change::MoveBack => (ActivityKind::MovedBack, ""),
        Change::Delete => (ActivityKind::AccountDeleted, ""),
    };
    // Before the deletion, so that the entry refers to the account while it exists.
    actor.note(c, kind, &account, detail, now)?;
    write(c, &account, change, now)?;
    Ok(account.into())
}

fn is_in_force(change: Change, account: &AccountRow) -> bool {
    match change {
        // A confirmation also makes an account that a rule has admitted an invited one.
        Change::Confirm => {
            account.confirmed_at.is_some() && account.admitted_by == AdmittedBy::Invitation
        }
        Change::Suspend => account.suspended_at.is_some(),
        Change::Restore => account.suspended_at.is_none(),
        Change::SetRole(role) => account.role == role,
        Change::MoveBack => account.moved_at.is_none(),
        Change::Delete => false,
    }
}

fn write(
    c: &mut SqliteConnection,
    account: &AccountRow,
    change: Change,
    now: Timestamp,
) -> QueryResult<()> {
    let id = account.id;
    match change {
        Change::Confirm => accounts::set_confirmed(c, id, now),
        Change::Suspend => {
            accounts::set_suspended(c, id, Some(now))?;
            sessions::delete_of_account(c, id, None)?;
            known_browsers::delete_of_account(c, id, None)?;
            delete_waiting(c, account)
        }
        Change::Restore => accounts::set_suspended(c, id, None),
        Change::SetRole(role) => {
            accounts::set_role(c, id, role)?;
            account_notices::add(c, id, AccountNotice::of_role(role), now)
        }
        Change::MoveBack => {
            accounts::unset_moved(c, id)?;
            identities::unlink(c, id)?;
            sessions::delete_with_provider(c, id)?;
            account_notices::add(c, id, AccountNotice::MovedBack, now)
        }
        Change::Delete => {
            accounts::delete(c, id)?;
            delete_waiting(c, account)
        }
    }
}

/// Deletes mail that waits, and an operator code that was not used.
fn delete_waiting(c: &mut SqliteConnection, account: &AccountRow) -> QueryResult<()> {
    account_notices::delete_of_account(c, account.id)?;
    outgoing_mails::delete_to(c, &account.email)?;
    operator_codes::delete(c, &account.email)
}

/// Whether no other admin could sign in without this account.
pub(super) fn is_last_admin(c: &mut SqliteConnection, account: &AccountRow) -> QueryResult<bool> {
    let is_admin = account.role == Role::Admin && account.may_sign_in();
    Ok(is_admin && accounts::admins_beside(c, account.id)? == 0)
}
