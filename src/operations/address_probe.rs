//! Whether a console answers at an address, as somebody would find it who opens it there.

use openidconnect::ClientSecret;
use openidconnect::http::Request;

use crate::sign_in::provider::http::Http;
use crate::sign_in::provider::{ProviderError, Timeouts};

/// What was found at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A console.
    AppState,
    /// Something else, in words.
    SomethingElse(String),
    /// No answer, and why.
    Nobody(String),
}

/// Asks `/healthz` of an origin, with TLS by the system's certificates.
pub async fn look(origin: &str) -> Found {
    let http = Http::new(Timeouts::default(), ClientSecret::new(String::new()));
    let Ok(request) = Request::get(format!("{origin}/healthz")).body(Vec::new()) else {
        return Found::Nobody("it is not an address".to_owned());
    };
    match http.exchange(request).await {
        Ok(answer) if answer.status().is_success() && answer.body() == b"alive" => Found::AppState,
        Ok(answer) => Found::SomethingElse(format!("HTTP status {}", answer.status())),
        Err(ProviderError::Unreachable { reason, .. }) => Found::Nobody(reason),
        Err(e) => Found::SomethingElse(e.to_string()),
    }
}
