//! Checks for an operator: whether the provider is reachable, and accepts our credentials and our
//! callback URL.

use openidconnect::core::CoreJsonWebKey;
use openidconnect::http::Request;
use openidconnect::http::header::{DATE, LOCATION};
use openidconnect::{HttpRequest, HttpResponse, JsonWebKeySet};
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use super::error::{ErrorBody, ProviderError, Redaction, shorten};
use super::http::Http;
use crate::domain::Timestamp;

/// The state of an authorization request that no browser follows.
pub(super) const DIAGNOSIS_STATE: &str = "vestibule-doctor";

#[derive(Debug)]
pub struct Diagnosis {
    /// Succeeds with any response. The time is from its header `Date`.
    pub reached: Result<Option<Timestamp>, ProviderError>,
    /// The number of signing keys. With discovery, this also checks metadata and issuer.
    pub keys: Result<usize, ProviderError>,
    /// Whether the provider accepts our API key or client secret.
    pub credentials: Result<(), ProviderError>,
    /// Whether the provider accepts our callback URL.
    pub callback: Result<(), ProviderError>,
}

/// Why the provider does not accept our callback URL.
#[derive(Debug, PartialEq, Eq, Error)]
enum CallbackRejected {
    #[error("a redirect without a target")]
    NoTarget,
    #[error("a page about a wrong redirect URI")]
    Page,
    /// The reason in the provider's words.
    #[error("{0}")]
    Message(String),
}

/// Returns the provider's time from any response.
pub(super) async fn check_reachable(
    http: &Http,
    url: &str,
) -> Result<Option<Timestamp>, ProviderError> {
    let response = http.exchange(get(url)?).await?;
    let date = response.headers().get(DATE);
    Ok(date
        .and_then(|date| OffsetDateTime::parse(date.to_str().ok()?, &Rfc2822).ok())
        .map(|date| Timestamp(date.unix_timestamp() * 1_000)))
}

/// Fails without keys, because then no token can be verified.
pub(super) fn count_keys(jwks: &JsonWebKeySet<CoreJsonWebKey>) -> Result<usize, ProviderError> {
    match jwks.keys().len() {
        0 => Err(ProviderError::untrusted("its key set is empty")),
        count => Ok(count),
    }
}

/// Sends the authorization request that a browser would send, and does not follow the redirect.
pub(super) async fn check_callback(
    http: &Http,
    authorization_url: &str,
) -> Result<(), ProviderError> {
    let response = http.exchange(get(authorization_url)?).await?;
    callback_accepted(&response, authorization_url).map_err(|rejected| ProviderError::Refused {
        code: format!("http_{}", response.status().as_u16()),
        description: shorten(&rejected.to_string()),
    })
}

fn get(url: &str) -> Result<HttpRequest, ProviderError> {
    Request::get(url)
        .body(Vec::new())
        .map_err(ProviderError::untrusted)
}

/// The callback is registered if the provider redirects to its sign-in page or to the callback. A
/// rejection is a 4xx, a page about the redirect URI, or, at `WorkOS`, a redirect to
/// `error.workos.com`.
fn callback_accepted(
    response: &HttpResponse,
    authorization_url: &str,
) -> Result<(), CallbackRejected> {
    let status = response.status();
    if status.is_redirection() {
        let authorization_url = Url::parse(authorization_url).ok();
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let target = authorization_url.as_ref().zip(location);
        let target = target.and_then(|(base, location)| base.join(location).ok());
        let callback = authorization_url.as_ref().and_then(redirect_uri);
        return match target {
            None => Err(CallbackRejected::NoTarget),
            // An error that the provider sends to our callback is not about the callback.
            Some(target) if callback.is_some_and(|it| target.as_str().starts_with(&it)) => Ok(()),
            Some(target) => error_in(&target).map_or(Ok(()), |e| Err(CallbackRejected::Message(e))),
        };
    }
    let page = String::from_utf8_lossy(response.body()).to_lowercase();
    if status.is_success() {
        let names_it = page.contains("redirect_uri") || page.contains("redirect uri");
        let refuses = ["invalid", "mismatch", "not registered", "not allowed"];
        return if names_it && refuses.iter().any(|word| page.contains(word)) {
            Err(CallbackRejected::Page)
        } else {
            Ok(())
        };
    }
    let error = ErrorBody::parse(response.body()).into_error(status, &Redaction::default());
    Err(CallbackRejected::Message(match error {
        ProviderError::Refused { description, .. }
        | ProviderError::CredentialsRejected(description)
        | ProviderError::Forbidden(description)
        | ProviderError::GrantRefused(description) => description,
        other => other.to_string(),
    }))
}

fn redirect_uri(authorization_url: &Url) -> Option<String> {
    let found = authorization_url
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri");
    found.map(|(_, value)| value.into_owned())
}

/// The error that the URL of an error page names; `None` for any other URL.
fn error_in(target: &Url) -> Option<String> {
    let is_error_page = target
        .host_str()
        .is_some_and(|host| host.starts_with("error."))
        || target
            .path_segments()
            .is_some_and(|mut segments| segments.any(|segment| segment == "error"));
    let error = target.query_pairs().find(|(name, _)| name == "error");
    match error {
        Some((_, error)) => Some(error.into_owned()),
        None if is_error_page => {
            let last = target
                .path_segments()
                .and_then(|mut segments| segments.next_back());
            Some(last.unwrap_or_default().replace('-', " "))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use openidconnect::http::StatusCode;

    use super::*;

    const AUTHORIZE: &str = "https://id.test/authorize?redirect_uri=https%3A%2F%2Fc.test%2Fback";

    fn check(status: u16, location: &str, body: &str) -> Result<(), String> {
        let mut response = HttpResponse::new(body.as_bytes().to_vec());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if !location.is_empty() {
            let location = location.parse().unwrap();
            response.headers_mut().insert(LOCATION, location);
        }
        callback_accepted(&response, AUTHORIZE).map_err(|e| e.to_string())
    }

    #[test]
    fn a_redirect_to_the_sign_in_accepts_the_callback() {
        for location in [
            "https://acme.authkit.test/?authorization_session_id=1",
            "/login?redirect_uri=https%3A%2F%2Fc.test%2Fback",
            "https://c.test/back?code=1&state=2",
            "https://c.test/back?error=login_required",
        ] {
            assert_eq!(check(302, location, ""), Ok(()), "{location}");
        }
        assert_eq!(check(200, "", "<h1>Sign in</h1>"), Ok(()));
        let form = r#"<p>Invalid password.</p><input name="next">"#;
        assert_eq!(check(200, "", form), Ok(()));
        let hidden = r#"<input name="redirect_uri" value="https://c.test/back">"#;
        assert_eq!(check(200, "", hidden), Ok(()));
    }

    #[test]
    fn a_refused_callback_is_recognized_in_every_form() {
        let refused = |said: &str| Err(said.to_owned());
        let error_page = "https://error.workos.com/redirect-uri-invalid";
        assert_eq!(check(302, error_page, ""), refused("redirect uri invalid"));
        let elsewhere = "https://id.test/oops?error=redirect_uri_mismatch";
        assert_eq!(check(303, elsewhere, ""), refused("redirect_uri_mismatch"));
        assert_eq!(check(302, "", ""), refused("a redirect without a target"));
        let json =
            r#"{"error":"invalid_request","error_description":"redirect_uri did not match"}"#;
        assert_eq!(check(400, "", json), refused("redirect_uri did not match"));
        assert_eq!(
            check(400, "", "<html>"),
            refused("HTTP status 400 Bad Request")
        );
        assert_eq!(
            check(200, "", "<p>Invalid redirect URI"),
            refused("a page about a wrong redirect URI")
        );
    }
}
