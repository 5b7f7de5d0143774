//! The identity provider: `WorkOS` `AuthKit` through its own API, or any `OpenID` Provider through
//! discovery. [`Provider`] hides which of the two is configured.

mod authkit;
mod authorization;
mod diagnosis;
mod error;
pub(crate) mod http;
mod identity;
mod jwks;
mod metadata;
mod openid;
mod token_key;
mod token_response;
mod verify;

use std::sync::Arc;
use std::time::Instant;

pub use openidconnect::RefreshToken;

use crate::clock::Clock;
use crate::config::{AuthKitSettings, OidcSettings};
use crate::metrics::Metrics;
pub use authorization::{AuthorizationRequest, Callback, FlowSecrets};
pub use diagnosis::Diagnosis;
pub use error::ProviderError;
pub use http::Timeouts;
pub use identity::{Identity, Impersonator, ProviderSession, Refreshed, ReportedUser, Tokens};

use authkit::AuthKit;
use openid::OpenIdProvider;

/// In bytes. A response has the URL in its head, which stays below 4 kB (SECURITY rule 40).
const MAX_LOGOUT_URL: usize = 2_048;

/// The identity provider. Clones share its cached metadata and keys. Constructing one sends no
/// request.
#[derive(Debug, Clone)]
pub struct Provider {
    backend: Arc<Backend>,
    metrics: Metrics,
}

#[derive(Debug)]
enum Backend {
    AuthKit(Box<AuthKit>),
    OpenId(Box<OpenIdProvider>),
}

impl Provider {
    pub fn authkit(settings: AuthKitSettings, clock: Clock) -> Self {
        Self::authkit_with_timeouts(settings, clock, Timeouts::default())
    }

    pub fn authkit_with_timeouts(
        settings: AuthKitSettings,
        clock: Clock,
        timeouts: Timeouts,
    ) -> Self {
        let authkit = AuthKit::new(settings, clock, timeouts);
        Self::with_backend(Backend::AuthKit(Box::new(authkit)))
    }

    /// Any provider that supports `OpenID` Connect Discovery.
    pub fn openid(settings: OidcSettings, clock: Clock) -> Self {
        Self::openid_with_timeouts(settings, clock, Timeouts::default())
    }

    pub fn openid_with_timeouts(settings: OidcSettings, clock: Clock, timeouts: Timeouts) -> Self {
        let openid = OpenIdProvider::new(settings, clock, timeouts);
        Self::with_backend(Backend::OpenId(Box::new(openid)))
    }

    fn with_backend(backend: Backend) -> Self {
        Self {
            backend: Arc::new(backend),
            metrics: Metrics::default(),
        }
    }

    /// Counts requests to the provider in `metrics`.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Records the duration and the outcome of a request in the metrics.
    async fn timed<T>(
        &self,
        call: &'static str,
        exchange: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let begun = Instant::now();
        let outcome = exchange.await;
        let label = outcome
            .as_ref()
            .map_or_else(ProviderError::metric_label, |_| "ok");
        self.metrics.provider_call(call, label, begun.elapsed());
        outcome
    }

    /// The name that identities are stored under: the issuer, or `AuthKit`'s client ID, because its
    /// issuer differs between environments.
    pub fn name(&self) -> &str {
        match &*self.backend {
            Backend::AuthKit(provider) => provider.name(),
            Backend::OpenId(provider) => provider.name(),
        }
    }

    /// Fetches the provider's metadata and keys and replaces the cached ones. Then asks whether the
    /// token endpoint is up, which every sign-in needs. Sends no code and no credentials.
    ///
    /// # Errors
    /// The cached metadata and keys stay in use.
    pub async fn probe(&self) -> Result<(), ProviderError> {
        match &*self.backend {
            Backend::AuthKit(provider) => self.timed("probe", provider.probe()).await,
            Backend::OpenId(provider) => self.timed("probe", provider.probe()).await,
        }
    }

    /// Whether [`Provider::begin`] needs no request.
    pub fn has_metadata(&self) -> bool {
        match &*self.backend {
            Backend::AuthKit(_) => true,
            Backend::OpenId(provider) => provider.has_metadata(),
        }
    }

    /// Builds the authorization URL, and the secrets that the callback is checked against
    /// (SECURITY rule 17). `state` must be unguessable and used once.
    ///
    /// # Errors
    /// When the metadata is not cached and cannot be fetched.
    pub async fn begin(&self, state: String) -> Result<AuthorizationRequest, ProviderError> {
        match &*self.backend {
            Backend::AuthKit(provider) => Ok(provider.begin(state)),
            Backend::OpenId(provider) => provider.begin(state).await,
        }
    }

    /// Exchanges the callback's code, and verifies who has signed in. The caller has already found
    /// `secrets` by the callback's `state`.
    pub async fn complete(
        &self,
        secrets: &FlowSecrets,
        callback: &Callback,
        ip: &str,
        user_agent: &str,
    ) -> Result<Identity, ProviderError> {
        match &*self.backend {
            Backend::AuthKit(provider) => {
                let exchange = provider.complete(secrets, callback, ip, user_agent);
                self.timed("complete", exchange).await
            }
            Backend::OpenId(provider) => {
                self.timed("complete", provider.complete(secrets, callback))
                    .await
            }
        }
    }

    /// Gets new tokens for the user `subject`. This invalidates `refresh_token`: store the new one
    /// before anything else.
    ///
    /// # Errors
    /// [`ProviderError::ends_session`] tells definite refusals from transient failures.
    pub async fn refresh(
        &self,
        refresh_token: &RefreshToken,
        subject: &str,
    ) -> Result<Refreshed, ProviderError> {
        match &*self.backend {
            Backend::AuthKit(provider) => {
                self.timed("refresh", provider.refresh(refresh_token, subject))
                    .await
            }
            Backend::OpenId(provider) => {
                self.timed("refresh", provider.refresh(refresh_token, subject))
                    .await
            }
        }
    }

    /// Ends the session at the provider, server to server. Succeeds if the session has already
    /// ended, or if the provider has nothing to end.
    ///
    /// # Errors
    /// The caller should retry.
    pub async fn end(&self, session: &ProviderSession) -> Result<(), ProviderError> {
        match &*self.backend {
            Backend::AuthKit(provider) => self.timed("end", provider.end(session)).await,
            Backend::OpenId(provider) => self.timed("end", provider.end(session)).await,
        }
    }

    /// The page where the browser ends the provider's own session. A hint that would make the URL too long for a
    /// response header is left out. `None` when the provider has no such page, or when its metadata is not cached.
    pub fn logout_url(
        &self,
        session_id: Option<&str>,
        id_token: Option<&str>,
        return_to: &str,
    ) -> Option<String> {
        let url = |id_token| match &*self.backend {
            Backend::AuthKit(provider) => Some(provider.logout_url(session_id?, return_to)),
            Backend::OpenId(provider) => provider.logout_url(id_token, return_to),
        };
        [id_token, None]
            .into_iter()
            .filter_map(url)
            .find(|url| url.len() <= MAX_LOGOUT_URL)
    }

    /// Tries out reachability, credentials and callback URL for an operator. No user is signed in.
    pub async fn diagnose(&self) -> Diagnosis {
        match &*self.backend {
            Backend::AuthKit(provider) => provider.diagnose().await,
            Backend::OpenId(provider) => provider.diagnose().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::config::{ClientSecret, RedirectUrl};

    #[test]
    fn the_verbs_may_run_on_any_thread() {
        fn is_send<T: Send>(_: &T) {}
        let settings = AuthKitSettings {
            client_id: "client_1".to_owned(),
            api_key: ClientSecret::new("sk_test_1".to_owned()),
            api_url: Url::parse("http://localhost:1").unwrap(),
            redirect_uri: RedirectUrl::new("http://localhost:2/callback".to_owned()).unwrap(),
        };
        let provider = Provider::authkit(settings, Clock::system());
        let refresh_token = RefreshToken::new("r".to_owned());
        let callback = Callback::default();
        let secrets = authorization::tests::example();
        is_send(&provider.complete(&secrets, &callback, "", ""));
        is_send(&provider.probe());
        is_send(&provider.refresh(&refresh_token, "user_1"));
        assert!(!format!("{provider:?}").contains("sk_test_1"));
    }
}
