//! The HTTP client for the provider: system certificates, short timeouts, bounded responses.

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

use super::error::{ErrorBody, ProviderError, Redaction};

/// In bytes. Metadata and key sets have a hundredth of that.
const MAX_RESPONSE: usize = 1024 * 1024;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Idle connections are closed after this time. Many servers close them after five seconds. A request
/// sent at that moment may be lost, and with it a code that can be used only once.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
/// Form fields with secrets, which an error response might repeat.
const SECRET_FIELDS: [&str; 3] = ["code_verifier", "refresh_token", "token"];
/// A form field that a visitor can make up, which an error response might repeat.
const VISITOR_FIELD: &str = "code";

#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the connection is established.
    pub connect: Duration,
    /// Until the whole response has been read.
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

/// An HTTP client that is built on first use, because loading the system's certificates takes time
/// and memory.
pub(crate) struct Http {
    timeouts: Timeouts,
    secret: ClientSecret,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

/// Sends forms as JSON, which `AuthKit` requires.
pub(crate) struct JsonHttp<'h>(pub(super) &'h Http);

type HttpResult = Result<HttpResponse, ProviderError>;

impl Http {
    /// `secret` is our credential, which is removed from the provider's error messages.
    pub(crate) fn new(timeouts: Timeouts, secret: ClientSecret) -> Self {
        Self {
            timeouts,
            secret,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        }
    }

    /// Sends a request. A response that is not 2xx becomes an error.
    pub(crate) async fn send(&self, request: HttpRequest) -> HttpResult {
        let mut redaction = Redaction::of(&request);
        redaction.secrets.push(self.secret.secret().clone());
        let response = self.exchange(request).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(ErrorBody::parse(response.body()).into_error(status, &redaction))
    }

    /// Sends a request and returns the response. Only a temporary failure (408, 429, 5xx) becomes an
    /// error.
    pub(crate) async fn exchange(&self, request: HttpRequest) -> HttpResult {
        let mut response = self.execute(request).await?;
        let status = response.status();
        if is_temporary_failure(status) {
            return Err(ProviderError::Unreachable {
                reason: answered(status),
                retry_after: retry_after(response.headers()),
                rate_limited: status == StatusCode::TOO_MANY_REQUESTS,
            });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| unreachable(&e))? {
            if body.len() + chunk.len() > MAX_RESPONSE {
                return Err(ProviderError::untrusted("an answer without end"));
            }
            body.extend_from_slice(&chunk);
        }
        let mut whole = HttpResponse::new(body);
        *whole.status_mut() = status;
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        Ok(whole)
    }

    /// Asks with a bare GET whether an endpoint is up. Every answer counts, except 408 and those of a gateway that does
    /// not reach its service: 502, 503, 504. A token endpoint refuses a GET, and some servers refuse it with 500.
    pub(crate) async fn check_up(&self, url: &str) -> Result<(), ProviderError> {
        let request = Request::get(url)
            .body(Vec::new())
            .map_err(ProviderError::untrusted)?;
        let status = self.execute(request).await?.status();
        match status {
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(ProviderError::unreachable(answered(status))),
            _ => Ok(()),
        }
    }

    async fn execute(&self, request: HttpRequest) -> Result<reqwest::Response, ProviderError> {
        let client = self.client(request.uri().scheme_str() == Some("https"))?;
        let request = reqwest::Request::try_from(request).map_err(|e| unreachable(&e))?;
        client.execute(request).await.map_err(|e| unreachable(&e))
    }

    fn client(&self, is_secure: bool) -> Result<reqwest::Client, ProviderError> {
        let cell = if is_secure { &self.secure } else { &self.plain };
        if let Some(client) = cell.get() {
            return Ok(client.clone());
        }
        let client = self.build(is_secure).map_err(|e| unreachable(&*e))?;
        Ok(cell.get_or_init(|| client).clone())
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
            .pool_idle_timeout(IDLE_TIMEOUT)
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
    type Future = Pin<Box<dyn Future<Output = HttpResult> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl<'c> AsyncHttpClient<'c> for JsonHttp<'_> {
    type Error = ProviderError;
    type Future = Pin<Box<dyn Future<Output = HttpResult> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let (head, body) = request.into_parts();
        let fields: BTreeMap<_, _> = form_urlencoded::parse(&body).collect();
        let body = serde_json::to_vec(&fields).unwrap_or_default();
        let mut request = Request::from_parts(head, body);
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        Box::pin(self.0.send(request))
    }
}

fn answered(status: StatusCode) -> String {
    format!("it answered with HTTP status {status}")
}

fn is_temporary_failure(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

/// Reads seconds only. The form with a date would depend on the provider's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds.parse().ok().map(Duration::from_secs)
}

impl Redaction {
    /// Collects the secrets that a request contains.
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
            visitor_values: fields.remove(VISITOR_FIELD).into_iter().collect(),
            secrets: SECRET_FIELDS
                .iter()
                .filter_map(|name| fields.remove(*name))
                .collect(),
        }
    }
}

/// The system's certificate store, or the file that `SSL_CERT_FILE` names.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        log::warn!("this system has no CA certificates. Install them, or set SSL_CERT_FILE");
    }
    roots
}

/// Lists the causes, because the outermost error says only that a request failed. Leaves out the
/// URL.
fn unreachable(error: &(dyn Error + 'static)) -> ProviderError {
    let mut causes = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        causes.push(match error.downcast_ref::<reqwest::Error>() {
            Some(e) if e.is_timeout() => "no answer in time".to_owned(),
            Some(e) if e.is_connect() => "no connection".to_owned(),
            Some(_) => "the request failed".to_owned(),
            None => error.to_string(),
        });
        next = error.source();
    }
    ProviderError::unreachable(causes.join(": "))
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
