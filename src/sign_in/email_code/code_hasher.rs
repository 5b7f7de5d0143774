//! Hashing codes with argon2id, on a fixed number of threads.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use hkdf::hmac::digest::CtOutput;
use rand::Rng;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::sync::oneshot;

use super::hash_pool::HashPool;
use crate::domain::SignInCode;
use crate::domain::{CodeHash, CodeSalt, HashedCode};
use crate::keys::Keys;
use crate::metrics::Metrics;

/// How long a request waits for its turn. After that its hash is not started.
const TURN_WAIT: Duration = Duration::from_secs(2);
/// 8 MiB, one pass, one lane. Six digits are 20 bits, so no cost per guess protects a stolen file; the pepper does. A
/// heavier hash would only help a flood of requests.
const MEMORY_KIB: u32 = 8 * 1024;

/// Hashes and compares codes. The number of threads is a bound under any load.
#[derive(Clone)]
pub struct CodeHasher {
    keys: Keys,
    threads: usize,
    pool: Arc<OnceLock<HashPool>>,
    metrics: Metrics,
}

#[derive(Debug, Error)]
pub enum HashError {
    /// The pool had no turn within two seconds.
    #[error("no turn at hashing came in time")]
    Busy,
    /// A defect.
    #[error("a code could not be hashed: {0}")]
    Failed(String),
}

impl CodeHasher {
    /// A pool of `threads` threads, which start with the first hash.
    pub fn new(keys: Keys, threads: usize) -> Self {
        Self {
            keys,
            threads,
            pool: Arc::default(),
            metrics: Metrics::default(),
        }
    }

    /// Measures waits and hashes with `metrics`.
    #[must_use]
    pub fn watched_by(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Hashes a code with a new salt.
    pub async fn hash(&self, code: &SignInCode) -> Result<HashedCode, HashError> {
        let mut salt = [0; 16];
        rand::rng().fill_bytes(&mut salt);
        let digits = code.expose().to_owned();
        let pepper = self.keys.current.pepper();
        let hash = self
            .in_turn(move |memory| argon2id(&digits, &salt, &pepper, memory))
            .await?;
        Ok(HashedCode {
            hash: CodeHash(hash),
            salt: CodeSalt(salt),
        })
    }

    /// The position of the first hash that matches `code`, under the current key or the previous one. All comparisons
    /// take one turn: either all are made, or none.
    pub async fn find(
        &self,
        code: &SignInCode,
        kept: Vec<HashedCode>,
    ) -> Result<Option<usize>, HashError> {
        let digits = code.expose().to_owned();
        let peppers: Vec<_> = self.keys.all().map(|key| key.pepper()).collect();
        self.in_turn(move |memory| {
            for (position, kept) in kept.iter().enumerate() {
                let mut right = false;
                for pepper in &peppers {
                    right |= same(
                        &argon2id(&digits, &kept.salt.0, pepper, memory)?,
                        &kept.hash.0,
                    );
                }
                if right {
                    return Ok(Some(position));
                }
            }
            Ok(None)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut [Block]) -> Result<T, argon2::Error> + Send + 'static,
    ) -> Result<T, HashError> {
        let (waiting, begun) = (self.metrics.hash_waits(), Instant::now());
        let metrics = self.metrics.clone();
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |memory: &mut [Block]| {
            drop(waiting);
            if !answer.is_closed() {
                let _running = metrics.hash_begins(begun.elapsed());
                // The request may have ended meanwhile.
                let _gone = answer.send(work(memory));
            }
        });
        if !self.pool()?.put(job) {
            return Err(HashError::Failed("no thread is left".to_owned()));
        }
        tokio::time::timeout(TURN_WAIT, answered)
            .await
            .map_err(|_| HashError::Busy)?
            .map_err(|e| HashError::Failed(e.to_string()))?
            .map_err(|e| HashError::Failed(e.to_string()))
    }

    fn pool(&self) -> Result<&HashPool, HashError> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let started = HashPool::start(self.threads, MEMORY_KIB as usize)
            .map_err(|e| HashError::Failed(e.to_string()))?;
        // If two threads start a pool at once, the second pool is dropped.
        Ok(self.pool.get_or_init(|| started))
    }
}

fn argon2id(
    digits: &str,
    salt: &[u8; 16],
    pepper: &[u8; 32],
    memory: &mut [Block],
) -> Result<[u8; 32], argon2::Error> {
    let params = Params::new(MEMORY_KIB, 1, 1, Some(32))?;
    let argon2 = Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params)?;
    let mut hash = [0; 32];
    argon2.hash_password_into_with_memory(digits.as_bytes(), salt, &mut hash, memory)?;
    Ok(hash)
}

/// Compares in constant time.
fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let output = |hash: &[u8; 32]| CtOutput::<Sha256>::new(<Sha256 as Digest>::digest(hash));
    output(one) == output(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SecretKey;

    fn hasher(current: &SecretKey, previous: Option<&SecretKey>) -> CodeHasher {
        CodeHasher::new(
            Keys {
                current: current.clone(),
                previous: previous.cloned(),
            },
            2,
        )
    }

    #[test]
    fn a_hash_is_what_argon2id_makes_of_eight_mebibytes_in_one_pass() {
        let (salt, pepper) = ([7; 16], [9; 32]);
        let params = Params::new(8_192, 1, 1, Some(32)).unwrap();
        let argon2 =
            Argon2::new_with_secret(&pepper, Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut expected = [0; 32];
        argon2
            .hash_password_into(b"042917", &salt, &mut expected)
            .unwrap();
        let mut memory = vec![Block::default(); MEMORY_KIB as usize];
        let hash = argon2id("042917", &salt, &pepper, &mut memory).unwrap();
        assert_eq!(hash, expected);
    }

    #[tokio::test]
    async fn a_code_is_recognised_under_its_key_and_under_no_other() {
        let [old, new] = [(); 2].map(|()| SecretKey::generate(&mut rand::rng()));
        let code = SignInCode::parse("042917").unwrap();
        let kept = hasher(&old, None).hash(&code).await.unwrap();
        let other = SignInCode::parse("042918").unwrap();
        let other_kept = hasher(&old, None).hash(&other).await.unwrap();
        for (current, previous, code, kept, expected) in [
            (&old, None, &code, vec![kept.clone()], Some(0)),
            (&new, Some(&old), &code, vec![kept.clone()], Some(0)),
            (&new, None, &code, vec![kept.clone()], None),
            (&old, None, &other, vec![kept.clone()], None),
            (&old, None, &other, vec![kept, other_kept], Some(1)),
        ] {
            let found = hasher(current, previous).find(code, kept).await.unwrap();
            assert_eq!(found, expected);
        }
    }

    // SECURITY rule 3: a try that needs two comparisons makes both or none. The second cannot time out alone.
    #[tokio::test]
    async fn all_that_a_code_may_be_is_compared_in_one_turn() {
        let metrics = Metrics::default();
        let key = SecretKey::generate(&mut rand::rng());
        let hasher = hasher(&key, None).watched_by(metrics.clone());
        let code = SignInCode::parse("042917").unwrap();
        let kept = hasher.hash(&code).await.unwrap();
        let wrong = SignInCode::parse("042918").unwrap();
        let all = vec![kept.clone(), kept];
        assert_eq!(hasher.find(&wrong, all).await.unwrap(), None);
        let turns = "vestibule_hash_wait_seconds_count 2";
        assert!(metrics.text().lines().any(|line| line == turns));
    }

    #[tokio::test]
    async fn the_same_code_is_never_kept_the_same_way_twice() {
        let hasher = hasher(&SecretKey::generate(&mut rand::rng()), None);
        let code = SignInCode::parse("000000").unwrap();
        assert_ne!(
            hasher.hash(&code).await.unwrap(),
            hasher.hash(&code).await.unwrap()
        );
    }
}
