//! Keys that verify the signature over a token as the provider sent it.

use std::fmt;

use openidconnect::core::{
    CoreJsonWebKey, CoreJsonWebKeyType, CoreJsonWebKeyUse, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyId, JsonWebKeySet, SignatureVerificationError,
};
use serde::{Deserialize, Serialize};

use super::jwks::Jwks;

/// One of the provider's keys, for one token. `openidconnect` computes signatures over the claims that it parsed, from
/// which [`verify::parse`](super::verify::parse) has left some out. This key verifies what was sent instead.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct TokenKey {
    key: CoreJsonWebKey,
    signing_input: String,
}

/// The keys for one token.
pub(super) fn keys_for(keys: &Jwks, signing_input: &str) -> JsonWebKeySet<TokenKey> {
    let keys = keys.keys().iter().map(|key| TokenKey {
        key: key.clone(),
        signing_input: signing_input.to_owned(),
    });
    JsonWebKeySet::new(keys.collect())
}

impl JsonWebKey for TokenKey {
    type KeyUse = CoreJsonWebKeyUse;
    type SigningAlgorithm = CoreJwsSigningAlgorithm;

    fn key_id(&self) -> Option<&JsonWebKeyId> {
        self.key.key_id()
    }

    fn key_type(&self) -> &CoreJsonWebKeyType {
        self.key.key_type()
    }

    fn key_use(&self) -> Option<&CoreJsonWebKeyUse> {
        self.key.key_use()
    }

    fn signing_alg(&self) -> JsonWebKeyAlgorithm<&CoreJwsSigningAlgorithm> {
        self.key.signing_alg()
    }

    /// Verifies no token: symmetric signatures are refused.
    fn new_symmetric(key: Vec<u8>) -> Self {
        Self {
            key: CoreJsonWebKey::new_symmetric(key),
            signing_input: String::new(),
        }
    }

    /// Ignores the message in favour of the signing input.
    fn verify_signature(
        &self,
        algorithm: &CoreJwsSigningAlgorithm,
        _: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureVerificationError> {
        self.key
            .verify_signature(algorithm, self.signing_input.as_bytes(), signature)
    }

    fn hash_bytes(
        &self,
        bytes: &[u8],
        algorithm: &CoreJwsSigningAlgorithm,
    ) -> Result<Vec<u8>, String> {
        self.key.hash_bytes(bytes, algorithm)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(……)")
    }
}
