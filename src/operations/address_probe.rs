//! Whether the console answers at an address, as a browser would reach it.

use openidconnect::ClientSecret;
use openidconnect::http::Request;

use crate::sign_in::provider::http::Http;
use crate::sign_in::provider::{ProviderError, Timeouts};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Console,
    /// Another server, with a description of its answer.
    SomethingElse(String),
    /// No answer, and the reason.
    Nothing(String),
}

/// Requests `/healthz` of an origin. TLS is checked with the system's certificates.
pub async fn probe(origin: &str) -> Found {
    let http = Http::new(Timeouts::default(), ClientSecret::new(String::new()));
    let Ok(request) = Request::get(format!("{origin}/healthz")).body(Vec::new()) else {
        return Found::Nothing("the address is not valid".to_owned());
    };
    match http.exchange(request).await {
        Ok(answer) if answer.status().is_success() && answer.body() == b"alive" => Found::Console,
        Ok(answer) => Found::SomethingElse(format!("HTTP status {}", answer.status())),
        Err(ProviderError::Unreachable { reason, .. }) => Found::Nothing(reason),
        Err(e) => Found::SomethingElse(e.to_string()),
    }
}
