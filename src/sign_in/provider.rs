//! The identity provider: `WorkOS` `AuthKit` by its own API, or any `OpenID` Provider by discovery,
//! behind one type with four verbs: begin, complete, refresh, end.

mod answer;
mod authkit;
mod discovered;
mod error;
mod flow;
pub(crate) mod http;
mod identity;
mod keys;
mod metadata;
mod probe;
mod verify;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use openidconnect::RefreshToken;

use crate::clock::Clock;
use crate::config::{AuthKitSettings, OidcSettings};
use crate::metrics::Metrics;
pub use error::ProviderError;
pub use flow::{Begun, Callback, Flow};
pub use http::Timeouts;
pub use identity::{Identity, ProviderSession, Tokens};
pub use probe::Examined;

use authkit::AuthKit;
use discovered::Discovered;

/// How far the provider's clock may be behind ours before its tokens count as expired.
const SKEW: Duration = Duration::from_secs(60);

/// The identity provider. Copies share what is known of it; making one costs no network.
#[derive(Debug, Clone)]
pub struct Provider {
    kind: Arc<Kind>,
    metrics: Metrics,
}

#[derive(Debug)]
enum Kind {
    AuthKit(Box<AuthKit>),
    Discovered(Box<Discovered>),
}

impl Provider {
    /// `WorkOS` `AuthKit`.
    pub fn authkit(settings: AuthKitSettings, clock: Clock) -> Self {
        Self::authkit_within(settings, clock, Timeouts::default())
    }

    /// `WorkOS` `AuthKit`, with less patience or more.
    pub fn authkit_within(settings: AuthKitSettings, clock: Clock, timeouts: Timeouts) -> Self {
        let authkit = AuthKit::new(settings, clock, timeouts);
        Self::of(Kind::AuthKit(Box::new(authkit)))
    }

    /// Any `OpenID` Provider that describes itself (`OpenID` Connect Discovery).
    pub fn discovered(settings: OidcSettings, clock: Clock) -> Self {
        Self::discovered_within(settings, clock, Timeouts::default())
    }

    /// Any `OpenID` Provider that describes itself, with less patience or more.
    pub fn discovered_within(settings: OidcSettings, clock: Clock, timeouts: Timeouts) -> Self {
        let discovered = Discovered::new(settings, clock, timeouts);
        Self::of(Kind::Discovered(Box::new(discovered)))
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind: Arc::new(kind),
            metrics: Metrics::default(),
        }
    }

    /// The same, which counts there how it gets on.
    #[must_use]
    pub fn watched_by(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Waits for an exchange, and counts how it went.
    async fn timed<T>(
        &self,
        call: &'static str,
        exchange: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let begun = Instant::now();
        let outcome = exchange.await;
        let word = outcome.as_ref().map_or_else(ProviderError::word, |_| "ok");
        self.metrics.provider_call(call, word, begun.elapsed());
        outcome
    }

    /// What identities are filed under: the issuer, or `AuthKit`'s client id, whose issuer string
    /// differs from one environment to the next.
    pub fn name(&self) -> &str {
        match &*self.kind {
            Kind::AuthKit(provider) => provider.name(),
            Kind::Discovered(provider) => provider.name(),
        }
    }

    /// Fetches the provider's metadata and keys and keeps them, in place of older ones. That it
    /// succeeds shows that the provider can be reached.
    ///
    /// # Errors
    /// When it cannot, or its answer will not do; what was known before stays in force then.
    pub async fn warm_up(&self) -> Result<(), ProviderError> {
        match &*self.kind {
            Kind::AuthKit(provider) => self.timed("probe", provider.warm_up()).await,
            Kind::Discovered(provider) => self.timed("probe", provider.warm_up()).await,
        }
    }

    /// Where to send the browser, and what to remember until it comes back (SECURITY rule 17).
    /// `state` is new and cannot be guessed.
    ///
    /// # Errors
    /// When the provider has to be asked for its metadata first, and does not answer well.
    pub async fn begin(&self, state: String) -> Result<Begun, ProviderError> {
        match &*self.kind {
            Kind::AuthKit(provider) => Ok(provider.begin(state)),
            Kind::Discovered(provider) => provider.begin(state).await,
        }
    }

    /// Exchanges the callback's code, and vouches for who has signed in. That the callback's
    /// `state` is the flow's is for the caller to see to, who has to find the flow by it.
    ///
    /// # Errors
    /// [`ProviderError`] says what is wrong; nobody is signed in then.
    pub async fn complete(
        &self,
        flow: &Flow,
        callback: &Callback,
        ip: &str,
        user_agent: &str,
    ) -> Result<Identity, ProviderError> {
        match &*self.kind {
            Kind::AuthKit(provider) => {
                let exchange = provider.complete(flow, callback, ip, user_agent);
                self.timed("complete", exchange).await
            }
            Kind::Discovered(provider) => {
                self.timed("complete", provider.complete(flow, callback))
                    .await
            }
        }
    }

    /// New tokens for the person known there as `subject`. The refresh token is spent by this: keep
    /// the new one before doing anything else.
    ///
    /// # Errors
    /// [`ProviderError::ends_the_session`] tells those that are final.
    pub async fn refresh(
        &self,
        refresh_token: &RefreshToken,
        subject: &str,
    ) -> Result<Tokens, ProviderError> {
        match &*self.kind {
            Kind::AuthKit(provider) => {
                self.timed("refresh", provider.refresh(refresh_token, subject))
                    .await
            }
            Kind::Discovered(provider) => {
                self.timed("refresh", provider.refresh(refresh_token, subject))
                    .await
            }
        }
    }

    /// Ends the session at the provider, server to server. That it had ended already, or that
    /// there is nothing to end, is no error.
    ///
    /// # Errors
    /// When it may have to be tried again.
    pub async fn end(&self, session: &ProviderSession) -> Result<(), ProviderError> {
        match &*self.kind {
            Kind::AuthKit(provider) => self.timed("end", provider.end(session)).await,
            Kind::Discovered(provider) => self.timed("end", provider.end(session)).await,
        }
    }

    /// Where the browser is sent to end the provider's own session; `None` where there is no such
    /// page, or it is not known yet.
    pub fn logout_url(
        &self,
        session_id: Option<&str>,
        id_token: Option<&str>,
        return_to: &str,
    ) -> Option<String> {
        match &*self.kind {
            Kind::AuthKit(provider) => Some(provider.logout_url(session_id?, return_to)),
            Kind::Discovered(provider) => provider.logout_url(id_token, return_to),
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
        let flow = flow::tests::example();
        is_send(&provider.complete(&flow, &callback, "", ""));
        is_send(&provider.warm_up());
        is_send(&provider.refresh(&refresh_token, "user_1"));
        assert!(!format!("{provider:?}").contains("sk_test_1"));
    }
}
