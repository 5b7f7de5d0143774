//! Signing in with six digits from a mail: a challenge is issued, perhaps re-issued, and solved.
//!
//! Whoever asks gets the same answer after the same work, whether or not the address has an
//! account. Only the mail differs, and mail leaves from a queue of its own.

pub mod code_hash;
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
use super::oidc::Reachability;
use crate::clock::Clock;
use crate::db::challenges::{self, ChallengeRow};
use crate::db::{Database, DatabaseError};
use crate::domain::{Device, Email, ReturnTo, Timestamp, Token, TokenHash};
use crate::keys::Keys;
use crate::mail::MailQueue;
use crate::metrics::Metrics;
use code_hash::{CodeHasher, HashError};

pub use disown::{ChallengeStatus, Request};

/// The email code's verbs, and what they need.
pub struct EmailCode {
    /// Where challenges are kept.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// The keys that name known browsers.
    pub keys: Keys,
    /// How often one may ask and try.
    pub limits: Limits,
    /// Hashes codes.
    pub hasher: CodeHasher,
    /// Sends codes.
    pub mail: Arc<MailQueue>,
    /// How long a code works.
    pub lifetime: Duration,
    /// Which accounts get a code.
    pub for_moved: ForMoved,
    /// The sign-in page, for mail.
    pub sign_in: String,
    /// The page “This wasn’t me”, for mail.
    pub not_me: String,
    /// Tells of sign-ins from browsers that are not known.
    pub browsers: Arc<KnownBrowsers>,
    /// Counts.
    pub metrics: Metrics,
}

/// Whether an account that has moved to WorkOS gets a code.
#[derive(Debug, Clone)]
pub enum ForMoved {
    /// As any other.
    Always,
    /// Only while WorkOS does not answer.
    InAnOutage(Arc<Reachability>),
}

impl ForMoved {
    fn is_a_code_due(&self) -> bool {
        match self {
            Self::Always => true,
            Self::InAnOutage(workos) => !workos.is_reachable(),
        }
    }
}

/// Why no code was sent, or none was taken.
#[derive(Debug, Error)]
pub enum Refusal {
    #[error("{:?} is used up", .0.limit)]
    Limited(Limited),
    /// The code is not right, is too old, was used, or was never asked for in this browser.
    #[error("the code is wrong or has expired")]
    Wrong,
    /// There is no challenge to send a new code for.
    #[error("no challenge in this browser")]
    NoChallenge,
    /// More is asked of the server than it can do.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Refusal {
    /// The label of a metric.
    const fn word(&self) -> &'static str {
        match self {
            Self::Limited(limited) => match limited.limit {
                Limit::WrongCodesPerCode => "code_spent",
                Limit::WrongCodesPerAddress | Limit::WrongCodesOverall => "budget_spent",
                _ => "limited",
            },
            Self::Wrong | Self::NoChallenge => "wrong",
            Self::Hash(HashError::Busy) => "busy",
            Self::Hash(HashError::Failed(_)) | Self::Database(_) => "failed",
        }
    }
}

/// A challenge as its browser may see it.
#[derive(Debug, Clone)]
pub struct OpenChallenge {
    /// The address, as it was typed.
    pub email: Email,
    /// Where to go after the sign-in.
    pub return_to: ReturnTo,
    /// When the newest code was made.
    pub issued_at: Timestamp,
}

/// Someone is in.
#[derive(Debug)]
pub struct SignedIn {
    /// The new session's token, for the browser.
    pub token: Token,
    /// Where to go.
    pub return_to: ReturnTo,
    /// The browser's memory, with this account in it.
    pub device: Device,
}

impl EmailCode {
    /// The challenge of this browser, unless it was used.
    ///
    /// # Errors
    /// When the database does not answer.
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
