use thiserror::Error;

use super::admission::NotAdmitted;
use crate::db::DatabaseError;
use crate::domain::Token;
use crate::sign_in::provider::ProviderError;

/// Why a sign-in with the provider failed.
#[derive(Debug, Error)]
pub enum SignInError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The provider authenticated the user, and this console does not admit them.
    #[error("not admitted: {}", reason.describe())]
    NotAdmitted {
        reason: NotAdmitted,
        /// Takes the URL of the provider's logout page, so that the browser can sign in as another user.
        logout: Option<Token>,
    },
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A constraint refused what the provider says of the user. The same would happen at the next
    /// sign-in.
    #[error("what the provider says cannot be stored: {0}")]
    NotStorable(#[source] DatabaseError),
    /// The task that exchanged the code ended without a result, which is a defect.
    #[error("the exchange with the provider was interrupted")]
    Interrupted,
}

impl SignInError {
    /// The value of the metric's label `outcome`.
    pub(super) const fn metric_label(&self) -> &'static str {
        match self {
            Self::Provider(error) => match error {
                ProviderError::Unreachable { .. } => "unreachable",
                ProviderError::CredentialsRejected(_) | ProviderError::Forbidden(_) => {
                    "credentials_rejected"
                }
                ProviderError::GrantRefused(_) => "code_refused",
                ProviderError::Untrusted(_) => "untrusted",
                ProviderError::Refused { .. } => "refused",
            },
            Self::NotAdmitted { .. } => "not_admitted",
            Self::Database(_) | Self::NotStorable(_) | Self::Interrupted => "failed",
        }
    }
}
