use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use openidconnect::ErrorResponse;
use openidconnect::http::StatusCode;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::printable_up_to;

/// The longest text from a provider that is kept, in characters.
pub(super) const MAX_TEXT_CHARS: usize = 300;
/// Removing a shorter secret from a text, in bytes, could reveal it by the gaps.
const MIN_REDACTED_BYTES: usize = 8;

/// Why a request to the provider failed. No text contains a secret (SECURITY rules 4, 38).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// No connection, a timeout, or HTTP status 408, 429 or 5xx. A retry may work.
    #[error("the provider can't be reached: {reason}")]
    Unreachable {
        reason: String,
        /// From the header `Retry-After`.
        retry_after: Option<Duration>,
        /// The provider answered 429, which a visitor can cause.
        rate_limited: bool,
    },
    /// The provider does not accept the client ID, the client secret or the API key.
    #[error("the provider rejected our credentials: {0}")]
    CredentialsRejected(String),
    /// HTTP status 403 without a reason. The credentials, or the user, may not do this.
    #[error("the provider forbids it: {0}")]
    Forbidden(String),
    /// The code or the refresh token was used before, or has expired, or was revoked.
    #[error("the provider refused the grant: {0}")]
    GrantRefused(String),
    /// The response failed a check. Nothing in it was used.
    #[error("the provider's answer can't be trusted: {0}")]
    Untrusted(String),
    /// Any other refusal.
    #[error("the provider refused ({code}): {description}")]
    Refused {
        /// Such as `mfa_enrollment` or `sso_required`; `http_` and the status if there is no code.
        code: String,
        description: String,
    },
}

impl ProviderError {
    /// Whether this answer to a refresh must end the session (SECURITY rule 21).
    pub fn ends_session(&self) -> bool {
        match self {
            Self::GrantRefused(_) => true,
            Self::Refused { code, .. } => code == "mfa_enrollment" || code == "sso_required",
            Self::Unreachable { .. }
            | Self::CredentialsRejected(_)
            | Self::Forbidden(_)
            | Self::Untrusted(_) => false,
        }
    }

    /// Whether this answer to a refresh ends the session if the provider repeats it a minute later
    /// (SECURITY rule 39): HTTP status 4xx, but not 408 or 429, and no fault of our credentials.
    pub fn ends_session_if_repeated(&self) -> bool {
        match self {
            // Without a reason the code is the status.
            Self::Refused { code, .. } => !code.starts_with("http_") || code.starts_with("http_4"),
            Self::Forbidden(_) => true,
            _ => false,
        }
    }

    /// The error of a request that a refresh needs besides its own, such as the one for the keys. A
    /// refusal of that request is no refusal of the refresh.
    pub(super) fn beside_refresh(self) -> Self {
        match self {
            Self::Unreachable { .. } | Self::Untrusted(_) => self,
            refusal => Self::untrusted(refusal),
        }
    }

    /// The provider did not answer a probe.
    pub(in crate::sign_in) fn no_answer() -> Self {
        Self::unreachable("no answer to a probe")
    }

    /// The value of the metric's label `outcome`.
    pub(super) const fn metric_label(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::CredentialsRejected(_) | Self::Forbidden(_) => "credentials_rejected",
            Self::GrantRefused(_) => "grant_refused",
            Self::Untrusted(_) => "untrusted",
            Self::Refused { .. } => "refused",
        }
    }

    pub(super) fn unreachable(reason: impl fmt::Display) -> Self {
        Self::Unreachable {
            reason: shorten(&reason.to_string()),
            retry_after: None,
            rate_limited: false,
        }
    }

    pub(super) fn untrusted(reason: impl fmt::Display) -> Self {
        Self::Untrusted(shorten(&reason.to_string()))
    }
}

/// Secrets to remove from the provider's error messages.
#[derive(Debug, Default)]
pub(super) struct Redaction {
    /// Our credentials and the provider's tokens.
    pub(super) secrets: Vec<String>,
    /// Values that a visitor can choose.
    pub(super) visitor_values: Vec<String>,
}

impl Redaction {
    /// Replaces each secret by “…”. Returns `None` if a visitor's value is so short that the gaps
    /// would reveal what it matched.
    ///
    /// Secrets go before visitors' values, and longer ones before shorter ones. Otherwise a visitor
    /// who guesses a part of a secret could keep the rest of it from being found.
    fn apply(&self, text: &str) -> Option<String> {
        let mut text = text.to_owned();
        for values in [&self.secrets, &self.visitor_values] {
            let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
            values.retain(|value| !value.is_empty());
            values.sort_unstable_by_key(|value| Reverse(value.len()));
            for value in values {
                text = text.replace(value, "…");
            }
        }
        let is_safe = |value: &String| value.is_empty() || value.len() >= MIN_REDACTED_BYTES;
        self.visitor_values.iter().all(is_safe).then_some(text)
    }
}

/// The body of an error response: `{error, error_description}` (RFC 6749, 5.2), or `WorkOS`'s
/// `{code, message}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct ErrorBody {
    error: Option<String>,
    error_description: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

impl ErrorBody {
    /// Returns an empty body if this is not JSON.
    pub(super) fn parse(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Classifies the error. The provider may repeat secrets, so `redaction` is applied to its texts.
    pub(super) fn into_error(self, status: StatusCode, redaction: &Redaction) -> ProviderError {
        let code = self.error.or(self.code);
        let description = self.error_description.or(self.message);
        let description = description.and_then(|text| redaction.apply(&text));
        let description = match description {
            Some(text) if !text.is_empty() => shorten(&text),
            _ => format!("HTTP status {status}"),
        };
        match (code.as_deref(), status) {
            (
                Some("invalid_grant" | "invalid_code" | "expired_code" | "invalid_code_verifier"),
                _,
            ) => ProviderError::GrantRefused(description),
            (Some("invalid_client" | "unauthorized_client"), _) | (_, StatusCode::UNAUTHORIZED) => {
                ProviderError::CredentialsRejected(description)
            }
            (None | Some("forbidden" | "unauthorized"), StatusCode::FORBIDDEN) => {
                ProviderError::Forbidden(description)
            }
            (code, status) => ProviderError::Refused {
                code: code.and_then(|code| redaction.apply(code)).map_or_else(
                    || format!("http_{}", status.as_u16()),
                    |code| shorten(&code),
                ),
                description,
            },
        }
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            self.error
                .as_deref()
                .or(self.code.as_deref())
                .unwrap_or("refused"),
        )
    }
}

impl ErrorResponse for ErrorBody {}

pub(super) fn shorten(text: &str) -> String {
    printable_up_to(MAX_TEXT_CHARS, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(status: u16, body: &str) -> ProviderError {
        let status = StatusCode::from_u16(status).unwrap();
        let redaction = Redaction {
            secrets: vec!["s3cret".to_owned()],
            visitor_values: Vec::new(),
        };
        ErrorBody::parse(body.as_bytes()).into_error(status, &redaction)
    }

    #[test]
    fn an_error_body_is_known_by_its_code() {
        for (body, code) in [
            (r#"{"error":"invalid_grant","code":"x"}"#, "invalid_grant"),
            (r#"{"code":"expired_code"}"#, "expired_code"),
            ("{}", "refused"),
        ] {
            assert_eq!(ErrorBody::parse(body.as_bytes()).to_string(), code);
        }
    }

    #[test]
    fn a_refusal_without_words_is_told_by_its_status() {
        for body in ["", "{}", r#"{"message":""}"#, "<h1>Bad gateway</h1>"] {
            match error_of(400, body) {
                ProviderError::Refused { code, description } => {
                    assert_eq!(code, "http_400", "{body}");
                    assert_eq!(description, "HTTP status 400 Bad Request", "{body}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    // SECURITY rules 4 and 38: a visitor chooses the code, and the provider repeats everything.
    #[test]
    fn no_code_of_a_visitor_reveals_our_secrets() {
        let secrets = ["sk_test_0123456789", "sk_test_0123456789_and_more"];
        for code in [
            "k",
            "sk_test",
            "sk_test_0",
            "0123456789",
            "a_code_of_theirs",
        ] {
            let redaction = Redaction {
                secrets: secrets.map(str::to_owned).to_vec(),
                visitor_values: vec![code.to_owned()],
            };
            let echo = format!("odd {} {} {code}", secrets[0], secrets[1]);
            for body in [
                format!(r#"{{"error":"{echo}","error_description":"{echo}"}}"#),
                format!(r#"{{"code":"{echo}","message":"{echo}"}}"#),
            ] {
                let error_body = ErrorBody::parse(body.as_bytes());
                let error = error_body.into_error(StatusCode::BAD_REQUEST, &redaction);
                let (kept, words) = match &error {
                    ProviderError::Refused { code, description } => (code, description),
                    other => panic!("{other:?}"),
                };
                if code.len() < MIN_REDACTED_BYTES {
                    assert_eq!(kept, "http_400", "{code}");
                    assert_eq!(words, "HTTP status 400 Bad Request", "{code}");
                } else {
                    assert_eq!([kept, words], ["odd … … …"; 2], "{code}");
                }
            }
        }
        // What it means is understood all the same.
        let redaction = Redaction {
            secrets: Vec::new(),
            visitor_values: vec!["k".to_owned()],
        };
        let spent = ErrorBody::parse(br#"{"error":"invalid_grant","error_description":"k"}"#);
        let error = spent.into_error(StatusCode::BAD_REQUEST, &redaction);
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
                ProviderError::Forbidden("HTTP status 403 Forbidden".to_owned()),
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
            assert_eq!(error_of(status, body), expected, "{body}");
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
            assert!(error_of(403, body).ends_session(), "{body}");
        }
        for error in [
            ProviderError::unreachable("timed out"),
            ProviderError::untrusted("garbage"),
            error_of(401, ""),
            error_of(404, ""),
        ] {
            assert!(!error.ends_session(), "{error}");
        }
    }

    // SECURITY rule 39: which refusals of a refresh are final once they are repeated.
    #[test]
    fn a_repeated_refusal_ends_a_session_unless_it_is_about_us() {
        for (status, body) in [
            (400, r#"{"error":"access_denied"}"#),
            (403, r#"{"code":"user_blocked"}"#),
            (403, ""),
            (404, "<html>"),
            (422, ""),
        ] {
            let error = error_of(status, body);
            assert!(error.ends_session_if_repeated(), "{status} {body}");
            assert!(!error.ends_session(), "{status} {body}");
        }
        for error in [
            ProviderError::unreachable("timed out"),
            ProviderError::untrusted("garbage"),
            error_of(307, ""),
            error_of(401, ""),
            error_of(400, r#"{"error":"invalid_client"}"#),
            error_of(400, r#"{"error":"unauthorized_client"}"#),
        ] {
            assert!(!error.ends_session_if_repeated(), "{error}");
        }
    }
}
