//! Why a sign-in with the provider did not work.

use thiserror::Error;

use super::admission::NotAdmitted;
use crate::db::DatabaseError;
use crate::domain::Email;
use crate::sign_in::provider::ProviderError;

/// Each cause has words, a fix and a reference of its own on the sign-in page.
#[derive(Debug, Error)]
pub enum Failure {
    /// The provider does not answer.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// The provider does not take our client id and key.
    #[error("the provider rejected our credentials: {0}")]
    CredentialsRejected(String),
    /// The code was used already, or took too long.
    #[error("the provider did not take the code: {0}")]
    CodeRefused(String),
    /// What the provider sent cannot be trusted.
    #[error("the provider's answer cannot be trusted: {0}")]
    Untrusted(String),
    /// The provider says no, in its own words.
    #[error("the provider refused: {code}: {description}")]
    Refused {
        /// Its code.
        code: String,
        /// Its words.
        description: String,
    },
    /// The provider knows them, and we do not let them in.
    #[error("not admitted: {reason:?}")]
    NotAdmitted {
        /// Why.
        reason: NotAdmitted,
        /// Who it was.
        email: Option<Email>,
        /// Where the browser ends the provider's session, to come as somebody else.
        logout: Option<String>,
    },
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Failure {
    /// One word for it, for a metric.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::CredentialsRejected(_) => "credentials_rejected",
            Self::CodeRefused(_) => "code_refused",
            Self::Untrusted(_) => "untrusted",
            Self::Refused { .. } => "refused",
            Self::NotAdmitted { .. } => "not_admitted",
            Self::Database(_) => "failed",
        }
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Unreachable { reason, .. } => Self::Unreachable(reason),
            ProviderError::CredentialsRejected(cause) => Self::CredentialsRejected(cause),
            ProviderError::GrantRefused(cause) => Self::CodeRefused(cause),
            ProviderError::Untrusted(cause) => Self::Untrusted(cause),
            ProviderError::Refused { code, description } => Self::Refused { code, description },
        }
    }
}
