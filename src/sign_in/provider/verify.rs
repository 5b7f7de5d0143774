//! Verification of ID tokens and of `AuthKit`'s access tokens.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, ClaimsVerificationError, ClientId, IdToken,
    IdTokenClaims, IdTokenVerifier, IssuerUrl, JsonWebTokenType, Nonce,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::ProviderError;
use super::jwks::Jwks;
use super::token_key::{TokenKey, keys_for};
use crate::domain::Timestamp;

/// The clock skew between the provider and us that token expiry allows for.
const SKEW: Duration = Duration::from_secs(60);
/// The longest subject, in characters.
const MAX_SUBJECT_CHARS: usize = 255;

/// Claims beyond the standard ones. A claim that is not a string is ignored: another provider may
/// use the name for something else.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct ExtraClaims {
    #[serde(default)]
    sid: Value,
    #[serde(default)]
    org_id: Value,
    #[serde(default)]
    client_id: Value,
}

impl AdditionalClaims for ExtraClaims {}

impl ExtraClaims {
    pub(super) fn session_id(&self) -> Option<String> {
        self.sid.as_str().map(str::to_owned)
    }

    pub(super) fn organization(&self) -> Option<String> {
        self.org_id.as_str().map(str::to_owned)
    }
}

pub(super) type Claims = IdTokenClaims<ExtraClaims, CoreGenderClaim>;

/// A token whose signature is not verified yet.
pub(super) struct SignedToken {
    /// Has only the claims of [`USED_CLAIMS`].
    token: ParsedToken,
    /// What the provider has signed (RFC 7515, 5.1).
    signing_input: String,
}

/// `AuthKit`'s access token has the same claims as an ID token, so one type parses both.
type ParsedToken = IdToken<
    ExtraClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Verified = Result<Claims, ClaimsVerificationError>;

/// The claims that this console reads. `openidconnect` refuses a token for a wrong type of any claim that it knows, so
/// the others are left out.
const USED_CLAIMS: [&str; 18] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nonce",
    "azp",
    "at_hash",
    "acr",
    "amr",
    "name",
    "given_name",
    "family_name",
    "email",
    "email_verified",
    "sid",
    "org_id",
    "client_id",
];

/// Parses a token. A missing mandatory claim is an error, and so is a wrong type of a claim that a check depends on.
pub(super) fn parse(token: &str) -> Result<SignedToken, ProviderError> {
    // The parser's own message would repeat parts of the token.
    parse_used_claims(token).ok_or_else(|| ProviderError::untrusted("a token can't be read"))
}

fn parse_used_claims(token: &str) -> Option<SignedToken> {
    let (signing_input, signature) = token.rsplit_once('.')?;
    let (header, payload) = signing_input.split_once('.')?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let mut claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
    claims.retain(|name, _| USED_CLAIMS.contains(&name.as_str()));
    correct_authentication_claims(&mut claims);
    let claims = URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string());
    Some(SignedToken {
        token: ParsedToken::from_str(&format!("{header}.{claims}.{signature}")).ok()?,
        signing_input: signing_input.to_owned(),
    })
}

/// `amr` and `acr` are only shown, so a wrong type is no error. Some providers send one `amr` as a string.
fn correct_authentication_claims(claims: &mut Map<String, Value>) {
    if let Some(methods) = claims.remove("amr") {
        let mut methods = match methods {
            Value::Array(methods) => methods,
            method => vec![method],
        };
        methods.retain(Value::is_string);
        claims.insert("amr".to_owned(), Value::Array(methods));
    }
    if !claims.get("acr").is_some_and(Value::is_string) {
        claims.remove("acr");
    }
}

/// The asymmetric algorithms that `openidconnect` can verify.
const ASYMMETRIC: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What an ID token must match.
pub(super) struct IdTokenRules<'r> {
    pub(super) issuer: &'r IssuerUrl,
    pub(super) client_id: &'r ClientId,
    /// As the provider announces them. Symmetric algorithms are ignored.
    pub(super) algorithms: &'r [CoreJwsSigningAlgorithm],
    /// The nonce of the flow; `None` at a refresh, where the ID token has no nonce
    /// (`OpenID` Connect Core, 12.2).
    pub(super) nonce: Option<Nonce>,
    pub(super) access_token: &'r AccessToken,
    pub(super) now: Timestamp,
}

/// Verifies an ID token (`OpenID` Connect Core, 3.1.3.7).
pub(super) fn id_token(token: &SignedToken, keys: &Jwks, rules: &IdTokenRules<'_>) -> Verified {
    let algorithms = rules.algorithms.iter().filter(|a| ASYMMETRIC.contains(a));
    let keys = keys_for(keys, &token.signing_input);
    let token = &token.token;
    let verifier =
        IdTokenVerifier::new_public_client(rules.client_id.clone(), rules.issuer.clone(), keys)
            .set_allowed_algs(algorithms.cloned())
            .set_time_fn(|| time_for_expiry(rules.now).into());
    let claims = match &rules.nonce {
        Some(nonce) => token.claims(&verifier, nonce)?,
        None => token.claims(&verifier, |_: Option<&Nonce>| Ok(()))?,
    };
    if claims
        .authorized_party()
        .is_some_and(|azp| azp != rules.client_id)
    {
        return Err(ClaimsVerificationError::InvalidAudience(
            "it was made for another party".to_owned(),
        ));
    }
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = token.signing_alg().map_err(in_signature)?;
        let key = token.signing_key(&verifier).map_err(in_signature)?;
        let actual = AccessTokenHash::from_token(rules.access_token, algorithm, key)
            .map_err(|e| ClaimsVerificationError::Other(e.to_string()))?;
        if actual != *expected {
            return Err(ClaimsVerificationError::Other(
                "at_hash is another access token's".to_owned(),
            ));
        }
    }
    required_subject(claims)
}

/// Verifies `AuthKit`'s access token. Its issuer differs between environments and is not checked.
/// The key set belongs to the client, so the signature proves the audience. `client_id` and `aud`
/// are checked where the token has them.
pub(super) fn access_token(
    token: &SignedToken,
    keys: &Jwks,
    issuer: &IssuerUrl,
    client_id: &ClientId,
    now: Timestamp,
) -> Verified {
    let types = ["JWT", "at+jwt"]
        .into_iter()
        .filter_map(|name| JsonWebTokenType::new(name.to_owned()).normalize().ok());
    let keys = keys_for(keys, &token.signing_input);
    let token = &token.token;
    let verifier: IdTokenVerifier<'_, TokenKey> =
        IdTokenVerifier::new_public_client(client_id.clone(), issuer.clone(), keys)
            .set_allowed_algs([CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256])
            .set_allowed_jose_types(types)
            .require_issuer_match(false)
            .require_audience_match(false)
            .set_time_fn(|| time_for_expiry(now).into());
    let claims = token.claims(&verifier, |_: Option<&Nonce>| Ok(()))?;
    let audiences = claims.audiences();
    let is_audience = audiences.is_empty() || audiences.iter().any(|aud| **aud == **client_id);
    let named = &claims.additional_claims().client_id;
    let is_named = named.is_null() || named.as_str() == Some(client_id.as_str());
    if is_audience && is_named {
        required_subject(claims)
    } else {
        Err(ClaimsVerificationError::InvalidAudience(
            "it was made for another client".to_owned(),
        ))
    }
}

/// All users with an empty subject would share one identity. The limit of the length is `OpenID` Connect's
/// (Core, 2) and that of the database column.
fn required_subject(claims: &Claims) -> Verified {
    let problem = match claims.subject().chars().count() {
        0 => "it is empty",
        1..=MAX_SUBJECT_CHARS => return Ok(claims.clone()),
        _ => "it is too long",
    };
    Err(ClaimsVerificationError::InvalidSubject(problem.to_owned()))
}

/// The verifier has no setting for clock skew, so it gets an earlier time. It takes a `chrono`
/// value, which the standard library's type converts into.
fn time_for_expiry(now: Timestamp) -> SystemTime {
    let millis = u64::try_from(now.minus(SKEW).0).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn in_signature(error: openidconnect::SignatureVerificationError) -> ClaimsVerificationError {
    ClaimsVerificationError::SignatureVerification(error)
}
