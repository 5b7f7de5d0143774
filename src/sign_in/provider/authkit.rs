//! `WorkOS` `AuthKit` through its own API: fixed paths, JSON bodies, no ID token, the user in the
//! token response.

use std::borrow::Cow;

use openidconnect::http::header::{AUTHORIZATION, CONTENT_TYPE};
use openidconnect::http::{Request, StatusCode};
use openidconnect::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, IssuerUrl, JsonWebKeySetUrl,
    RefreshToken, TokenUrl,
};
use serde_json::json;
use url::Url;

use super::authorization::{AuthorizationRequest, Callback, FlowSecrets};
use super::diagnosis::{self, DIAGNOSIS_STATE, Diagnosis};
use super::error::{ErrorBody, ProviderError, Redaction};
use super::http::{Http, JsonHttp, Timeouts};
use super::identity::{
    Identity, Impersonator, ProviderSession, Refreshed, ReportedUser, Tokens, full_name,
};
use super::jwks::{Jwks, JwksCache, JwksSource};
use super::token_response::{TokenClient, TokenEndpointResponse};
use super::verify::{self, Claims};
use crate::clock::Clock;
use crate::config::AuthKitSettings;
use crate::domain::{AuthenticationMethod, Email, Timestamp};

const TOKEN_PATH: &str = "/user_management/authenticate";

#[derive(Debug)]
pub(super) struct AuthKit {
    settings: AuthKitSettings,
    client_id: ClientId,
    jwks_url: JsonWebKeySetUrl,
    clock: Clock,
    http: Http,
    jwks: JwksCache,
}

impl AuthKit {
    pub(super) fn new(settings: AuthKitSettings, clock: Clock, timeouts: Timeouts) -> Self {
        let keys_path = format!("/sso/jwks/{}", settings.client_id);
        Self {
            client_id: ClientId::new(settings.client_id.clone()),
            jwks_url: JsonWebKeySetUrl::from_url(endpoint(&settings.api_url, &keys_path)),
            clock,
            http: Http::new(timeouts, settings.api_key.clone()),
            jwks: JwksCache::default(),
            settings,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.client_id
    }

    pub(super) async fn probe(&self) -> Result<(), ProviderError> {
        self.fetch_jwks().await?;
        self.http.check_up(self.endpoint(TOKEN_PATH).as_str()).await
    }

    pub(super) fn begin(&self, state: String) -> AuthorizationRequest {
        let (secrets, challenge) = FlowSecrets::generate(state, false);
        let mut url = self.endpoint("/user_management/authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("provider", "authkit")
            .append_pair("state", secrets.state())
            .append_pair("code_challenge", challenge.as_str())
            .append_pair("code_challenge_method", challenge.method().as_str());
        AuthorizationRequest {
            url: url.into(),
            secrets,
        }
    }

    pub(super) async fn complete(
        &self,
        secrets: &FlowSecrets,
        callback: &Callback,
        ip: &str,
        user_agent: &str,
    ) -> Result<Identity, ProviderError> {
        self.ensure_jwks().await?;
        let response = self
            .client()
            .exchange_code(AuthorizationCode::new(callback.code.clone()))
            .set_pkce_verifier(secrets.verifier())
            .add_extra_param("ip_address", Cow::from(ip))
            .add_extra_param("user_agent", Cow::from(user_agent))
            .request_async(&JsonHttp(&self.http))
            .await?;
        let Some(user) = &response.user else {
            return Err(ProviderError::untrusted("no user in the answer"));
        };
        let email = user.email.as_deref();
        let name = full_name(&[user.first_name.as_deref(), user.last_name.as_deref()]);
        let impersonator = response.impersonator.as_ref();
        let claims = self.verified_claims(&response, &user.id).await?;
        Ok(Identity {
            subject: user.id.clone(),
            email: email.and_then(|email| Email::parse(email).ok()),
            email_verified: user.email_verified.unwrap_or(false),
            name,
            organization: response.organization_id.clone().flatten(),
            impersonator: impersonator.map(|admin| {
                Impersonator::new(&admin.email, admin.reason.as_deref().unwrap_or_default())
            }),
            authentication: response
                .authentication_method
                .as_str()
                .and_then(AuthenticationMethod::from_foreign),
            tokens: tokens(&response, &claims),
        })
    }

    pub(super) async fn refresh(
        &self,
        refresh_token: &RefreshToken,
        subject: &str,
    ) -> Result<Refreshed, ProviderError> {
        // First, because the refresh token is used up by a response that cannot be verified.
        self.ensure_jwks()
            .await
            .map_err(ProviderError::beside_refresh)?;
        let response = self
            .client()
            .exchange_refresh_token(refresh_token)
            .request_async(&JsonHttp(&self.http))
            .await?;
        let claims = self.verified_claims(&response, subject).await;
        let claims = claims.map_err(ProviderError::beside_refresh)?;
        Ok(Refreshed {
            tokens: tokens(&response, &claims),
            user: reported_user(&response, &claims),
        })
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
        let response = self.http.exchange(request).await?;
        match response.status() {
            // The session has already ended.
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => Ok(()),
            status => {
                let redaction = Redaction {
                    secrets: vec![key.clone()],
                    visitor_values: Vec::new(),
                };
                Err(ErrorBody::parse(response.body()).into_error(status, &redaction))
            }
        }
    }

    pub(super) async fn diagnose(&self) -> Diagnosis {
        let authorization_url = self.begin(DIAGNOSIS_STATE.to_owned()).url;
        Diagnosis {
            reached: self.check_reachable().await,
            keys: self.count_keys().await,
            credentials: self.check_api_key().await,
            callback: diagnosis::check_callback(&self.http, &authorization_url).await,
        }
    }

    async fn check_reachable(&self) -> Result<Option<Timestamp>, ProviderError> {
        diagnosis::check_reachable(&self.http, &self.jwks_url).await
    }

    async fn count_keys(&self) -> Result<usize, ProviderError> {
        diagnosis::count_keys(&self.jwks_source().fetch().await?)
    }

    /// Lists one user, the cheapest request that needs the API key.
    async fn check_api_key(&self) -> Result<(), ProviderError> {
        let mut url = self.endpoint("/user_management/users");
        url.query_pairs_mut().append_pair("limit", "1");
        let key = self.settings.api_key.secret();
        let request = Request::get(url.as_str())
            .header(AUTHORIZATION, format!("Bearer {key}"))
            .body(Vec::new())
            .map_err(ProviderError::untrusted)?;
        self.http.send(request).await.map(drop)
    }

    pub(super) fn logout_url(&self, session_id: &str, return_to: &str) -> String {
        let mut url = self.endpoint("/user_management/sessions/logout");
        url.query_pairs_mut()
            .append_pair("session_id", session_id)
            .append_pair("return_to", return_to);
        url.into()
    }

    /// Verifies the access token, including its subject.
    async fn verified_claims(
        &self,
        response: &TokenEndpointResponse,
        subject: &str,
    ) -> Result<Claims, ProviderError> {
        let token = verify::parse(response.access_token.secret())?;
        let issuer = self.issuer();
        let now = self.clock.now();
        let claims = self
            .jwks
            .verify_with(now, self.jwks_source(), |jwks| {
                verify::access_token(&token, jwks, &issuer, &self.client_id, now)
            })
            .await?;
        if claims.subject().as_str() != subject {
            return Err(ProviderError::untrusted(
                "the access token is another user's",
            ));
        }
        Ok(claims)
    }

    async fn ensure_jwks(&self) -> Result<(), ProviderError> {
        if self.jwks.get().is_none() {
            self.fetch_jwks().await?;
        }
        Ok(())
    }

    async fn fetch_jwks(&self) -> Result<(), ProviderError> {
        self.jwks.store(self.jwks_source().fetch().await?);
        Ok(())
    }

    /// Sets no redirect URI, because `AuthKit` accepts none in the exchange.
    fn client(&self) -> TokenClient {
        let token_url = self.endpoint(TOKEN_PATH);
        let auth_url = self.endpoint("/user_management/authorize");
        Client::new(self.client_id.clone(), self.issuer(), Jwks::default())
            .set_client_secret(self.settings.api_key.clone())
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::from_url(auth_url))
            .set_token_uri(TokenUrl::from_url(token_url))
    }

    /// A placeholder that `openidconnect` requires. It is compared with nothing.
    fn issuer(&self) -> IssuerUrl {
        IssuerUrl::from_url(self.settings.api_url.clone())
    }

    fn jwks_source(&self) -> JwksSource<'_> {
        JwksSource {
            http: &self.http,
            url: &self.jwks_url,
        }
    }

    fn endpoint(&self, path: &str) -> Url {
        endpoint(&self.settings.api_url, path)
    }
}

fn tokens(response: &TokenEndpointResponse, claims: &Claims) -> Tokens {
    Tokens {
        access_expires_at: Timestamp(claims.expiration().timestamp_millis()),
        refresh_token: response.refresh_token.clone(),
        session_id: claims.additional_claims().session_id(),
        id_token: None,
    }
}

fn reported_user(response: &TokenEndpointResponse, claims: &Claims) -> ReportedUser {
    let subject = claims.subject().as_str();
    let user = response.user.as_ref().filter(|user| user.id == subject);
    let organization = match &response.organization_id {
        Some(Some(id)) => Some(Some(id.clone())),
        unnamed => {
            let in_token = claims.additional_claims().organization();
            in_token.map(Some).or_else(|| unnamed.clone())
        }
    };
    ReportedUser {
        organization,
        email: user.and_then(|user| Email::parse(user.email.as_deref()?).ok()),
        email_verified: user.and_then(|user| user.email_verified),
    }
}

fn endpoint(api_url: &Url, path: &str) -> Url {
    let base = api_url.path().trim_end_matches('/');
    let mut url = api_url.clone();
    url.set_path(&format!("{base}{path}"));
    url
}
