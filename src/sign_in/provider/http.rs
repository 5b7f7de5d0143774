//! The way to the provider: TLS by the system's certificates, short patience, bounded answers.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openidconnect::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use openidconnect::http::{Request, StatusCode};
use openidconnect::{AsyncHttpClient, ClientSecret, HttpRequest, HttpResponse};
use reqwest::redirect;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use url::form_urlencoded;

use super::error::{Complaint, ProviderError, Secrets};

/// The longest answer that is read, in bytes. Metadata and key sets have a hundredth of that.
const LONGEST_ANSWER: usize = 1024 * 1024;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Connections that are not used are closed before the provider does it: many servers do so after
/// five seconds, and a request that is sent at that very moment, with a code that can be spent once,
/// may be lost.
const IDLE: Duration = Duration::from_secs(3);
/// What a provider might repeat in its complaint, and nobody else may read.
const OUR_FIELDS: [&str; 3] = ["code_verifier", "refresh_token", "token"];
/// The same, and whoever comes to the callback can make it up.
const VISITORS_FIELD: &str = "code";

/// How long to wait for the provider.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the whole answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            total: Duration::from_secs(10),
        }
    }
}

/// A client that is made when it is first needed: reading the system's certificates takes memory
/// and time that a start without a sign-in need not spend.
pub(crate) struct Http {
    timeouts: Timeouts,
    secret: ClientSecret,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

/// Sends forms as JSON, which is what `AuthKit` takes.
pub(crate) struct AsJson<'h>(pub(super) &'h Http);

type Answer = Result<HttpResponse, ProviderError>;

impl Http {
    /// `secret` is ours, which no complaint of the provider's may repeat.
    pub(crate) fn new(timeouts: Timeouts, secret: ClientSecret) -> Self {
        Self {
            timeouts,
            secret,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        }
    }

    /// Sends a request and returns the answer to it; a refusal is an error that says why.
    pub(crate) async fn ask(&self, request: HttpRequest) -> Answer {
        let mut secrets = Secrets::of(&request);
        secrets.ours.push(self.secret.secret().clone());
        let answer = self.exchange(request).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        Err(Complaint::read(answer.body()).into_error(status, &secrets))
    }

    /// Sends a request and returns whatever is answered, unless that is “not now”.
    pub(crate) async fn exchange(&self, request: HttpRequest) -> Answer {
        let client = self.client(request.uri().scheme_str() == Some("https"))?;
        let request = reqwest::Request::try_from(request).map_err(|e| unreachable(&e))?;
        let mut answer = client.execute(request).await.map_err(|e| unreachable(&e))?;
        let status = answer.status();
        if is_not_now(status) {
            return Err(ProviderError::Unreachable {
                reason: format!("it answered with HTTP status {status}"),
                retry_after: retry_after(answer.headers()),
                too_often: status == StatusCode::TOO_MANY_REQUESTS,
            });
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| unreachable(&e))? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(ProviderError::untrusted("an answer without end"));
            }
            body.extend_from_slice(&chunk);
        }
        let mut whole = HttpResponse::new(body);
        *whole.status_mut() = status;
        *whole.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(whole)
    }

    fn client(&self, is_secure: bool) -> Result<reqwest::Client, ProviderError> {
        let kept = if is_secure { &self.secure } else { &self.plain };
        if let Some(client) = kept.get() {
            return Ok(client.clone());
        }
        let client = self.build(is_secure).map_err(|e| unreachable(&*e))?;
        Ok(kept.get_or_init(|| client).clone())
    }

    fn build(&self, is_secure: bool) -> Result<reqwest::Client, Box<dyn Error>> {
        let roots = if is_secure {
            system_roots()
        } else {
            RootCertStore::empty()
        };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(self.timeouts.connect)
            .pool_idle_timeout(IDLE)
            .timeout(self.timeouts.total)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(client)
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.timeouts, f)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = ProviderError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

impl<'c> AsyncHttpClient<'c> for AsJson<'_> {
    type Error = ProviderError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let (head, body) = request.into_parts();
        let fields: BTreeMap<_, _> = form_urlencoded::parse(&body).collect();
        let body = serde_json::to_vec(&fields).unwrap_or_default();
        let mut request = Request::from_parts(head, body);
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        Box::pin(self.0.ask(request))
    }
}

fn is_not_now(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

/// In seconds only: the form with a date is not worth a clock that may differ from theirs.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds.parse().ok().map(Duration::from_secs)
}

impl Secrets {
    fn of(request: &HttpRequest) -> Self {
        let is_json = request.headers().get(CONTENT_TYPE) == Some(&JSON);
        let mut fields: BTreeMap<String, String> = if is_json {
            serde_json::from_slice(request.body()).unwrap_or_default()
        } else {
            form_urlencoded::parse(request.body())
                .into_owned()
                .collect()
        };
        Self {
            visitors: fields.remove(VISITORS_FIELD).into_iter().collect(),
            ours: OUR_FIELDS
                .iter()
                .filter_map(|name| fields.remove(*name))
                .collect(),
        }
    }
}

/// The system's store, or what `SSL_CERT_FILE` names instead.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        log::warn!("no certificate authority is known to this system; set SSL_CERT_FILE");
    }
    roots
}

/// With its causes, since the first of them says only that a request failed; without the URL.
fn unreachable(error: &(dyn Error + 'static)) -> ProviderError {
    let mut words = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        words.push(match error.downcast_ref::<reqwest::Error>() {
            Some(e) if e.is_timeout() => "no answer in time".to_owned(),
            Some(e) if e.is_connect() => "no connection".to_owned(),
            Some(_) => "the request failed".to_owned(),
            None => error.to_string(),
        });
        next = error.source();
    }
    ProviderError::unreachable(words.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_provider_hides_its_secret_in_a_log() {
        let timeouts = Timeouts::default();
        let shown = format!("{timeouts:?}");
        let http = Http::new(timeouts, ClientSecret::new("s3cret".to_owned()));
        assert_eq!(format!("{http:?}"), shown);
    }
}
