//! Authorization at the moment of a write (SECURITY rule 31): a request's body may arrive a minute after its head, and
//! the session may have ended meanwhile.

use thiserror::Error;

use super::LiveSession;
use crate::db::{DatabaseError, SqliteConnection, TransactionError, accounts, sessions};
use crate::domain::{AccountId, Role, SessionId};

/// The session that a write is made with. The write's transaction checks it.
#[derive(Debug, Clone, Copy)]
pub struct Authorization {
    session: SessionId,
    account: AccountId,
}

/// Why a write was refused that was allowed when its request began. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAuthorized {
    #[error("Your session has ended. Sign in again.")]
    SessionEnded,
    #[error("You are no longer an admin.")]
    NotAdmin,
}

/// Why a person's own account or sessions were not changed.
#[derive(Debug, Error)]
pub enum OwnChangeError {
    #[error(transparent)]
    NotAuthorized(#[from] NotAuthorized),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl LiveSession {
    pub fn authorization(&self) -> Authorization {
        Authorization {
            session: self.id,
            account: self.account_id,
        }
    }
}

impl Authorization {
    /// The session is alive, and its account may sign in.
    pub fn require<E: From<NotAuthorized>>(
        self,
        c: &mut SqliteConnection,
    ) -> Result<(), TransactionError<E>> {
        self.role(c).map(|_| ())
    }

    /// Like [`Authorization::require`], and the account is an admin's.
    pub fn require_admin<E: From<NotAuthorized>>(
        self,
        c: &mut SqliteConnection,
    ) -> Result<(), TransactionError<E>> {
        match self.role(c)? {
            Some(Role::Admin) => Ok(()),
            Some(Role::Member) | None => {
                Err(TransactionError::Refused(NotAuthorized::NotAdmin.into()))
            }
        }
    }

    /// `None` for a role that a newer version wrote.
    fn role<E: From<NotAuthorized>>(
        self,
        c: &mut SqliteConnection,
    ) -> Result<Option<Role>, TransactionError<E>> {
        let session = sessions::find_of_account(c, self.account, self.session)?;
        let account = accounts::find(c, self.account)?.filter(|account| account.may_sign_in());
        match (session, account) {
            (Some(_), Some(account)) => Ok(account.role.known()),
            _ => Err(TransactionError::Refused(
                NotAuthorized::SessionEnded.into(),
            )),
        }
    }
}
