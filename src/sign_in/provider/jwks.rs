//! The provider's JSON Web Key Set: cached, and fetched again when a token names an unknown key.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use openidconnect::core::CoreJsonWebKey;
use openidconnect::{
    ClaimsVerificationError, JsonWebKeySet, JsonWebKeySetUrl, SignatureVerificationError,
};
use tokio::sync::Mutex;

use super::error::ProviderError;
use super::http::Http;
use crate::domain::Timestamp;

pub(super) type Jwks = JsonWebKeySet<CoreJsonWebKey>;

/// The shortest interval between two fetches that tokens cause. Without it, bad tokens could make
/// us flood the provider.
const MIN_REFETCH_INTERVAL: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
pub(super) struct JwksSource<'s> {
    pub(super) http: &'s Http,
    pub(super) url: &'s JsonWebKeySetUrl,
}

impl JwksSource<'_> {
    pub(super) async fn fetch(self) -> Result<Jwks, ProviderError> {
        Ok(Jwks::fetch_async(self.url, self.http).await?)
    }
}

#[derive(Debug, Default)]
pub(super) struct JwksCache {
    jwks: RwLock<Option<Arc<Jwks>>>,
    refetched_at: Mutex<Option<Timestamp>>,
}

impl JwksCache {
    pub(super) fn store(&self, jwks: Jwks) -> Arc<Jwks> {
        let jwks = Arc::new(jwks);
        *self.jwks.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&jwks));
        jwks
    }

    pub(super) fn get(&self) -> Option<Arc<Jwks>> {
        let jwks = self.jwks.read().unwrap_or_else(PoisonError::into_inner);
        jwks.clone()
    }

    /// Calls `verify` with the cached keys. If they do not fit the signature, fetches the keys and
    /// calls `verify` again.
    pub(super) async fn verify_with<T>(
        &self,
        now: Timestamp,
        source: JwksSource<'_>,
        verify: impl Fn(&Jwks) -> Result<T, ClaimsVerificationError>,
    ) -> Result<T, ProviderError> {
        let tried = match self.get() {
            Some(jwks) => jwks,
            None => self.store(source.fetch().await?),
        };
        let error = match verify(&tried) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if !may_be_rotated(&error) {
            return Err(ProviderError::untrusted(with_cause(&error)));
        }
        let mut refetched_at = self.refetched_at.lock().await;
        // Another task may have fetched the keys while this one waited for the lock.
        let newer = self.get().filter(|jwks| !Arc::ptr_eq(jwks, &tried));
        let jwks = match newer {
            Some(jwks) => jwks,
            None if refetched_at.is_some_and(|at| now.since(at) < MIN_REFETCH_INTERVAL) => {
                return Err(ProviderError::untrusted(with_cause(&error)));
            }
            None => {
                *refetched_at = Some(now);
                self.store(source.fetch().await?)
            }
        };
        verify(&jwks).map_err(|e| ProviderError::untrusted(with_cause(&e)))
    }
}

/// Whether other keys may verify the signature. A token without `kid` whose key was replaced fails
/// with `CryptoError`.
fn may_be_rotated(error: &ClaimsVerificationError) -> bool {
    matches!(
        error,
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey
                | SignatureVerificationError::AmbiguousKeyId(_)
                | SignatureVerificationError::CryptoError(_)
        )
    )
}

fn with_cause(error: &ClaimsVerificationError) -> String {
    match error {
        ClaimsVerificationError::SignatureVerification(cause) => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}
