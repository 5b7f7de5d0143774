//! The token endpoint's response from both kinds of provider, and the client type that parses it.

use std::fmt;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, Client, DiscoveryError, EmptyAdditionalClaims, EndpointNotSet, EndpointSet,
    IdToken, OAuth2TokenResponse, RefreshToken, RequestTokenError, Scope, TokenResponse,
    UserInfoError,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::error::{ErrorBody, ProviderError};

/// `openidconnect`'s client with our response and error types.
pub(super) type TokenClient = Client<
    EmptyAdditionalClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    ErrorBody,
    TokenEndpointResponse,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
>;

/// The response of a token endpoint.
///
/// `AuthKit` sends user and organization, and neither `token_type` nor `expires_in` nor an ID token.
/// The ID token stays a string: it later becomes the logout page's hint, and a malformed ID token
/// must not make the whole response unreadable.
#[derive(Serialize, Deserialize)]
pub(super) struct TokenEndpointResponse {
    pub(super) access_token: AccessToken,
    pub(super) refresh_token: Option<RefreshToken>,
    pub(super) expires_in: Option<u64>,
    pub(super) id_token: Option<String>,
    pub(super) user: Option<User>,
    /// `None`: not in the answer. `Some(None)`: the user signed in to no organization.
    #[serde(default, deserialize_with = "present")]
    pub(super) organization_id: Option<Option<String>>,
    pub(super) impersonator: Option<Impersonator>,
    /// A string in `AuthKit`'s answer. Anything else is ignored.
    #[serde(default)]
    pub(super) authentication_method: Value,
    #[serde(skip, default = "bearer")]
    token_type: CoreTokenType,
}

/// `AuthKit`'s user object.
#[derive(Serialize, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: Option<String>,
    pub(super) email_verified: Option<bool>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
}

/// The admin who impersonates the user.
#[derive(Serialize, Deserialize)]
pub(super) struct Impersonator {
    pub(super) email: String,
    pub(super) reason: Option<String>,
}

fn present<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(d).map(Some)
}

fn bearer() -> CoreTokenType {
    CoreTokenType::Bearer
}

impl fmt::Debug for TokenEndpointResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenAnswer(……)")
    }
}

impl OAuth2TokenResponse for TokenEndpointResponse {
    type TokenType = CoreTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &CoreTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

impl
    TokenResponse<
        EmptyAdditionalClaims,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    > for TokenEndpointResponse
{
    /// `verify` parses the ID token from the string.
    fn id_token(
        &self,
    ) -> Option<
        &IdToken<
            EmptyAdditionalClaims,
            CoreGenderClaim,
            CoreJweContentEncryptionAlgorithm,
            CoreJwsSigningAlgorithm,
        >,
    > {
        None
    }
}

// A response that cannot be parsed may contain tokens, so errors name only the JSON path.

impl From<RequestTokenError<Self, ErrorBody>> for ProviderError {
    fn from(error: RequestTokenError<Self, ErrorBody>) -> Self {
        match error {
            RequestTokenError::Request(error) => error,
            RequestTokenError::Parse(error, _) => unreadable(error.path()),
            RequestTokenError::ServerResponse(body) => Self::untrusted(body),
            RequestTokenError::Other(message) => Self::untrusted(message),
        }
    }
}

impl From<DiscoveryError<Self>> for ProviderError {
    fn from(error: DiscoveryError<Self>) -> Self {
        match error {
            DiscoveryError::Request(error) => error,
            DiscoveryError::Parse(error) => unreadable(error.path()),
            other => Self::untrusted(other),
        }
    }
}

impl From<UserInfoError<Self>> for ProviderError {
    fn from(error: UserInfoError<Self>) -> Self {
        match error {
            // This request carries the access token, not our credentials.
            UserInfoError::Request(
                Self::CredentialsRejected(message) | Self::Forbidden(message),
            ) => Self::untrusted(format!("its own access token is refused: {message}")),
            UserInfoError::Request(error) => error,
            UserInfoError::Parse(error) => unreadable(error.path()),
            UserInfoError::ClaimsVerification(error) => {
                Self::untrusted(format!("user info: {error}"))
            }
            other => Self::untrusted(other),
        }
    }
}

fn unreadable(path: impl fmt::Display) -> ProviderError {
    ProviderError::untrusted(format!("its JSON can't be read at `{path}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    // SECURITY rule 4: no token in a log. And the library gets what its trait asks for.
    #[test]
    fn an_answer_says_what_it_holds_to_the_library_and_nothing_to_a_log() {
        let answer = r#"{"access_token":"s3cret","refresh_token":"s3cret too","expires_in":300}"#;
        let answer: TokenEndpointResponse = serde_json::from_str(answer).unwrap();
        assert_eq!(format!("{answer:?}"), "TokenAnswer(……)");
        assert_eq!(
            OAuth2TokenResponse::expires_in(&answer),
            Some(Duration::from_mins(5))
        );
        let refresh_token = OAuth2TokenResponse::refresh_token(&answer);
        assert_eq!(refresh_token.unwrap().secret(), "s3cret too");
        assert_eq!(answer.scopes(), None);
    }
}
