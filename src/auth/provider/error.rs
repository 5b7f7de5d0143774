use std::fmt;
use std::time::Duration;

use openidconnect::ErrorResponse;
use openidconnect::http::StatusCode;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest text of a provider's that is passed on, in characters.
const LONGEST: usize = 300;

/// Why the provider did not do what it was asked for. No secret is in any of the texts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// No connection, no answer in time, too many requests, or a fault of its own: try later.
    #[error("the provider can't be reached: {reason}")]
    Unreachable {
        /// In words for the log.
        reason: String,
        /// How long it asks us to wait, if it says so.
        retry_after: Option<Duration>,
    },
    /// It does not know our client id, or the secret or API key is wrong.
    #[error("the provider rejected our credentials: {0}")]
    CredentialsRejected(String),
    /// The code or the refresh token is spent, expired or revoked.
    #[error("the provider refused the grant: {0}")]
    GrantRefused(String),
    /// Something in its answer is not as it must be; nothing of it was believed.
    #[error("the provider's answer can't be trusted: {0}")]
    Untrusted(String),
    /// Any other refusal, as it came.
    #[error("the provider refused ({code}): {description}")]
    Refused {
        /// As `mfa_enrollment` or `sso_required`; `http_` and the status where it names none.
        code: String,
        /// In its own words.
        description: String,
    },
}

impl ProviderError {
    /// Whether a session must not outlive this answer to a refresh (SECURITY rule 21).
    pub fn ends_the_session(&self) -> bool {
        match self {
            Self::GrantRefused(_) => true,
            Self::Refused { code, .. } => code == "mfa_enrollment" || code == "sso_required",
            Self::Unreachable { .. } | Self::CredentialsRejected(_) | Self::Untrusted(_) => false,
        }
    }

    /// One word for it, for a metric.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::CredentialsRejected(_) => "credentials_rejected",
            Self::GrantRefused(_) => "grant_refused",
            Self::Untrusted(_) => "untrusted",
            Self::Refused { .. } => "refused",
        }
    }

    pub(super) fn unreachable(reason: impl fmt::Display) -> Self {
        Self::Unreachable {
            reason: tidy(&reason.to_string()),
            retry_after: None,
        }
    }

    pub(super) fn untrusted(what: impl fmt::Display) -> Self {
        Self::Untrusted(tidy(&what.to_string()))
    }
}

/// A provider's refusal: `{error, error_description}` as in OAuth, or `WorkOS`'s `{code, message}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Complaint {
    error: Option<String>,
    error_description: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

impl Complaint {
    /// Reads a refusal's body; one that says nothing will do.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// What it means. `secrets` are cut out of the provider's words, in case it repeats them.
    pub(super) fn into_error(self, status: StatusCode, secrets: &[String]) -> ProviderError {
        let code = self.error.or(self.code).map(|code| tidy(&code));
        let mut words = self.error_description.or(self.message).unwrap_or_default();
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            words = words.replace(secret.as_str(), "…");
        }
        let words = if words.is_empty() {
            format!("HTTP status {status}")
        } else {
            tidy(&words)
        };
        match (code.as_deref(), status) {
            (
                Some("invalid_grant" | "invalid_code" | "expired_code" | "invalid_code_verifier"),
                _,
            ) => ProviderError::GrantRefused(words),
            (Some("invalid_client" | "unauthorized_client"), _)
            | (_, StatusCode::UNAUTHORIZED)
            | (None | Some("forbidden" | "unauthorized"), StatusCode::FORBIDDEN) => {
                ProviderError::CredentialsRejected(words)
            }
            (code, status) => ProviderError::Refused {
                code: code.map_or_else(|| format!("http_{}", status.as_u16()), str::to_owned),
                description: words,
            },
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            self.error
                .as_deref()
                .or(self.code.as_deref())
                .unwrap_or("refused"),
        )
    }
}

impl ErrorResponse for Complaint {}

/// A stranger's text, fit for a log line and a page.
pub(super) fn tidy(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> ProviderError {
        let status = StatusCode::from_u16(status).unwrap();
        Complaint::read(body.as_bytes()).into_error(status, &["s3cret".to_owned()])
    }

    #[test]
    fn both_forms_of_refusal_are_understood() {
        let refused = |code: &str, description: &str| ProviderError::Refused {
            code: code.to_owned(),
            description: description.to_owned(),
        };
        for (status, body, expected) in [
            (
                400,
                r#"{"error":"invalid_grant","error_description":"spent"}"#,
                ProviderError::GrantRefused("spent".to_owned()),
            ),
            (
                400,
                r#"{"code":"invalid_code","message":"no such code"}"#,
                ProviderError::GrantRefused("no such code".to_owned()),
            ),
            (
                400,
                r#"{"error":"invalid_client"}"#,
                ProviderError::CredentialsRejected("HTTP status 400 Bad Request".to_owned()),
            ),
            (
                401,
                r#"{"message":"Unauthorized"}"#,
                ProviderError::CredentialsRejected("Unauthorized".to_owned()),
            ),
            (
                403,
                "",
                ProviderError::CredentialsRejected("HTTP status 403 Forbidden".to_owned()),
            ),
            (
                403,
                r#"{"code":"mfa_enrollment","message":"enrol"}"#,
                refused("mfa_enrollment", "enrol"),
            ),
            (
                404,
                "<html>",
                refused("http_404", "HTTP status 404 Not Found"),
            ),
            (
                400,
                r#"{"code":"odd","message":"s3cret\r\nwas here"}"#,
                refused("odd", "…  was here"),
            ),
        ] {
            assert_eq!(judged(status, body), expected, "{body}");
        }
    }

    // SECURITY rule 21: which refusals of a refresh are final.
    #[test]
    fn only_a_refused_grant_or_a_demand_for_more_ends_a_session() {
        for body in [
            r#"{"error":"invalid_grant"}"#,
            r#"{"code":"mfa_enrollment"}"#,
            r#"{"error":"sso_required"}"#,
        ] {
            assert!(judged(403, body).ends_the_session(), "{body}");
        }
        for error in [
            ProviderError::unreachable("timed out"),
            ProviderError::untrusted("garbage"),
            judged(401, ""),
            judged(404, ""),
        ] {
            assert!(!error.ends_the_session(), "{error}");
        }
    }
}
