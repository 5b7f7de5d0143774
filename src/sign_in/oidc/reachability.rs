//! Whether the provider can be reached. The background probe alone decides this: a visitor can cause the failure of
//! any other request (SECURITY rule 32).

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use log::{info, warn};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::sign_in::provider::{Provider, ProviderError};

const PROBE_EVERY: Duration = Duration::from_secs(10);
/// The shortest time between two probes.
const PROBES_APART: Duration = Duration::from_secs(1);
/// One failure may be chance.
const FAILURES_UNTIL_DOWN: u32 = 2;

/// Two failed probes in a row make the provider unreachable; one answer makes it reachable again.
#[derive(Debug)]
pub struct Reachability {
    failures_in_a_row: AtomicU32,
    clock: Clock,
    history: Mutex<History>,
    probes: watch::Sender<Probes>,
}

/// Single flight: requests that need a probe share the one that is under way.
#[derive(Debug, Default)]
struct Probes {
    is_wanted: bool,
    is_under_way: bool,
    /// How many probes have ended.
    ended: u64,
    last: Option<(Timestamp, ProbeOutcome)>,
}

/// What a probe has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeOutcome {
    /// The provider answers as it should.
    Up,
    /// The provider answers, but its answer is refused or cannot be used.
    Faulty,
    /// The provider does not answer, or not in time.
    Down,
}

#[derive(Debug, Default)]
struct History {
    since: Option<Timestamp>,
    last_failure: Option<(Timestamp, String)>,
    credentials_rejected: Option<(Timestamp, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachabilityStatus {
    pub reachable: bool,
    /// When `reachable` last changed; `None` before the first answer.
    pub since: Option<Timestamp>,
    /// When the provider last did not answer, and why.
    pub last_failure: Option<(Timestamp, String)>,
    /// When a refresh was last refused because of our credentials, and why. `None` after a success.
    pub credentials_rejected: Option<(Timestamp, String)>,
}

impl Reachability {
    /// Assumes that the provider is reachable until two probes have failed.
    pub fn new(clock: Clock) -> Self {
        Self {
            failures_in_a_row: AtomicU32::new(0),
            clock,
            history: Mutex::default(),
            probes: watch::Sender::default(),
        }
    }

    pub fn status(&self) -> ReachabilityStatus {
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        ReachabilityStatus {
            reachable: self.is_reachable(),
            since: history.since,
            last_failure: history.last_failure.clone(),
            credentials_rejected: history.credentials_rejected.clone(),
        }
    }

    pub fn is_reachable(&self) -> bool {
        self.failures_in_a_row.load(Ordering::Relaxed) < FAILURES_UNTIL_DOWN
    }

    /// Takes the outcome of a refresh into account, for *Health*. It says nothing about reachability.
    pub(super) fn note_credentials<T>(&self, outcome: &Result<T, ProviderError>) {
        let rejected = match outcome {
            Ok(_) => None,
            Err(ProviderError::CredentialsRejected(reason)) => {
                Some((self.clock.now(), reason.clone()))
            }
            Err(_) => return,
        };
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.credentials_rejected = rejected;
    }

    /// Triggers a probe if the provider did not answer a request.
    pub(super) fn probe_after<T>(&self, outcome: &Result<T, ProviderError>) {
        if let Err(ProviderError::Unreachable {
            rate_limited: false,
            ..
        }) = outcome
        {
            self.trigger_probe();
        }
    }

    /// The probe begins at once, or a second after the one before.
    fn trigger_probe(&self) {
        self.probes.send_modify(|probes| probes.is_wanted = true);
    }

    /// The outcome of the last probe if it ended within the last second, or else of the next one. Without an outcome
    /// within `patience` the provider counts as down. All concurrent calls share one probe.
    pub(super) async fn probe(&self, patience: Duration) -> ProbeOutcome {
        let now = self.clock.now();
        let mut probes = self.probes.subscribe();
        let (fresh, ended) = {
            let probes = probes.borrow();
            (probes.fresh_outcome(now), probes.ended)
        };
        if let Some(outcome) = fresh {
            return outcome;
        }
        self.probes.send_if_modified(|probes| {
            let is_new = !probes.is_under_way && probes.ended == ended;
            probes.is_wanted |= is_new;
            is_new
        });
        let next = probes.wait_for(|probes| probes.ended > ended);
        let last = match tokio::time::timeout(patience, next).await {
            Ok(Ok(probes)) => probes.last,
            Ok(Err(_)) | Err(_) => None,
        };
        last.map_or(ProbeOutcome::Down, |(_, outcome)| outcome)
    }

    /// Takes the outcome of a probe into account. A refusal is an answer.
    fn note(&self, outcome: &Result<(), ProviderError>) {
        let now = self.clock.now();
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            // Visitors can cause this, so it does not count as an outage.
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
        let mut wanted = self.probes.subscribe();
        loop {
            self.probes.send_modify(|probes| {
                probes.is_wanted = false;
                probes.is_under_way = true;
            });
            let outcome = provider.probe().await;
            self.note(&outcome);
            let now = self.clock.now();
            self.probes.send_modify(|probes| {
                probes.is_under_way = false;
                probes.ended += 1;
                probes.last = Some((now, ProbeOutcome::of(&outcome)));
            });
            tokio::time::sleep(PROBES_APART).await;
            if !self.is_first_failure() {
                let rest = PROBE_EVERY.saturating_sub(PROBES_APART);
                // An elapsed time-out means that the next probe is due.
                let _due = tokio::time::timeout(rest, wanted.wait_for(|p| p.is_wanted)).await;
            }
        }
    }

    /// A first failure is checked by another probe right away, so that an outage is known within seconds.
    fn is_first_failure(&self) -> bool {
        self.failures_in_a_row.load(Ordering::Relaxed) == 1
    }
}

impl Probes {
    fn fresh_outcome(&self, now: Timestamp) -> Option<ProbeOutcome> {
        let (at, outcome) = self.last?;
        // After the clock was set back, an outcome from the future is not fresh.
        let is_fresh = at <= now && now.since(at) < PROBES_APART;
        is_fresh.then_some(outcome)
    }
}

impl ProbeOutcome {
    const fn of(outcome: &Result<(), ProviderError>) -> Self {
        match outcome {
            Ok(()) => Self::Up,
            Err(ProviderError::Unreachable { .. }) => Self::Down,
            Err(_) => Self::Faulty,
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
            credentials_rejected: None,
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
