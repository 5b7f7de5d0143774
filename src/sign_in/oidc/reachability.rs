//! Whether the provider answers: a probe in the background, and whatever else is seen.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use log::{info, warn};

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::sign_in::provider::{Provider, ProviderError};

const PROBE_EVERY: Duration = Duration::from_secs(10);
/// One failure may be chance.
const FAILURES_IN_A_ROW: u32 = 2;

/// Two failures in a row make it unreachable; one answer makes it reachable again.
#[derive(Debug)]
pub struct Reachability {
    failures: AtomicU32,
    clock: Clock,
    story: Mutex<Story>,
}

#[derive(Debug, Default)]
struct Story {
    /// When it last became reachable or unreachable; `None` before the first answer.
    since: Option<Timestamp>,
    last_failure: Option<(Timestamp, String)>,
}

/// How the provider has been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whether people should be sent there.
    pub reachable: bool,
    /// Since when; `None` before the first answer.
    pub since: Option<Timestamp>,
    /// When it last did not answer, and why.
    pub last_failure: Option<(Timestamp, String)>,
}

impl Reachability {
    /// Nothing was seen yet, and the best is assumed.
    pub fn new(clock: Clock) -> Self {
        Self {
            failures: AtomicU32::new(0),
            clock,
            story: Mutex::default(),
        }
    }

    /// How the provider has been, for whoever watches.
    pub fn seen(&self) -> Seen {
        let story = self.story.lock().unwrap_or_else(PoisonError::into_inner);
        Seen {
            reachable: self.is_reachable(),
            since: story.since,
            last_failure: story.last_failure.clone(),
        }
    }

    /// Whether people should be sent there.
    pub fn is_reachable(&self) -> bool {
        self.failures.load(Ordering::Relaxed) < FAILURES_IN_A_ROW
    }

    /// Takes note of how an exchange went. A refusal is an answer.
    pub fn note<T>(&self, outcome: &Result<T, ProviderError>) {
        let now = self.clock.now();
        let mut story = self.story.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            // Visitors can bring this about, so it says nothing of whether the provider is down.
            Err(ProviderError::Unreachable {
                too_often: true, ..
            }) => {}
            Err(ProviderError::Unreachable { reason, .. }) => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                story.last_failure = Some((now, reason.clone()));
                if failures == FAILURES_IN_A_ROW {
                    story.since = Some(now);
                    warn!("WorkOS can’t be reached: {reason}");
                }
            }
            _ => {
                if self.failures.swap(0, Ordering::Relaxed) >= FAILURES_IN_A_ROW {
                    story.since = Some(now);
                    info!("WorkOS can be reached again");
                }
                story.since.get_or_insert(now);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_failure_in_a_row_makes_it_unreachable_and_since_when_and_why_is_told() {
        let clock = Clock::manual(Timestamp(1_000));
        let reachability = Reachability::new(clock.clone());
        let seen = |reachable, since: Option<i64>, failed: Option<i64>| Seen {
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
                too_often: false,
            };
            reachability.note(&answers.then_some(()).ok_or(down));
            reachability.seen()
        };
        assert_eq!(reachability.seen(), seen(true, None, None));
        assert_eq!(note(2_000, true), seen(true, Some(2_000), None));
        assert_eq!(note(3_000, false), seen(true, Some(2_000), Some(3_000)));
        assert_eq!(note(4_000, true), seen(true, Some(2_000), Some(3_000)));
        assert_eq!(note(5_000, false), seen(true, Some(2_000), Some(5_000)));
        assert_eq!(note(6_000, false), seen(false, Some(6_000), Some(6_000)));
        assert_eq!(note(7_000, false), seen(false, Some(6_000), Some(7_000)));
        assert_eq!(note(8_000, true), seen(true, Some(8_000), Some(7_000)));
    }
}
