//! Signing in with a six-digit code from a mail: issue a challenge, verify the code, consume it.
//!
//! Every address gets the same answer after the same work, whether or not it has an account (SECURITY rule 5). Only the
//! mail differs, and mail leaves from a queue on its own thread.

pub mod code_hasher;
mod consume;
mod count;
mod disown;
mod hash_pool;
mod issue;
pub mod operator_code;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::known_browsers::KnownBrowsers;
use super::limits::{Limit, Limited, Limits};
use super::oidc::{Reachability, has_left};
use crate::clock::Clock;
use crate::config::AdmissionRules;
use crate::db::accounts::AccountRow;
use crate::db::challenges::{self, ChallengeRow};
use crate::db::{Database, DatabaseError};
use crate::domain::{BaseUrl, CodeOutcome, Email, ReturnTo, Role, Timestamp, TokenHash};
use crate::keys::Keys;
use crate::mail::MailQueue;
use crate::metrics::Metrics;
use code_hasher::{CodeHasher, HashError};

pub use disown::{ChallengeStatus, Request};

/// The verbs of signing in by email code: issue, reissue, verify, disown.
pub struct EmailCode {
    pub database: Database,
    pub clock: Clock,
    pub keys: Keys,
    pub limits: Limits,
    pub hasher: CodeHasher,
    pub mail: Arc<MailQueue>,
    /// How long a code works.
    pub lifetime: Duration,
    pub for_moved: ForMoved,
    /// Whether admins get codes.
    pub for_admins: bool,
    /// An account that a rule admitted gets codes only while the rule may still admit it.
    pub admission: Arc<AdmissionRules>,
    /// For the links in mails.
    pub base_url: BaseUrl,
    pub browsers: Arc<KnownBrowsers>,
    pub metrics: Metrics,
}

/// Whether an account that has moved to the provider gets a code.
#[derive(Debug, Clone)]
pub enum ForMoved {
    Always,
    /// Only while the provider is unreachable.
    InAnOutage(Arc<Reachability>),
}

impl ForMoved {
    fn is_a_code_due(&self) -> bool {
        match self {
            Self::Always => true,
            Self::InAnOutage(provider) => !provider.is_reachable(),
        }
    }
}

/// The accounts that get codes at one moment.
#[derive(Debug, Clone)]
struct CodePolicy {
    for_moved: bool,
    for_admins: bool,
    admission: Arc<AdmissionRules>,
}

impl CodePolicy {
    /// Why an account that may sign in gets no code. A role that a newer version wrote counts as an admin's.
    fn refusal(&self, account: &AccountRow) -> Option<CodeOutcome> {
        if has_left(&self.admission, account) {
            Some(CodeOutcome::NoLongerAdmitted)
        } else if !self.for_admins && account.role != Role::Member {
            Some(CodeOutcome::AdminsUseWorkOs)
        } else if !self.for_moved && account.moved_at.is_some() {
            Some(CodeOutcome::Moved)
        } else {
            None
        }
    }

    /// Whether a right code still signs the account in: the account may have changed since the code was made. A code that
    /// was made for a moved account in an outage still works after it.
    fn lets_in(&self, account: &AccountRow) -> bool {
        !matches!(
            self.refusal(account),
            Some(CodeOutcome::NoLongerAdmitted | CodeOutcome::AdminsUseWorkOs)
        )
    }
}

/// Why a code was not issued or not accepted.
#[derive(Debug, Error)]
pub enum Refusal {
    #[error("{:?} is used up", .0.limit)]
    Limited(Limited),
    /// The code is wrong, expired or consumed, or this browser has no challenge.
    #[error("the code is wrong or has expired")]
    Wrong,
    /// A new code was asked for without a challenge.
    #[error("no challenge in this browser")]
    NoChallenge,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Refusal {
    /// The label of a metric.
    const fn label(&self) -> &'static str {
        match self {
            Self::Limited(limited) => match limited.limit {
                Limit::WrongCodesPerCode => "code_spent",
                Limit::WrongCodesPerAddress
                | Limit::WrongCodesFromKnownBrowsers
                | Limit::WrongCodesOverall => "budget_spent",
                _ => "limited",
            },
            Self::Wrong | Self::NoChallenge => "wrong",
            Self::Hash(HashError::Busy) => "busy",
            Self::Hash(HashError::Failed(_)) | Self::Database(_) => "failed",
        }
    }
}

/// A challenge that has not been consumed, as its browser sees it.
#[derive(Debug, Clone)]
pub struct OpenChallenge {
    /// The address as it was typed.
    pub email: Email,
    /// Where to go after the sign-in.
    pub return_to: ReturnTo,
    /// When the newest code was issued.
    pub issued_at: Timestamp,
}

impl EmailCode {
    fn policy(&self) -> CodePolicy {
        CodePolicy {
            for_moved: self.for_moved.is_a_code_due(),
            for_admins: self.for_admins,
            admission: Arc::clone(&self.admission),
        }
    }

    /// The challenge of this browser, unless it was consumed or disowned.
    pub fn open_challenge(
        &self,
        token_hash: TokenHash,
    ) -> Result<Option<OpenChallenge>, DatabaseError> {
        let found = self
            .database
            .read_in_place(|c| challenges::find(c, token_hash))?;
        Ok(found
            .filter(ChallengeRow::is_open)
            .map(|row| OpenChallenge {
                email: row.email,
                return_to: row.return_to,
                issued_at: row.issued_at,
            }))
    }
}
