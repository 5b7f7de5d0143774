//! Whole sign-ins with `WorkOS`'s emulator and a certified `OpenID` Provider.

use openidconnect::ClientSecret;
use reqwest::redirect;
use serde_json::Value;
use url::Url;
use vestibule::clock::Clock;
use vestibule::config::{AuthKitSettings, IssuerUrl, OidcSettings, RedirectUrl};
use vestibule::sign_in::provider::{
    AuthorizationRequest, Callback, Identity, Provider, ProviderError, ProviderSession,
    RefreshToken,
};

use super::CALLBACK;
use super::a_state;
use crate::support::peers::{EMULATOR_KEY, OIDC_SECRET, Peer, emulator, openid_provider};
use crate::support::use_ring;

const BACK: &str = "http://localhost:8080/signed-out";

/// A browser that follows the provider's redirects as far as our callback.
struct Browser(reqwest::Client);

impl Browser {
    fn new() -> Self {
        use_ring();
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .cookie_store(true)
            .build()
            .unwrap();
        Self(client)
    }

    /// Where it ends up.
    async fn follow(&self, start: &str) -> Url {
        let mut url = Url::parse(start).unwrap();
        while !url.as_str().starts_with("http://localhost:8080/") {
            let answer = self.0.get(url.clone()).send().await.unwrap();
            let location = answer.headers().get("location").cloned();
            let Some(location) = location else {
                panic!("stopped at {url}: {}", answer.text().await.unwrap());
            };
            url = url.join(location.to_str().unwrap()).unwrap();
        }
        url
    }

    /// Signs in there and brings the callback back.
    async fn sign_in(&self, begun: &AuthorizationRequest, login_hint: Option<&str>) -> Callback {
        let mut start = Url::parse(&begun.url).unwrap();
        if let Some(hint) = login_hint {
            start.query_pairs_mut().append_pair("login_hint", hint);
        }
        let end = self.follow(start.as_str()).await;
        let field = |name: &str| {
            let found = end.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned())
        };
        assert!(end.as_str().starts_with(CALLBACK), "{end}");
        assert_eq!(field("state").as_deref(), Some(begun.secrets.state()));
        Callback {
            code: field("code").unwrap(),
            iss: field("iss"),
        }
    }
}

async fn sign_in(provider: &Provider, login_hint: Option<&str>) -> Identity {
    let begun = provider.begin(a_state()).await.unwrap();
    let callback = Browser::new().sign_in(&begun, login_hint).await;
    let flow = &begun.secrets;
    let identity = provider
        .complete(flow, &callback, "192.0.2.7", "Firefox")
        .await;
    let again = provider
        .complete(flow, &callback, "192.0.2.7", "Firefox")
        .await;
    assert!(
        matches!(again, Err(ProviderError::GrantRefused(_))),
        "{again:?}"
    );
    identity.unwrap()
}

fn authkit(peer: &Peer) -> Provider {
    let settings = AuthKitSettings {
        client_id: "client_vestibule".to_owned(),
        api_key: ClientSecret::new(EMULATOR_KEY.to_owned()),
        api_url: peer.url.parse().unwrap(),
        redirect_uri: RedirectUrl::new(CALLBACK.to_owned()).unwrap(),
    };
    Provider::authkit(settings, Clock::system())
}

fn oidc(peer: &Peer, secret: &str) -> Provider {
    let settings = OidcSettings {
        issuer: IssuerUrl::new(peer.url.clone()).unwrap(),
        client_id: "vestibule".to_owned(),
        client_secret: ClientSecret::new(secret.to_owned()),
        redirect_uri: RedirectUrl::new(CALLBACK.to_owned()).unwrap(),
    };
    Provider::openid(settings, Clock::system())
}

/// The user's sessions, as the emulator lists them.
async fn sessions(peer: &Peer, user: &str) -> Vec<String> {
    let url = format!("{}/user_management/users/{user}/sessions", peer.url);
    let answer = reqwest::Client::new().get(url).bearer_auth(EMULATOR_KEY);
    let text = answer.send().await.unwrap().text().await.unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    let ids = list["data"].as_array().unwrap().iter();
    ids.map(|session| session["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn refused(provider: &Provider, token: &RefreshToken, subject: &str) -> bool {
    let outcome = provider.refresh(token, subject).await;
    matches!(outcome, Err(ProviderError::GrantRefused(_)))
}

#[actix_web::test]
async fn a_session_with_workos_is_begun_refreshed_and_ended_there() {
    let peer = emulator();
    let provider = authkit(&peer);
    provider.probe().await.unwrap();
    let mira = sign_in(&provider, None).await;
    assert_eq!(mira.email.unwrap().as_str(), "mira@acme.test");
    assert_eq!(mira.name.as_str(), "Mira Bell");
    assert!(mira.email_verified && mira.impersonator.is_none());
    let first = mira.tokens.session_id.unwrap();
    assert_eq!(
        sessions(&peer, &mira.subject).await,
        std::slice::from_ref(&first)
    );

    let spent = mira.tokens.refresh_token.unwrap();
    let tokens = provider
        .refresh(&spent, &mira.subject)
        .await
        .unwrap()
        .tokens;
    let newest = tokens.refresh_token.unwrap();
    assert_ne!(newest.secret(), spent.secret());
    assert!(refused(&provider, &spent, &mira.subject).await);

    let session = ProviderSession {
        session_id: tokens.session_id.clone(),
        refresh_token: Some(newest),
    };
    let refreshed = tokens.session_id.unwrap();
    assert!(sessions(&peer, &mira.subject).await.contains(&refreshed));
    provider.end(&session).await.unwrap();
    assert!(!sessions(&peer, &mira.subject).await.contains(&refreshed));
    provider.end(&session).await.unwrap();

    let way_out = provider.logout_url(Some(&first), None, BACK).unwrap();
    assert_eq!(Browser::new().follow(&way_out).await.as_str(), BACK);
    assert!(sessions(&peer, &mira.subject).await.is_empty());
}

#[actix_web::test]
async fn the_identity_from_workos_is_passed_on_unchanged() {
    let peer = emulator();
    let provider = authkit(&peer);
    let noor = sign_in(&provider, Some("noor@acme.test")).await;
    assert_eq!(noor.name.as_str(), "Noor");
    assert!(!noor.email_verified);
    let seen = sign_in(&provider, Some("seen@acme.test")).await;
    assert_eq!(seen.impersonator.unwrap().email, "admin@acme.test");
    assert_ne!(seen.subject, noor.subject);
}

#[actix_web::test]
async fn a_session_with_an_openid_provider_is_begun_refreshed_and_ended_there() {
    let peer = openid_provider(CALLBACK);
    let provider = oidc(&peer, OIDC_SECRET);
    let mira = sign_in(&provider, None).await;
    assert_eq!(mira.subject, "mira@acme.test");
    assert_eq!(mira.email.unwrap().as_str(), "mira@acme.test");
    assert!(mira.email_verified);
    assert_eq!(mira.name.as_str(), "mira");

    // A code used twice takes its tokens with it (RFC 6749, 4.1.2), so another sign-in it is.
    let begun = provider.begin(a_state()).await.unwrap();
    let browser = Browser::new();
    let callback = browser.sign_in(&begun, None).await;
    assert_eq!(callback.iss.as_deref(), Some(peer.url.as_str()));
    let mira = provider
        .complete(&begun.secrets, &callback, "", "")
        .await
        .unwrap();
    let spent = mira.tokens.refresh_token.unwrap();
    let tokens = provider
        .refresh(&spent, &mira.subject)
        .await
        .unwrap()
        .tokens;
    let newest = tokens.refresh_token.unwrap();
    assert_ne!(newest.secret(), spent.secret());

    let session = ProviderSession {
        session_id: tokens.session_id,
        refresh_token: Some(newest.clone()),
    };
    provider.end(&session).await.unwrap();
    assert!(refused(&provider, &newest, &mira.subject).await);
    provider.end(&session).await.unwrap();
}

#[actix_web::test]
async fn a_spent_refresh_token_is_refused_by_an_openid_provider() {
    let peer = openid_provider(CALLBACK);
    let provider = oidc(&peer, OIDC_SECRET);
    let begun = provider.begin(a_state()).await.unwrap();
    let callback = Browser::new().sign_in(&begun, None).await;
    let mira = provider
        .complete(&begun.secrets, &callback, "", "")
        .await
        .unwrap();
    let spent = mira.tokens.refresh_token.unwrap();
    provider.refresh(&spent, &mira.subject).await.unwrap();
    assert!(refused(&provider, &spent, &mira.subject).await);
}

#[actix_web::test]
async fn a_wrong_secret_is_told_from_a_wrong_code() {
    let peer = openid_provider(CALLBACK);
    let provider = oidc(&peer, "another secret");
    let begun = provider.begin(a_state()).await.unwrap();
    let callback = Browser::new().sign_in(&begun, None).await;
    let outcome = provider.complete(&begun.secrets, &callback, "", "").await;
    assert!(
        matches!(outcome, Err(ProviderError::CredentialsRejected(_))),
        "{outcome:?}"
    );

    let provider = oidc(&peer, OIDC_SECRET);
    let begun = provider.begin(a_state()).await.unwrap();
    let callback = Callback {
        code: "made up".to_owned(),
        iss: Some(peer.url.clone()),
    };
    let outcome = provider.complete(&begun.secrets, &callback, "", "").await;
    assert!(
        matches!(outcome, Err(ProviderError::GrantRefused(_))),
        "{outcome:?}"
    );
}
