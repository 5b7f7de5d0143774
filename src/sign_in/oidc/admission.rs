//! Who gets in with a provider's word: identity is provider and subject, never the address alone.

use crate::db::accounts::{self, AccountRow};
use crate::db::identities;
use crate::db::{QueryResult, SqliteConnection};
use crate::domain::{Email, Role, Timestamp};
use crate::sign_in::provider::Identity;

/// Who is let in without an invitation.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// Members of this organization.
    pub organization: Option<String>,
    /// Verified addresses of these domains, in lower case.
    pub email_domains: Vec<String>,
}

/// Why somebody whom the provider knows is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// Nobody has made an account for them, and no rule lets them in.
    NoAccount,
    /// The provider has not verified the address, so it proves nothing.
    AddressNotVerified,
    /// The account waits for an admin to confirm it.
    NotConfirmed,
    /// An admin has shut the account.
    Suspended,
    /// The address's account belongs to somebody else at the provider.
    LinkedToAnother,
}

impl NotAdmitted {
    /// Why, for the activity.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoAccount => "no account has this address",
            Self::AddressNotVerified => "the address is not verified at WorkOS",
            Self::NotConfirmed => "the account is not confirmed",
            Self::Suspended => "the account is suspended",
            Self::LinkedToAnother => "the account belongs to another WorkOS user",
        }
    }
}

impl Admission {
    /// Finds, links or makes the account, and marks it as moved. Inside the transaction of the
    /// sign-in.
    ///
    /// # Errors
    /// When a query fails.
    pub fn admit(
        &self,
        c: &mut SqliteConnection,
        provider: &str,
        identity: &Identity,
        now: Timestamp,
    ) -> QueryResult<Result<AccountRow, NotAdmitted>> {
        let account = match self.find_or_make(c, provider, identity, now)? {
            Ok(account) => account,
            Err(refused) => return Ok(Err(refused)),
        };
        if account.suspended_at.is_some() {
            return Ok(Err(NotAdmitted::Suspended));
        }
        if account.confirmed_at.is_none() {
            return Ok(Err(NotAdmitted::NotConfirmed));
        }
        accounts::note_provider_sign_in(c, account.account_id(), &identity.name, now)?;
        Ok(Ok(account))
    }

    fn find_or_make(
        &self,
        c: &mut SqliteConnection,
        provider: &str,
        identity: &Identity,
        now: Timestamp,
    ) -> QueryResult<Result<AccountRow, NotAdmitted>> {
        if let Some(account) = identities::find_account(c, provider, &identity.subject)? {
            return Ok(Ok(account));
        }
        let Some(email) = identity.email.as_ref().filter(|_| identity.email_verified) else {
            return Ok(Err(NotAdmitted::AddressNotVerified));
        };
        let account = match accounts::find_by_email(c, email)? {
            Some(account) if identities::is_linked(c, account.account_id(), provider)? => {
                return Ok(Err(NotAdmitted::LinkedToAnother));
            }
            // Somebody who may not sign in is refused above, and is not linked either.
            Some(account) if !account.may_sign_in() => return Ok(Ok(account)),
            Some(account) => account,
            None if self.welcomes(identity, email) => {
                accounts::add(c, email, "", Role::Member, now)?;
                match accounts::find_by_email(c, email)? {
                    Some(account) => account,
                    None => return Ok(Err(NotAdmitted::NoAccount)),
                }
            }
            None => return Ok(Err(NotAdmitted::NoAccount)),
        };
        identities::link(c, account.account_id(), provider, &identity.subject, now)?;
        Ok(Ok(account))
    }

    fn welcomes(&self, identity: &Identity, email: &Email) -> bool {
        let member = self.organization.is_some() && self.organization == identity.organization;
        let folded = email.folded();
        let domain = folded.rsplit('@').next().unwrap_or_default();
        member || self.email_domains.iter().any(|welcome| welcome == domain)
    }
}
