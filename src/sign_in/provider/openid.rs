//! Any `OpenID` Provider with discovery at `/.well-known/openid-configuration`.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openidconnect::core::{CoreAuthenticationFlow, CoreGenderClaim};
use openidconnect::http::Request;
use openidconnect::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, Client, ClientId, CsrfToken, EmptyAdditionalClaims,
    Nonce, RefreshToken, SubjectIdentifier, UserInfoClaims,
};
use url::form_urlencoded;

use super::authorization::{AuthorizationRequest, Callback, FlowSecrets};
use super::diagnosis::{self, DIAGNOSIS_STATE, Diagnosis};
use super::error::ProviderError;
use super::http::{Http, Timeouts};
use super::identity::{Identity, ProviderSession, Refreshed, ReportedUser, Tokens, full_name};
use super::jwks::{Jwks, JwksCache, JwksSource};
use super::metadata::{DiscoveredMetadata, Metadata};
use super::token_response::{TokenClient, TokenEndpointResponse};
use super::verify::{self, Claims, IdTokenRules};
use crate::clock::Clock;
use crate::config::OidcSettings;
use crate::domain::{AuthenticationMethod, Email, Timestamp};

/// The assumed lifetime of an access token without `expires_in`.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

#[derive(Debug)]
pub(super) struct OpenIdProvider {
    settings: OidcSettings,
    client_id: ClientId,
    clock: Clock,
    http: Http,
    metadata: RwLock<Option<Arc<DiscoveredMetadata>>>,
    jwks: JwksCache,
}

impl OpenIdProvider {
    pub(super) fn new(settings: OidcSettings, clock: Clock, timeouts: Timeouts) -> Self {
        Self {
            client_id: ClientId::new(settings.client_id.clone()),
            clock,
            http: Http::new(timeouts, settings.client_secret.clone()),
            metadata: RwLock::new(None),
            jwks: JwksCache::default(),
            settings,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.issuer
    }

    pub(super) async fn probe(&self) -> Result<(), ProviderError> {
        let known = self.discover().await?;
        self.http.check_up(known.token_endpoint.as_str()).await
    }

    pub(super) fn has_metadata(&self) -> bool {
        self.cached_metadata().is_some()
    }

    pub(super) async fn begin(&self, state: String) -> Result<AuthorizationRequest, ProviderError> {
        let known = self.metadata().await?;
        let (secrets, challenge) = FlowSecrets::generate(state, true);
        let (state, nonce) = (secrets.state().to_owned(), secrets.nonce());
        let client = self.client(&known);
        let request = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || CsrfToken::new(state),
            move || nonce.unwrap_or_else(Nonce::new_random),
        );
        let (url, _, _) = request
            .add_scopes(known.scopes())
            .set_pkce_challenge(challenge)
            .url();
        Ok(AuthorizationRequest {
            url: url.into(),
            secrets,
        })
    }

    pub(super) async fn complete(
        &self,
        secrets: &FlowSecrets,
        callback: &Callback,
    ) -> Result<Identity, ProviderError> {
        let known = self.metadata().await?;
        self.check_issuer(&known, callback)?;
        let Some(nonce) = secrets.nonce() else {
            return Err(ProviderError::untrusted(
                "the flow was begun without a nonce",
            ));
        };
        let client = self.client(&known);
        let response: TokenEndpointResponse = client
            .exchange_code(AuthorizationCode::new(callback.code.clone()))
            .set_pkce_verifier(secrets.verifier())
            .request_async(&self.http)
            .await?;
        let claims = self.verify_id_token(&known, &response, Some(nonce)).await?;
        let claims = claims.ok_or_else(|| ProviderError::untrusted("no ID token in the answer"))?;
        let mut identity = identity(&claims, self.tokens(&response, Some(&claims)));
        if claims.email().is_none() {
            self.fetch_user_info(&known, &response.access_token, &mut identity)
                .await?;
        }
        Ok(identity)
    }

    pub(super) async fn refresh(
        &self,
        refresh_token: &RefreshToken,
        subject: &str,
    ) -> Result<Refreshed, ProviderError> {
        let known = self.metadata().await;
        let known = known.map_err(ProviderError::beside_refresh)?;
        let client = self.client(&known);
        let response: TokenEndpointResponse = client
            .exchange_refresh_token(refresh_token)
            .request_async(&self.http)
            .await?;
        let claims = self.verify_id_token(&known, &response, None).await;
        let claims = claims.map_err(ProviderError::beside_refresh)?;
        if claims
            .as_ref()
            .is_some_and(|claims| claims.subject().as_str() != subject)
        {
            return Err(ProviderError::untrusted("the ID token is another user's"));
        }
        let mut tokens = self.tokens(&response, claims.as_ref());
        // A provider that does not rotate refresh tokens sends none (RFC 6749, 6).
        tokens
            .refresh_token
            .get_or_insert_with(|| refresh_token.clone());
        let user = claims.as_ref().map(reported_user).unwrap_or_default();
        Ok(Refreshed { tokens, user })
    }

    /// Revokes the refresh token and with it the grant (RFC 7009). `openidconnect` would require
    /// https, which a provider on localhost does not have.
    pub(super) async fn end(&self, session: &ProviderSession) -> Result<(), ProviderError> {
        let Some(token) = &session.refresh_token else {
            return Ok(());
        };
        let known = self.metadata().await?;
        let Some(url) = &known.metadata.additional_metadata().revocation_endpoint else {
            return Ok(());
        };
        let (id, secret) = (
            &*self.settings.client_id,
            self.settings.client_secret.secret(),
        );
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token.secret())
            .append_pair("token_type_hint", "refresh_token");
        let request =
            Request::post(url.as_str()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = if let AuthType::RequestBody = known.auth_type() {
            form.append_pair("client_id", id)
                .append_pair("client_secret", secret);
            request
        } else {
            request.header(AUTHORIZATION, basic(id, secret))
        };
        let request = request
            .body(form.finish().into_bytes())
            .map_err(ProviderError::untrusted)?;
        match self.http.send(request).await {
            Err(ProviderError::GrantRefused(_)) => Ok(()),
            Err(ProviderError::Refused { code, .. })
                if code == "invalid_token" || code == "unsupported_token_type" =>
            {
                Ok(())
            }
            response => response.map(drop),
        }
    }

    pub(super) async fn diagnose(&self) -> Diagnosis {
        Diagnosis {
            reached: self.check_reachable().await,
            keys: self.count_keys().await,
            credentials: self.check_client_secret().await,
            callback: match self.begin(DIAGNOSIS_STATE.to_owned()).await {
                Ok(request) => diagnosis::check_callback(&self.http, &request.url).await,
                Err(e) => Err(e),
            },
        }
    }

    async fn check_reachable(&self) -> Result<Option<Timestamp>, ProviderError> {
        let issuer = self.settings.issuer.trim_end_matches('/');
        let metadata = format!("{issuer}/.well-known/openid-configuration");
        diagnosis::check_reachable(&self.http, &metadata).await
    }

    async fn count_keys(&self) -> Result<usize, ProviderError> {
        diagnosis::count_keys(self.discover().await?.metadata.jwks())
    }

    /// Exchanges a made-up code. The secret is right if the provider refuses the code and not us.
    async fn check_client_secret(&self) -> Result<(), ProviderError> {
        let known = self.metadata().await?;
        let (secrets, _) = FlowSecrets::generate(String::new(), true);
        let response: Result<TokenEndpointResponse, _> = self
            .client(&known)
            .exchange_code(AuthorizationCode::new(DIAGNOSIS_STATE.to_owned()))
            .set_pkce_verifier(secrets.verifier())
            .request_async(&self.http)
            .await;
        match response.map_err(ProviderError::from) {
            Ok(_) | Err(ProviderError::GrantRefused(_)) => Ok(()),
            Err(e) => Err(e),
        }
    }

    pub(super) fn logout_url(&self, id_token: Option<&str>, return_to: &str) -> Option<String> {
        let known = self.cached_metadata()?;
        let endpoint = known
            .metadata
            .additional_metadata()
            .end_session_endpoint
            .clone()?;
        let mut url = endpoint.url().clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &self.client_id)
            .append_pair("post_logout_redirect_uri", return_to);
        if let Some(hint) = id_token {
            query.append_pair("id_token_hint", hint);
        }
        drop(query);
        Some(url.into())
    }

    fn cached_metadata(&self) -> Option<Arc<DiscoveredMetadata>> {
        let metadata = self.metadata.read().unwrap_or_else(PoisonError::into_inner);
        metadata.clone()
    }

    async fn metadata(&self) -> Result<Arc<DiscoveredMetadata>, ProviderError> {
        match self.cached_metadata() {
            Some(known) => Ok(known),
            None => self.discover().await,
        }
    }

    async fn discover(&self) -> Result<Arc<DiscoveredMetadata>, ProviderError> {
        let metadata = Metadata::discover_async(self.settings.issuer.clone(), &self.http).await?;
        let known = Arc::new(DiscoveredMetadata::new(metadata)?);
        self.jwks.store(known.metadata.jwks().clone());
        let mut cached = self
            .metadata
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *cached = Some(Arc::clone(&known));
        Ok(known)
    }

    fn client(&self, known: &DiscoveredMetadata) -> TokenClient {
        let metadata = &known.metadata;
        let issuer = self.settings.issuer.clone();
        Client::new(self.client_id.clone(), issuer, Jwks::default())
            .set_client_secret(self.settings.client_secret.clone())
            .set_auth_type(known.auth_type())
            .set_redirect_uri(self.settings.redirect_uri.clone())
            .set_auth_uri(metadata.authorization_endpoint().clone())
            .set_token_uri(known.token_endpoint.clone())
    }

    /// SECURITY rule 20 (RFC 9207, 2.4).
    fn check_issuer(
        &self,
        known: &DiscoveredMetadata,
        callback: &Callback,
    ) -> Result<(), ProviderError> {
        let additional = known.metadata.additional_metadata();
        let promised = additional.authorization_response_iss_parameter_supported;
        match &callback.iss {
            Some(iss) if iss == self.settings.issuer.as_str() => Ok(()),
            None if !promised => Ok(()),
            Some(iss) => Err(ProviderError::untrusted(format!(
                "the callback is from {iss}"
            ))),
            None => Err(ProviderError::untrusted(
                "the callback does not say from whom it is",
            )),
        }
    }

    /// The verified claims of the ID token; `None` if the response has no ID token.
    async fn verify_id_token(
        &self,
        known: &DiscoveredMetadata,
        response: &TokenEndpointResponse,
        nonce: Option<Nonce>,
    ) -> Result<Option<Claims>, ProviderError> {
        let Some(token) = &response.id_token else {
            return Ok(None);
        };
        let token = verify::parse(token)?;
        let rules = IdTokenRules {
            issuer: &self.settings.issuer,
            client_id: &self.client_id,
            algorithms: known.metadata.id_token_signing_alg_values_supported(),
            nonce,
            access_token: &response.access_token,
            now: self.clock.now(),
        };
        let source = JwksSource {
            http: &self.http,
            url: known.metadata.jwks_uri(),
        };
        let verify = |jwks: &Jwks| verify::id_token(&token, jwks, &rules);
        self.jwks
            .verify_with(rules.now, source, verify)
            .await
            .map(Some)
    }

    fn tokens(&self, response: &TokenEndpointResponse, claims: Option<&Claims>) -> Tokens {
        let lifetime = response
            .expires_in
            .map_or(DEFAULT_LIFETIME, Duration::from_secs);
        Tokens {
            access_expires_at: self.clock.now().plus(lifetime),
            refresh_token: response.refresh_token.clone(),
            session_id: claims.and_then(|claims| claims.additional_claims().session_id()),
            id_token: response.id_token.clone(),
        }
    }

    /// A provider may leave the address out of the ID token (`OpenID` Connect Core, 5.4).
    async fn fetch_user_info(
        &self,
        known: &DiscoveredMetadata,
        access_token: &AccessToken,
        identity: &mut Identity,
    ) -> Result<(), ProviderError> {
        let Some(url) = known.metadata.userinfo_endpoint() else {
            return Ok(());
        };
        // `openidconnect` panics on a token that is not a valid header value.
        if HeaderValue::from_str(access_token.secret()).is_err() {
            return Err(ProviderError::untrusted("an access token that is no token"));
        }
        let subject = SubjectIdentifier::new(identity.subject.clone());
        let client = self.client(known).set_user_info_url(url.clone());
        let info: UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim> = client
            .user_info(access_token.clone(), Some(subject))
            .request_async(&self.http)
            .await?;
        identity.email = info.email().and_then(|email| Email::parse(email).ok());
        identity.email_verified = info.email_verified().unwrap_or(false);
        if identity.name.as_str().is_empty() {
            let name = info.name().and_then(|name| name.get(None));
            identity.name = full_name(&[name.map(|name| name.as_str())]);
        }
        Ok(())
    }
}

fn identity(claims: &Claims, tokens: Tokens) -> Identity {
    let name = claims.name().and_then(|name| name.get(None));
    let given = claims.given_name().and_then(|name| name.get(None));
    let family = claims.family_name().and_then(|name| name.get(None));
    let name = match name {
        Some(name) => full_name(&[Some(name.as_str())]),
        None => full_name(&[given.map(|n| n.as_str()), family.map(|n| n.as_str())]),
    };
    Identity {
        subject: claims.subject().to_string(),
        email: claims.email().and_then(|email| Email::parse(email).ok()),
        email_verified: claims.email_verified().unwrap_or(false),
        name,
        organization: claims.additional_claims().organization(),
        impersonator: None,
        authentication: authentication_method(claims),
        tokens,
    }
}

/// The methods (`amr`, RFC 8176) and the class (`acr`), as in “pwd + otp (silver)”.
fn authentication_method(claims: &Claims) -> Option<AuthenticationMethod> {
    let methods = claims.auth_method_refs().into_iter().flatten();
    let methods: Vec<&str> = methods.map(|method| method.as_str()).collect();
    let methods = methods.join(" + ");
    let class = claims.auth_context_ref().map(|class| class.as_str());
    AuthenticationMethod::from_foreign(&match class {
        None => methods,
        Some(class) if methods.is_empty() => class.to_owned(),
        Some(class) => format!("{methods} ({class})"),
    })
}

fn reported_user(claims: &Claims) -> ReportedUser {
    ReportedUser {
        // An ID token without the claim does not say that there is no organization.
        organization: claims.additional_claims().organization().map(Some),
        email: claims.email().and_then(|email| Email::parse(email).ok()),
        email_verified: claims.email_verified(),
    }
}

/// HTTP Basic with both parts form-encoded first (RFC 6749, 2.3.1).
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let credentials = format!("{}:{}", encoded(id), encoded(secret));
    format!("Basic {}", STANDARD.encode(credentials))
}

#[cfg(test)]
mod tests {
    use super::*;
    use openidconnect::IssuerUrl;

    #[test]
    fn a_provider_is_known_by_its_issuer_to_the_letter() {
        let settings = OidcSettings {
            issuer: IssuerUrl::new("https://id.test".to_owned()).unwrap(),
            client_id: "client_1".to_owned(),
            client_secret: openidconnect::ClientSecret::new("s3cret".to_owned()),
            redirect_uri: openidconnect::RedirectUrl::new("http://localhost:1/".to_owned())
                .unwrap(),
        };
        let provider = OpenIdProvider::new(settings, Clock::system(), Timeouts::default());
        assert_eq!(provider.name(), "https://id.test");
        assert!(!format!("{provider:?}").contains("s3cret"));
    }

    // RFC 6749, 2.3.1: encoded before it is joined.
    #[test]
    fn a_colon_in_the_client_id_stays_in_the_client_id() {
        assert_eq!(
            basic("a:b", "c d%"),
            format!("Basic {}", STANDARD.encode("a%3Ab:c+d%25"))
        );
    }
}
