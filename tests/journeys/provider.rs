//! The provider layer by itself, with no application around it: what it believes, what it makes of
//! a provider in trouble, and that it gets along with real ones.

mod requests;
mod trouble;
mod trust;
#[cfg(feature = "browser")]
mod with_peers;

use std::time::Duration;

use openidconnect::ClientSecret;
use vestibule::clock::Clock;
use vestibule::config::{AuthKitSettings, IssuerUrl, OidcSettings, RedirectUrl};
use vestibule::domain::Timestamp;
use vestibule::sign_in::provider::{
    AuthorizationRequest, Callback, Identity, Provider, ProviderError, Timeouts,
};

use crate::support::hostile::{CLIENT_ID, Hostile};

const NOW: Timestamp = Timestamp(1_795_435_200_000);
const CALLBACK: &str = "http://localhost:8080/auth/workos/callback";
const SECRET: &str = "our-secret-that-nobody-may-see";
const CODE: &str = "code-that-nobody-may-see";

/// Short, for providers that never answer; everything else here answers in no time.
const IMPATIENT: Timeouts = Timeouts {
    connect: Duration::from_secs(3),
    total: Duration::from_secs(1),
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Oidc,
    AuthKit,
}

/// Our side of it, and a clock that stands still.
struct Party {
    hostile: Hostile,
    provider: Provider,
    clock: Clock,
}

impl Party {
    async fn of(kind: Kind) -> Self {
        let hostile = Hostile::start(NOW).await;
        let clock = Clock::manual(NOW);
        let provider = provider(kind, &hostile.url, &clock, Timeouts::default());
        Self {
            hostile,
            provider,
            clock,
        }
    }

    /// The same, told to give up early.
    async fn impatient(kind: Kind) -> Self {
        let mut party = Self::of(kind).await;
        party.provider = provider(kind, &party.hostile.url, &party.clock, IMPATIENT);
        party
    }

    async fn begin(&self) -> Result<AuthorizationRequest, ProviderError> {
        let begun = self.provider.begin(a_state()).await?;
        self.hostile.signs_in(&begun.url);
        Ok(begun)
    }

    async fn complete(&self, begun: &AuthorizationRequest) -> Result<Identity, ProviderError> {
        let callback = Callback {
            code: CODE.to_owned(),
            iss: None,
        };
        let secrets = &begun.secrets;
        self.provider
            .complete(secrets, &callback, "192.0.2.7", "Firefox")
            .await
    }

    async fn sign_in(&self) -> Result<Identity, ProviderError> {
        let begun = self.begin().await?;
        self.complete(&begun).await
    }
}

fn provider(kind: Kind, url: &str, clock: &Clock, timeouts: Timeouts) -> Provider {
    let redirect_uri = RedirectUrl::new(CALLBACK.to_owned()).unwrap();
    let secret = ClientSecret::new(SECRET.to_owned());
    match kind {
        Kind::AuthKit => {
            let settings = AuthKitSettings {
                client_id: CLIENT_ID.to_owned(),
                api_key: secret,
                api_url: url.parse().unwrap(),
                redirect_uri,
            };
            Provider::authkit_with_timeouts(settings, clock.clone(), timeouts)
        }
        Kind::Oidc => {
            let settings = OidcSettings {
                issuer: IssuerUrl::new(url.to_owned()).unwrap(),
                client_id: CLIENT_ID.to_owned(),
                client_secret: secret,
                redirect_uri,
            };
            Provider::openid_with_timeouts(settings, clock.clone(), timeouts)
        }
    }
}

/// As unguessable as the product's own.
fn a_state() -> String {
    vestibule::domain::Token::generate(&mut rand::rng())
        .expose()
        .to_owned()
}
