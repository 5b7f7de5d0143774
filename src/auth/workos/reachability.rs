//! Whether the provider answers: a probe in the background, and whatever else is seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use log::{info, warn};

use crate::auth::provider::{Provider, ProviderError};

const PROBE_EVERY: Duration = Duration::from_secs(10);
/// One failure may be chance.
const FAILURES_IN_A_ROW: u32 = 2;

/// Two failures in a row make it unreachable; one answer makes it reachable again.
#[derive(Debug, Default)]
pub struct Reachability {
    failures: AtomicU32,
}

impl Reachability {
    /// Whether people should be sent there.
    pub fn is_reachable(&self) -> bool {
        self.failures.load(Ordering::Relaxed) < FAILURES_IN_A_ROW
    }

    /// Takes note of how an exchange went. A refusal is an answer.
    pub fn note<T>(&self, outcome: &Result<T, ProviderError>) {
        match outcome {
            Err(ProviderError::Unreachable { reason, .. }) => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                if failures == FAILURES_IN_A_ROW {
                    warn!("WorkOS can’t be reached: {reason}");
                }
            }
            _ => {
                if self.failures.swap(0, Ordering::Relaxed) >= FAILURES_IN_A_ROW {
                    info!("WorkOS can be reached again");
                }
            }
        }
    }

    /// Probes until it is dropped.
    pub async fn keep_probing(self: Arc<Self>, provider: Provider) {
        let mut ticks = tokio::time::interval(PROBE_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.note(&provider.warm_up().await);
        }
    }
}
