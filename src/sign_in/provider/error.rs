use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use openidconnect::ErrorResponse;
use openidconnect::http::StatusCode;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::printable_up_to;

/// The longest text of a provider's that is passed on, in characters.
const LONGEST: usize = 300;
/// A visitor's secret that is shorter, in bytes, could be anywhere in a text.
const SHORTEST: usize = 8;

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
        /// It is there, and was asked too often: a visitor can see to that.
        too_often: bool,
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
            too_often: false,
        }
    }

    pub(super) fn untrusted(what: impl fmt::Display) -> Self {
        Self::Untrusted(tidy(&what.to_string()))
    }
}

/// What is cut out of a provider's words.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// Ours and the provider's own.
    pub(super) ours: Vec<String>,
    /// What a visitor can make up.
    pub(super) visitors: Vec<String>,
}

impl Secrets {
    /// The words without them; `None` where a visitor's is so short that what is left could be told
    /// from what is missing. Ours go first and the longest before its own parts: a visitor who
    /// guesses a part of one must not keep the whole from being found.
    fn cut_out_of(&self, words: &str) -> Option<String> {
        let mut words = words.to_owned();
        for secrets in [&self.ours, &self.visitors] {
            let mut secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
            secrets.retain(|secret| !secret.is_empty());
            secrets.sort_unstable_by_key(|secret| Reverse(secret.len()));
            for secret in secrets {
                words = words.replace(secret, "…");
            }
        }
        let plain = |secret: &String| secret.is_empty() || secret.len() >= SHORTEST;
        self.visitors.iter().all(plain).then_some(words)
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
    pub(super) fn into_error(self, status: StatusCode, secrets: &Secrets) -> ProviderError {
        let code = self.error.or(self.code);
        let words = self.error_description.or(self.message);
        let words = words.and_then(|words| secrets.cut_out_of(&words));
        let words = match words {
            Some(words) if !words.is_empty() => tidy(&words),
            _ => format!("HTTP status {status}"),
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
                code: code
                    .and_then(|code| secrets.cut_out_of(code))
                    .map_or_else(|| format!("http_{}", status.as_u16()), |code| tidy(&code)),
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

/// A provider's text, fit for a log line and a page.
pub(super) fn tidy(text: &str) -> String {
    printable_up_to(LONGEST, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> ProviderError {
        let status = StatusCode::from_u16(status).unwrap();
        let secrets = Secrets {
            ours: vec!["s3cret".to_owned()],
            visitors: Vec::new(),
        };
        Complaint::read(body.as_bytes()).into_error(status, &secrets)
    }

    #[test]
    fn a_complaint_goes_by_its_code() {
        for (body, code) in [
            (r#"{"error":"invalid_grant","code":"x"}"#, "invalid_grant"),
            (r#"{"code":"expired_code"}"#, "expired_code"),
            ("{}", "refused"),
        ] {
            assert_eq!(Complaint::read(body.as_bytes()).to_string(), code);
        }
    }

    #[test]
    fn a_refusal_without_words_is_told_by_its_status() {
        for body in ["", "{}", r#"{"message":""}"#, "<h1>Bad gateway</h1>"] {
            match judged(400, body) {
                ProviderError::Refused { code, description } => {
                    assert_eq!(code, "http_400", "{body}");
                    assert_eq!(description, "HTTP status 400 Bad Request", "{body}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    // SECURITY rule 4: whatever a visitor has sent as a code, to a provider that repeats it all.
    #[test]
    fn no_code_of_a_visitors_brings_our_secrets_out() {
        let ours = ["sk_test_0123456789", "sk_test_0123456789_and_more"];
        for code in [
            "k",
            "sk_test",
            "sk_test_0",
            "0123456789",
            "a_code_of_theirs",
        ] {
            let secrets = Secrets {
                ours: ours.map(str::to_owned).to_vec(),
                visitors: vec![code.to_owned()],
            };
            let echo = format!("odd {} {} {code}", ours[0], ours[1]);
            for body in [
                format!(r#"{{"error":"{echo}","error_description":"{echo}"}}"#),
                format!(r#"{{"code":"{echo}","message":"{echo}"}}"#),
            ] {
                let complaint = Complaint::read(body.as_bytes());
                let error = complaint.into_error(StatusCode::BAD_REQUEST, &secrets);
                let (kept, words) = match &error {
                    ProviderError::Refused { code, description } => (code, description),
                    other => panic!("{other:?}"),
                };
                if code.len() < SHORTEST {
                    assert_eq!(kept, "http_400", "{code}");
                    assert_eq!(words, "HTTP status 400 Bad Request", "{code}");
                } else {
                    assert_eq!([kept, words], ["odd … … …"; 2], "{code}");
                }
            }
        }
        // What it means is understood all the same.
        let secrets = Secrets {
            ours: Vec::new(),
            visitors: vec!["k".to_owned()],
        };
        let spent = Complaint::read(br#"{"error":"invalid_grant","error_description":"k"}"#);
        let error = spent.into_error(StatusCode::BAD_REQUEST, &secrets);
        let words = "HTTP status 400 Bad Request".to_owned();
        assert_eq!(error, ProviderError::GrantRefused(words));
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
