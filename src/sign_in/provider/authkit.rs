//! `WorkOS` `AuthKit` by its own API: fixed paths, JSON bodies, no ID token, the user in the answer.

use std::borrow::Cow;

use openidconnect::http::header::{AUTHORIZATION, CONTENT_TYPE};
use openidconnect::http::{Request, StatusCode};
use openidconnect::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, IssuerUrl, JsonWebKeySetUrl,
    RefreshToken, TokenUrl,
};
use serde_json::json;
use url::Url;

use super::answer::{TokenAnswer, TokenClient};
use super::error::{Complaint, ProviderError, Secrets};
use super::flow::{Begun, Callback, Flow};
use super::http::{AsJson, Http, Timeouts};
use super::identity::{Identity, ProviderSession, Tokens, full_name};
use super::keys::{KeySet, Keys, Source};
use super::{probe, verify};
use crate::clock::Clock;
use crate::config::AuthKitSettings;
use crate::domain::{Email, Timestamp};

#[derive(Debug)]
pub(super) struct AuthKit {
    settings: AuthKitSettings,
    client_id: ClientId,
    keys_url: JsonWebKeySetUrl,
    clock: Clock,
    http: Http,
    keys: Keys,
}

impl AuthKit {
    pub(super) fn new(settings: AuthKitSettings, clock: Clock, timeouts: Timeouts) -> Self {
        let keys_path = format!("/sso/jwks/{}", settings.client_id);
        Self {
            client_id: ClientId::new(settings.client_id.clone()),
            keys_url: JsonWebKeySetUrl::from_url(endpoint(&settings.api_url, &keys_path)),
            clock,
            http: Http::new(timeouts, settings.api_key.clone()),
            keys: Keys::default(),
            settings,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.client_id
    }

    pub(super) async fn warm_up(&self) -> Result<(), ProviderError> {
        self.keys.keep(self.key_source().fetch().await?);
        Ok(())
    }

    pub(super) fn begin(&self, state: String) -> Begun {
        let (flow, challenge) = Flow::draw(state, false);
        let mut url = self.endpoint("/user_management/authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("provider", "authkit")
            .append_pair("state", flow.state())
            .append_pair("code_challenge", challenge.as_str())
            .append_pair("code_challenge_method", challenge.method().as_str());
        Begun {
            url: url.into(),
            flow,
        }
    }

    pub(super) async fn complete(
        &self,
        flow: &Flow,
        callback: &Callback,
        ip: &str,
        user_agent: &str,
    ) -> Result<Identity, ProviderError> {
        self.have_keys().await?;
        let answer = self
            .client()
            .exchange_code(AuthorizationCode::new(callback.code.clone()))
            .set_pkce_verifier(flow.verifier())
            .add_extra_param("ip_address", Cow::from(ip))
            .add_extra_param("user_agent", Cow::from(user_agent))
            .request_async(&AsJson(&self.http))
            .await?;
        let Some(user) = &answer.user else {
            return Err(ProviderError::untrusted("no user in the answer"));
        };
        let email = user.email.as_deref();
        let name = full_name(&[user.first_name.as_deref(), user.last_name.as_deref()]);
        let impersonator = answer.impersonator.as_ref();
        Ok(Identity {
            subject: user.id.clone(),
            email: email.and_then(|email| Email::parse(email).ok()),
            email_verified: user.email_verified,
            name,
            organization: answer.organization_id.clone(),
            impersonator: impersonator.map(|admin| admin.email.clone()),
            tokens: self.tokens(&answer, &user.id).await?,
        })
    }

    pub(super) async fn refresh(
        &self,
        refresh_token: &RefreshToken,
        subject: &str,
    ) -> Result<Tokens, ProviderError> {
        // Before the token is spent: an answer that cannot be verified would be lost with it.
        self.have_keys().await?;
        let answer = self
            .client()
            .exchange_refresh_token(refresh_token)
            .request_async(&AsJson(&self.http))
            .await?;
        self.tokens(&answer, subject).await
    }

    pub(super) async fn end(&self, session: &ProviderSession) -> Result<(), ProviderError> {
        let Some(session_id) = &session.session_id else {
            return Ok(());
        };
        let key = self.settings.api_key.secret();
        let request = Request::post(self.endpoint("/user_management/sessions/revoke").as_str())
            .header(AUTHORIZATION, format!("Bearer {key}"))
            .header(CONTENT_TYPE, "application/json")
            .body(json!({ "session_id": session_id }).to_string().into_bytes())
            .map_err(ProviderError::untrusted)?;
        let answer = self.http.exchange(request).await?;
        match answer.status() {
            // Gone already, which is as good as done.
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => Ok(()),
            status => {
                let secrets = Secrets {
                    ours: vec![key.clone()],
                    visitors: Vec::new(),
                };
                Err(Complaint::read(answer.body()).into_error(status, &secrets))
            }
        }
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    pub(super) async fn reached(&self) -> Result<Option<Timestamp>, ProviderError> {
        probe::reach(&self.http, &self.keys_url).await
    }

    pub(super) async fn served_keys(&self) -> Result<usize, ProviderError> {
        probe::count(&self.key_source().fetch().await?)
    }

    /// A list of one is the least that only the holder of the key may ask for.
    pub(super) async fn takes_key(&self) -> Result<(), ProviderError> {
        let mut url = self.endpoint("/user_management/users");
        url.query_pairs_mut().append_pair("limit", "1");
        let key = self.settings.api_key.secret();
        let request = Request::get(url.as_str())
            .header(AUTHORIZATION, format!("Bearer {key}"))
            .body(Vec::new())
            .map_err(ProviderError::untrusted)?;
        self.http.ask(request).await.map(drop)
    }

    pub(super) fn logout_url(&self, session_id: &str, return_to: &str) -> String {
        let mut url = self.endpoint("/user_management/sessions/logout");
        url.query_pairs_mut()
            .append_pair("session_id", session_id)
            .append_pair("return_to", return_to);
        url.into()
    }

    /// What the answer's access token says, once it is verified to be this person's.
    async fn tokens(&self, answer: &TokenAnswer, subject: &str) -> Result<Tokens, ProviderError> {
        let token = verify::read(answer.access_token.secret())?;
        let issuer = self.issuer();
        let now = self.clock.now();
        let claims = self
            .keys
            .judge(now, self.key_source(), |keys| {
                verify::access_token(&token, keys, &issuer, &self.client_id, now)
            })
            .await?;
        if claims.subject().as_str() != subject {
            return Err(ProviderError::untrusted(
                "the access token is another user's",
            ));
        }
        Ok(Tokens {
            access_expires_at: Timestamp(claims.expiration().timestamp_millis()),
            refresh_token: answer.refresh_token.clone(),
            session_id: claims.additional_claims().session_id(),
            id_token: None,
        })
    }

    async fn have_keys(&self) -> Result<(), ProviderError> {
        if self.keys.kept().is_none() {
            self.warm_up().await?;
        }
        Ok(())
    }

    /// No redirect URI is set: `AuthKit` takes none in the exchange.
    fn client(&self) -> TokenClient {
        let token_url = self.endpoint("/user_management/authenticate");
        let auth_url = self.endpoint("/user_management/authorize");
        Client::new(self.client_id.clone(), self.issuer(), KeySet::default())
            .set_client_secret(self.settings.api_key.clone())
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::from_url(auth_url))
            .set_token_uri(TokenUrl::from_url(token_url))
    }

    /// For the crate, which wants one; it is matched with nothing.
    fn issuer(&self) -> IssuerUrl {
        IssuerUrl::from_url(self.settings.api_url.clone())
    }

    fn key_source(&self) -> Source<'_> {
        Source {
            http: &self.http,
            url: &self.keys_url,
        }
    }

    fn endpoint(&self, path: &str) -> Url {
        endpoint(&self.settings.api_url, path)
    }
}

fn endpoint(api_url: &Url, path: &str) -> Url {
    let base = api_url.path().trim_end_matches('/');
    let mut url = api_url.clone();
    url.set_path(&format!("{base}{path}"));
    url
}
