//! What an operator wants to know of the provider: whether it is there, and takes our key and our
//! callback. Nobody signs in by it.

use openidconnect::core::CoreJsonWebKey;
use openidconnect::http::Request;
use openidconnect::http::header::{DATE, LOCATION};
use openidconnect::{HttpResponse, JsonWebKeySet};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use super::error::{Complaint, ProviderError, Secrets, tidy};
use super::http::Http;
use super::{Kind, Provider};
use crate::domain::Timestamp;

/// The state of an authorize request that nobody follows.
const NO_STATE: &str = "vestibule-doctor";

/// What the provider said.
#[derive(Debug)]
pub struct Examined {
    /// Any answer at all, and the time by its `Date` header.
    pub reached: Result<Option<Timestamp>, ProviderError>,
    /// How many signing keys it serves; with discovery, its metadata and its issuer were right too.
    pub keys: Result<usize, ProviderError>,
    /// Whether it takes our API key or client secret.
    pub credentials: Result<(), ProviderError>,
    /// Whether it takes our callback.
    pub callback: Result<(), ProviderError>,
}

impl Provider {
    /// Asks it everything. Each question waits as long as any other exchange does.
    pub async fn examine(&self) -> Examined {
        match &*self.kind {
            Kind::AuthKit(provider) => Examined {
                reached: provider.reached().await,
                keys: provider.served_keys().await,
                credentials: provider.takes_key().await,
                callback: callback(provider.http(), &provider.begin(NO_STATE.to_owned()).url).await,
            },
            Kind::Discovered(provider) => Examined {
                reached: provider.reached().await,
                keys: provider.served_keys().await,
                credentials: provider.takes_secret().await,
                callback: match provider.begin(NO_STATE.to_owned()).await {
                    Ok(begun) => callback(provider.http(), &begun.url).await,
                    Err(e) => Err(e),
                },
            },
        }
    }
}

/// Whether anything answers there, whatever it says.
pub(super) async fn reach(http: &Http, url: &str) -> Result<Option<Timestamp>, ProviderError> {
    let answer = http.exchange(get(url)?).await?;
    let date = answer.headers().get(DATE);
    Ok(date
        .and_then(|date| OffsetDateTime::parse(date.to_str().ok()?, &Rfc2822).ok())
        .map(|date| Timestamp(date.unix_timestamp() * 1_000)))
}

/// Some keys; a provider without any cannot vouch for anybody.
pub(super) fn count(keys: &JsonWebKeySet<CoreJsonWebKey>) -> Result<usize, ProviderError> {
    match keys.keys().len() {
        0 => Err(ProviderError::untrusted("its key set is empty")),
        count => Ok(count),
    }
}

/// An authorize request as a browser would send it, which is not followed.
async fn callback(http: &Http, authorize: &str) -> Result<(), ProviderError> {
    let answer = http.exchange(get(authorize)?).await?;
    judge(&answer, authorize).map_err(|description| ProviderError::Refused {
        code: format!("http_{}", answer.status().as_u16()),
        description: tidy(&description),
    })
}

pub(super) fn get(url: &str) -> Result<openidconnect::HttpRequest, ProviderError> {
    Request::get(url)
        .body(Vec::new())
        .map_err(ProviderError::untrusted)
}

/// A way on, to the provider's sign-in or to our callback, means that the callback is registered. A
/// refusal is a 4xx, a page that says so, or, with `WorkOS`, the way to `error.workos.com`.
fn judge(answer: &HttpResponse, authorize: &str) -> Result<(), String> {
    let status = answer.status();
    if status.is_redirection() {
        let asked = Url::parse(authorize).ok();
        let location = answer.headers().get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let target = asked.as_ref().zip(location);
        let target = target.and_then(|(asked, location)| asked.join(location).ok());
        let ours = asked.as_ref().and_then(redirect_uri);
        return match target {
            None => Err("a redirect to nowhere".to_owned()),
            // Whatever it complains of, it does so at our own callback.
            Some(target) if ours.is_some_and(|ours| target.as_str().starts_with(&ours)) => Ok(()),
            Some(target) => refusal_in(&target).map_or(Ok(()), Err),
        };
    }
    let page = String::from_utf8_lossy(answer.body()).to_lowercase();
    if status.is_success() {
        let names_it = page.contains("redirect_uri") || page.contains("redirect uri");
        let refuses = ["invalid", "mismatch", "not registered", "not allowed"];
        return if names_it && refuses.iter().any(|word| page.contains(word)) {
            Err("a page that complains of the redirect URI".to_owned())
        } else {
            Ok(())
        };
    }
    match Complaint::read(answer.body()).into_error(status, &Secrets::default()) {
        ProviderError::Refused { description, .. }
        | ProviderError::CredentialsRejected(description)
        | ProviderError::GrantRefused(description) => Err(description),
        other => Err(other.to_string()),
    }
}

fn redirect_uri(authorize: &Url) -> Option<String> {
    let found = authorize
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri");
    found.map(|(_, value)| value.into_owned())
}

/// The words of an error page's address; `None` for any other address.
fn refusal_in(target: &Url) -> Option<String> {
    let of_errors = target
        .host_str()
        .is_some_and(|host| host.starts_with("error."))
        || target
            .path_segments()
            .is_some_and(|mut segments| segments.any(|segment| segment == "error"));
    let error = target.query_pairs().find(|(name, _)| name == "error");
    match error {
        Some((_, error)) => Some(error.into_owned()),
        None if of_errors => {
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

    fn answer(status: u16, location: &str, body: &str) -> Result<(), String> {
        let mut answer = HttpResponse::new(body.as_bytes().to_vec());
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        if !location.is_empty() {
            let location = location.parse().unwrap();
            answer.headers_mut().insert(LOCATION, location);
        }
        judge(&answer, AUTHORIZE)
    }

    #[test]
    fn a_way_on_is_no_refusal() {
        for location in [
            "https://acme.authkit.test/?authorization_session_id=1",
            "/login?redirect_uri=https%3A%2F%2Fc.test%2Fback",
            "https://c.test/back?code=1&state=2",
            "https://c.test/back?error=login_required",
        ] {
            assert_eq!(answer(302, location, ""), Ok(()), "{location}");
        }
        assert_eq!(answer(200, "", "<h1>Sign in</h1>"), Ok(()));
        let form = r#"<p>Invalid password.</p><input name="next">"#;
        assert_eq!(answer(200, "", form), Ok(()));
        let hidden = r#"<input name="redirect_uri" value="https://c.test/back">"#;
        assert_eq!(answer(200, "", hidden), Ok(()));
    }

    #[test]
    fn a_refused_callback_is_recognised_in_every_form() {
        let refused = |said: &str| Err(said.to_owned());
        let error_page = "https://error.workos.com/redirect-uri-invalid";
        assert_eq!(answer(302, error_page, ""), refused("redirect uri invalid"));
        let elsewhere = "https://id.test/oops?error=redirect_uri_mismatch";
        assert_eq!(answer(303, elsewhere, ""), refused("redirect_uri_mismatch"));
        assert_eq!(answer(302, "", ""), refused("a redirect to nowhere"));
        let json =
            r#"{"error":"invalid_request","error_description":"redirect_uri did not match"}"#;
        assert_eq!(answer(400, "", json), refused("redirect_uri did not match"));
        assert_eq!(
            answer(400, "", "<html>"),
            refused("HTTP status 400 Bad Request")
        );
        assert_eq!(
            answer(200, "", "<p>Invalid redirect URI"),
            refused("a page that complains of the redirect URI")
        );
    }
}
