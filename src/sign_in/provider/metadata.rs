//! The provider's metadata (`OpenID` Connect Discovery).

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, EndSessionUrl, ProviderMetadata, RevocationUrl, Scope,
    TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::error::ProviderError;

/// Metadata fields that `openidconnect` does not parse itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ExtraMetadata {
    pub(super) end_session_endpoint: Option<EndSessionUrl>,
    pub(super) revocation_endpoint: Option<RevocationUrl>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for ExtraMetadata {}

pub(super) type Metadata = ProviderMetadata<
    ExtraMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Metadata that has passed our checks.
#[derive(Debug)]
pub(super) struct DiscoveredMetadata {
    pub(super) metadata: Metadata,
    pub(super) token_endpoint: TokenUrl,
}

impl DiscoveredMetadata {
    /// Checks the metadata.
    ///
    /// # Errors
    /// Untrusted, without a token endpoint, or with an endpoint that loses TLS.
    pub(super) fn new(metadata: Metadata) -> Result<Self, ProviderError> {
        let Some(token_endpoint) = metadata.token_endpoint().cloned() else {
            return Err(ProviderError::untrusted(
                "its metadata names no token endpoint",
            ));
        };
        let known = Self {
            metadata,
            token_endpoint,
        };
        known.refuse_plain_http_after_https()?;
        Ok(known)
    }

    /// HTTP Basic, unless the provider accepts the client secret in the body only.
    pub(super) fn auth_type(&self) -> AuthType {
        let methods = self.metadata.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
        if takes(CoreClientAuthMethod::ClientSecretPost)
            && !takes(CoreClientAuthMethod::ClientSecretBasic)
        {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        }
    }

    /// `openidconnect` adds `openid` itself. `offline_access` is requested only where the provider
    /// supports it: some providers need it for refresh tokens, others refuse it.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        let offline = Scope::new("offline_access".to_owned());
        let supported = self.metadata.scopes_supported();
        let mut scopes = vec![
            Scope::new("email".to_owned()),
            Scope::new("profile".to_owned()),
        ];
        scopes.extend(
            supported
                .is_some_and(|s| s.contains(&offline))
                .then_some(offline),
        );
        scopes
    }

    /// Secrets and tokens must not be sent without TLS when the metadata came over TLS.
    fn refuse_plain_http_after_https(&self) -> Result<(), ProviderError> {
        let metadata = &self.metadata;
        let more = metadata.additional_metadata();
        let endpoints: [Option<&Url>; 6] = [
            Some(metadata.authorization_endpoint().url()),
            Some(self.token_endpoint.url()),
            Some(metadata.jwks_uri().url()),
            metadata.userinfo_endpoint().map(|url| url.url()),
            more.revocation_endpoint.as_ref().map(|url| url.url()),
            more.end_session_endpoint.as_ref().map(|url| url.url()),
        ];
        let is_https = |url: &Url| url.scheme() == "https";
        let plain = endpoints.into_iter().flatten().find(|url| !is_https(url));
        match plain {
            Some(url) if is_https(metadata.issuer().url()) => Err(ProviderError::untrusted(
                format!("its metadata names {url}, without TLS"),
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(issuer: &str, changed: &str, url: &str) -> Result<DiscoveredMetadata, ProviderError> {
        let mut metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "end_session_endpoint": format!("{issuer}/logout"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        metadata[changed] = json!(url);
        DiscoveredMetadata::new(serde_json::from_value(metadata).unwrap())
    }

    #[test]
    fn a_provider_with_tls_names_no_endpoint_without() {
        for endpoint in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
            "revocation_endpoint",
            "end_session_endpoint",
        ] {
            let judged = |issuer, url| known(issuer, endpoint, url).is_ok();
            assert!(judged("https://id.test", "https://other.test/"));
            assert!(!judged("https://id.test", "http://id.test/"), "{endpoint}");
            assert!(judged("http://localhost:1", "http://localhost:1/"));
        }
    }
}
