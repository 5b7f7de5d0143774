//! The provider's signing keys, kept, and fetched again when a token names one that is not there.

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

pub(super) type KeySet = JsonWebKeySet<CoreJsonWebKey>;

/// Keys are fetched for a token's sake at most this often, or bad tokens would have us flood the
/// provider.
const REFETCH_EVERY: Duration = Duration::from_secs(10);

/// Where keys come from.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) http: &'s Http,
    pub(super) url: &'s JsonWebKeySetUrl,
}

impl Source<'_> {
    pub(super) async fn fetch(self) -> Result<KeySet, ProviderError> {
        Ok(KeySet::fetch_async(self.url, self.http).await?)
    }
}

/// The keys as they were last fetched.
#[derive(Debug, Default)]
pub(super) struct Keys {
    kept: RwLock<Option<Arc<KeySet>>>,
    refetched_at: Mutex<Option<Timestamp>>,
}

impl Keys {
    pub(super) fn keep(&self, keys: KeySet) -> Arc<KeySet> {
        let keys = Arc::new(keys);
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
        keys
    }

    pub(super) fn kept(&self) -> Option<Arc<KeySet>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.clone()
    }

    /// The verdict by the keys we have; if they do not fit the signature, by those that the
    /// provider has now.
    pub(super) async fn judge<T>(
        &self,
        now: Timestamp,
        source: Source<'_>,
        verdict: impl Fn(&KeySet) -> Result<T, ClaimsVerificationError>,
    ) -> Result<T, ProviderError> {
        let tried = match self.kept() {
            Some(keys) => keys,
            None => self.keep(source.fetch().await?),
        };
        let error = match verdict(&tried) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if !may_be_rotated(&error) {
            return Err(ProviderError::untrusted(with_cause(&error)));
        }
        // Whoever waited here finds the keys that the one before has fetched.
        let mut refetched_at = self.refetched_at.lock().await;
        let newer = self.kept().filter(|kept| !Arc::ptr_eq(kept, &tried));
        let keys = match newer {
            Some(keys) => keys,
            None if refetched_at.is_some_and(|at| now.since(at) < REFETCH_EVERY) => {
                return Err(ProviderError::untrusted(with_cause(&error)));
            }
            None => {
                *refetched_at = Some(now);
                self.keep(source.fetch().await?)
            }
        };
        verdict(&keys).map_err(|e| ProviderError::untrusted(with_cause(&e)))
    }
}

/// A token without `kid` whose key was replaced has a signature that does not fit.
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
