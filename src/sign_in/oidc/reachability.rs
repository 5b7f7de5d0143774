//! Whether the provider can be reached, by a background probe and by the outcome of requests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use log::{info, warn};

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::sign_in::provider::{Provider, ProviderError};

const PROBE_EVERY: Duration = Duration::from_secs(10);
/// One failure may be chance.
const FAILURES_UNTIL_DOWN: u32 = 2;

/// Two failures in a row make the provider unreachable; one answer makes it reachable again.
#[derive(Debug)]
pub struct Reachability {
    failures_in_a_row: AtomicU32,
    clock: Clock,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    since: Option<Timestamp>,
    last_failure: Option<(Timestamp, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachabilityStatus {
    pub reachable: bool,
    /// When `reachable` last changed; `None` before the first answer.
    pub since: Option<Timestamp>,
    /// When the provider last did not answer, and why.
    pub last_failure: Option<(Timestamp, String)>,
}

impl Reachability {
    /// Assumes that the provider is reachable until two requests have failed.
    pub fn new(clock: Clock) -> Self {
        Self {
            failures_in_a_row: AtomicU32::new(0),
            clock,
            history: Mutex::default(),
        }
    }

    pub fn status(&self) -> ReachabilityStatus {
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        ReachabilityStatus {
            reachable: self.is_reachable(),
            since: history.since,
            last_failure: history.last_failure.clone(),
        }
    }

    pub fn is_reachable(&self) -> bool {
        self.failures_in_a_row.load(Ordering::Relaxed) < FAILURES_UNTIL_DOWN
    }

    /// Takes the outcome of a request into account. A refusal is an answer.
    pub(super) fn note<T>(&self, outcome: &Result<T, ProviderError>) {
        let now = self.clock.now();
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            // Visitors can cause this, so it must not count as an outage (SECURITY rule 32).
            Err(ProviderError::Unreachable {
                rate_limited: true, ..
            }) => {}
            Err(ProviderError::Unreachable { reason, .. }) => {
                let failures = self.failures_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
                history.last_failure = Some((now, reason.clone()));
                if failures == FAILURES_UNTIL_DOWN {
                    history.since = Some(now);
                    warn!("WorkOS can’t be reached: {reason}");
                }
            }
            _ => {
                let failures = self.failures_in_a_row.swap(0, Ordering::Relaxed);
                if failures >= FAILURES_UNTIL_DOWN {
                    history.since = Some(now);
                    info!("WorkOS can be reached again");
                }
                history.since.get_or_insert(now);
            }
        }
    }

    /// Probes the provider until it is dropped.
    pub(super) async fn run(self: Arc<Self>, provider: Provider) {
        let mut ticks = tokio::time::interval(PROBE_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.note(&provider.probe().await);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_failure_in_a_row_makes_it_unreachable_and_since_when_and_why_is_told() {
        let clock = Clock::manual(Timestamp(1_000));
        let reachability = Reachability::new(clock.clone());
        let status = |reachable, since: Option<i64>, failed: Option<i64>| ReachabilityStatus {
            reachable,
            since: since.map(Timestamp),
            last_failure: failed.map(|at| (Timestamp(at), "no answer".to_owned())),
        };
        let note = |at, answers: bool| {
            clock.advance(Duration::from_secs(1));
            assert_eq!(clock.now(), Timestamp(at));
            let down = ProviderError::Unreachable {
                reason: "no answer".to_owned(),
                retry_after: None,
                rate_limited: false,
            };
            reachability.note(&answers.then_some(()).ok_or(down));
            reachability.status()
        };
        assert_eq!(reachability.status(), status(true, None, None));
        assert_eq!(note(2_000, true), status(true, Some(2_000), None));
        assert_eq!(note(3_000, false), status(true, Some(2_000), Some(3_000)));
        assert_eq!(note(4_000, true), status(true, Some(2_000), Some(3_000)));
        assert_eq!(note(5_000, false), status(true, Some(2_000), Some(5_000)));
        assert_eq!(note(6_000, false), status(false, Some(6_000), Some(6_000)));
        assert_eq!(note(7_000, false), status(false, Some(6_000), Some(7_000)));
        assert_eq!(note(8_000, true), status(true, Some(8_000), Some(7_000)));
    }
}
