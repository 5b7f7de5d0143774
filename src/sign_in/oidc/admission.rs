//! Decides whether a provider's user may sign in (SECURITY rule 18). An identity is provider and
//! subject, never the address alone.

use crate::config::AdmissionRules;
use crate::db::accounts::{self, AccountRow};
use crate::db::{QueryResult, SqliteConnection, account_notices, identities};
use crate::domain::{AccountNotice, AdmittedBy, Email, Role, Timestamp};
use crate::sign_in::provider::{Identity, ReportedUser};

/// Why a user whom the provider has authenticated may not sign in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// There is no account for the address, and no rule admits it.
    NoAccount,
    /// The provider has not verified the address, so it identifies no account.
    AddressNotVerified,
    /// An admin has to confirm the account first.
    NotConfirmed,
    /// An admin suspended the account.
    Suspended,
    /// The address's account is linked to another user of the provider.
    LinkedToAnother,
    /// The organization or domain that admitted the account no longer does.
    NoLongerAdmitted,
}

impl NotAdmitted {
    /// The reason as the activity log shows it.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoAccount => "no account has this address",
            Self::AddressNotVerified => "the address is not verified at WorkOS",
            Self::NotConfirmed => "the account is not confirmed",
            Self::Suspended => "the account is suspended",
            Self::LinkedToAnother => "the account belongs to another WorkOS user",
            Self::NoLongerAdmitted => {
                "the organization or domain that admitted the account no longer does"
            }
        }
    }
}

/// A user who may sign in.
pub(super) struct Admitted {
    pub(super) account: AccountRow,
    /// Whether this sign-in linked the account to the provider.
    pub(super) is_new_link: bool,
}

/// The account of a user, before it is decided whether it may sign in.
struct Candidate {
    account: AccountRow,
    is_linked: bool,
}

/// Finds, links or creates the account, and marks it as moved to WorkOS. The owner of the account is told of the link by
/// mail (SECURITY rule 42). An impersonation only finds the account (SECURITY rule 34). Runs inside the sign-in's
/// transaction. The refusal is a value because the caller commits a record of it.
pub(super) fn admit(
    c: &mut SqliteConnection,
    rules: &AdmissionRules,
    provider: &str,
    identity: &Identity,
    now: Timestamp,
) -> QueryResult<Result<Admitted, NotAdmitted>> {
    let Candidate { account, is_linked } = match find_or_create(c, rules, provider, identity, now)?
    {
        Ok(candidate) => candidate,
        Err(refused) => return Ok(Err(refused)),
    };
    if account.suspended_at.is_some() {
        return Ok(Err(NotAdmitted::Suspended));
    }
    if account.confirmed_at.is_none() {
        return Ok(Err(NotAdmitted::NotConfirmed));
    }
    let is_impersonated = identity.impersonator.is_some();
    if depends_on_rule(&account) {
        let rule = rule_for(rules, identity);
        if !is_impersonated {
            note_rule(c, &account, rule, now)?;
        }
        if rule.is_none() {
            return Ok(Err(NotAdmitted::NoLongerAdmitted));
        }
    }
    let is_new_link = !is_linked && !is_impersonated;
    if is_new_link {
        identities::link(c, account.id, provider, &identity.subject, now)?;
        account_notices::add(c, account.id, AccountNotice::LinkedToWorkOs, now)?;
    }
    if !is_impersonated {
        accounts::note_provider_sign_in(c, account.id, identity.name.as_str(), now)?;
    }
    Ok(Ok(Admitted {
        account,
        is_new_link,
    }))
}

fn find_or_create(
    c: &mut SqliteConnection,
    rules: &AdmissionRules,
    provider: &str,
    identity: &Identity,
    now: Timestamp,
) -> QueryResult<Result<Candidate, NotAdmitted>> {
    if let Some(account) = identities::find_account(c, provider, &identity.subject)? {
        let is_linked = true;
        return Ok(Ok(Candidate { account, is_linked }));
    }
    let Some(email) = identity.email.as_ref().filter(|_| identity.email_verified) else {
        return Ok(Err(NotAdmitted::AddressNotVerified));
    };
    let account = match accounts::find_by_email(c, email)? {
        Some(account) if identities::is_linked(c, account.id, provider)? => {
            return Ok(Err(NotAdmitted::LinkedToAnother));
        }
        Some(account) => account,
        None => match rule_for(rules, identity) {
            Some(rule) if identity.impersonator.is_none() => {
                accounts::add(c, email, "", Role::Member, now)?;
                let Some(account) = accounts::find_by_email(c, email)? else {
                    return Ok(Err(NotAdmitted::NoAccount));
                };
                accounts::set_admitted_by(c, account.id, rule)?;
                account
            }
            _ => return Ok(Err(NotAdmitted::NoAccount)),
        },
    };
    let is_linked = false;
    Ok(Ok(Candidate { account, is_linked }))
}

/// The rule that admits a user without an invitation. It is asked at every sign-in (SECURITY rule 39).
fn rule_for(rules: &AdmissionRules, identity: &Identity) -> Option<AdmittedBy> {
    if is_member(rules, identity.organization.as_deref()) {
        return Some(AdmittedBy::Organization);
    }
    let email = identity
        .email
        .as_ref()
        .filter(|_| identity.email_verified)?;
    is_of_domain(rules, email).then_some(AdmittedBy::Domain)
}

/// Keeps which rule admits the account, or that none does any more: email codes ask for it later.
fn note_rule(
    c: &mut SqliteConnection,
    account: &AccountRow,
    rule: Option<AdmittedBy>,
    now: Timestamp,
) -> QueryResult<()> {
    match rule {
        Some(rule) if account.left_at.is_some() || account.admitted_by != rule => {
            accounts::set_admitted_by(c, account.id, rule)?;
            accounts::set_left(c, account.id, None)
        }
        None => accounts::set_left(c, account.id, Some(now)),
        Some(_) => Ok(()),
    }
}

/// Whether no rule admits the account any more, as far as that is known without the provider (SECURITY rule 39).
pub fn has_left(rules: &AdmissionRules, account: &AccountRow) -> bool {
    let is_rule_gone = match account.admitted_by.known() {
        Some(AdmittedBy::Invitation) => return false,
        Some(AdmittedBy::Organization) => rules.organization.is_none(),
        Some(AdmittedBy::Domain) => !is_of_domain(rules, &account.email),
        None => false,
    };
    is_rule_gone || account.left_at.is_some()
}

/// Whether the account may sign in only while a rule admits it.
pub(super) fn depends_on_rule(account: &AccountRow) -> bool {
    account.admitted_by != AdmittedBy::Invitation
}

/// Whether the answer to a refresh shows that no rule admits the user any more (SECURITY rule 39). What the answer does
/// not say is no refusal (SECURITY rule 21).
pub(super) fn is_no_longer_admitted(rules: &AdmissionRules, user: &ReportedUser) -> bool {
    let is_no_member = match &user.organization {
        Some(organization) => !is_member(rules, organization.as_deref()),
        None => rules.organization.is_none(),
    };
    let is_of_no_domain = rules.email_domains.is_empty()
        || user.email_verified == Some(false)
        || user
            .email
            .as_ref()
            .is_some_and(|email| !is_of_domain(rules, email));
    is_no_member && is_of_no_domain
}

fn is_member(rules: &AdmissionRules, organization: Option<&str>) -> bool {
    rules.organization.is_some() && rules.organization.as_deref() == organization
}

fn is_of_domain(rules: &AdmissionRules, email: &Email) -> bool {
    let folded = email.folded();
    let domain = folded.rsplit('@').next().unwrap_or_default();
    rules.email_domains.iter().any(|allowed| allowed == domain)
}
