//! Single flight for code exchanges: one exchange per state, shared by every request that asks.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::error::SignInError;
use crate::domain::{ClientIp, Timestamp};
use crate::sign_in::limits::{Limit, Limited, NetworkWindows, Origin};
use crate::sign_in::session::StartedSession;

/// How long a success is kept after the exchange began, for a browser that reloads.
const SUCCESS_KEPT: Duration = Duration::from_mins(1);
/// How long a failure is kept. Shorter, because anyone can cause failures with made-up codes.
const FAILURE_KEPT: Duration = Duration::from_secs(30);
/// Bounds the memory that a flood of made-up callbacks can take.
const MAX_EXCHANGES: usize = 10_000;
/// Networks that are counted at the same time; about 6 MB when full.
const NETWORKS: usize = 10_000;

/// The result of an exchange. Every request that waits for the exchange gets the same one.
pub type ExchangeResult = Arc<Result<StartedSession, SignInError>>;

/// Why no exchange was started. The code has not been used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeRefused {
    /// Too many exchanges are under way.
    Busy,
    /// The network has reached its limit.
    Limited(Limited),
}

/// An exchange that is under way or was finished at most a minute ago.
#[derive(Debug, Clone)]
pub(super) struct Exchange(watch::Receiver<Option<Finished>>);

#[derive(Debug, Clone)]
struct Finished {
    kept_until: Timestamp,
    result: ExchangeResult,
}

/// All exchanges by state.
pub(super) struct Exchanges {
    by_state: DashMap<String, Exchange>,
    permits: Arc<Semaphore>,
    failures: NetworkWindows,
    max: usize,
}

/// The side of an exchange that carries it out and publishes the result.
#[derive(Debug)]
pub(super) struct Leader {
    state: String,
    sender: watch::Sender<Option<Finished>>,
    started_at: Timestamp,
    client_ip: ClientIp,
    _permit: OwnedSemaphorePermit,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self::with_capacity(MAX_EXCHANGES)
    }
}

impl Exchanges {
    fn with_capacity(max: usize) -> Self {
        Self {
            by_state: DashMap::new(),
            permits: Arc::new(Semaphore::new(max)),
            failures: NetworkWindows::new(&[Limit::FailedProviderSignIns.rule()], NETWORKS),
            max,
        }
    }

    /// Joins the exchange of a state. The first caller also gets the [`Leader`] and must carry the
    /// exchange out.
    pub(super) fn join(
        &self,
        state: &str,
        client_ip: ClientIp,
        now: Timestamp,
    ) -> Result<(Exchange, Option<Leader>), ExchangeRefused> {
        self.make_room();
        let entry = match self.by_state.entry(state.to_owned()) {
            Entry::Occupied(existing) => return Ok((existing.get().clone(), None)),
            Entry::Vacant(entry) => entry,
        };
        let permit = Arc::clone(&self.permits)
            .try_acquire_owned()
            .map_err(|_| ExchangeRefused::Busy)?;
        self.failures
            .take(Origin::Unknown(client_ip), now)
            .map_err(ExchangeRefused::Limited)?;
        let (sender, receiver) = watch::channel(None);
        let exchange = Exchange(receiver);
        entry.insert(exchange.clone());
        let leader = Leader {
            state: state.to_owned(),
            sender,
            started_at: now,
            client_ip,
            _permit: permit,
        };
        Ok((exchange, Some(leader)))
    }

    pub(super) fn find(&self, state: &str, now: Timestamp) -> Option<Exchange> {
        let exchange = self.by_state.get(state)?;
        exchange.is_kept(now).then(|| Exchange::clone(&exchange))
    }

    /// Publishes the result and keeps it for a while. Then forgets the exchange.
    pub(super) async fn finish(&self, leader: Leader, result: Result<StartedSession, SignInError>) {
        let kept = if result.is_ok() {
            self.failures.give_back(Origin::Unknown(leader.client_ip));
            SUCCESS_KEPT
        } else {
            FAILURE_KEPT
        };
        let Leader {
            state,
            sender,
            started_at,
            _permit: permit,
            ..
        } = leader;
        sender.send_replace(Some(Finished {
            kept_until: started_at.plus(kept),
            result: Arc::new(result),
        }));
        drop(permit);
        tokio::time::sleep(kept).await;
        self.forget(&state, &sender);
    }

    /// Drops failures when the map is full. Requests that wait for a failure hold it themselves.
    fn make_room(&self) {
        if self.by_state.len() >= self.max {
            self.by_state.retain(|_, exchange| !exchange.has_failed());
        }
    }

    /// Leaves a newer exchange of the same state alone.
    fn forget(&self, state: &str, sender: &watch::Sender<Option<Finished>>) {
        let own = sender.subscribe();
        self.by_state
            .remove_if(state, |_, exchange| exchange.0.same_channel(&own));
    }
}

impl Exchange {
    /// Waits for the result. The provider's timeouts bound the wait.
    pub(super) async fn result(&self) -> ExchangeResult {
        let mut receiver = self.0.clone();
        let finished = receiver.wait_for(Option::is_some).await;
        match finished.as_deref() {
            Ok(Some(finished)) => Arc::clone(&finished.result),
            _ => Arc::new(Err(SignInError::Interrupted)),
        }
    }

    fn has_failed(&self) -> bool {
        let finished = self.0.borrow();
        finished.as_ref().is_some_and(|it| it.result.is_err())
    }

    fn is_kept(&self, now: Timestamp) -> bool {
        let finished = self.0.borrow();
        finished.as_ref().is_none_or(|it| now < it.kept_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_in::provider::ProviderError;

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    fn client_ip() -> ClientIp {
        ClientIp::new("192.0.2.1".parse().unwrap())
    }

    fn fail(leader: Leader) {
        leader.sender.send_replace(Some(Finished {
            kept_until: NOW.plus(FAILURE_KEPT),
            result: Arc::new(Err(ProviderError::GrantRefused("made up".to_owned()).into())),
        }));
    }

    #[test]
    fn failures_keep_nobody_out_and_only_those_under_way_do() {
        let exchanges = Exchanges::with_capacity(4);
        let join = |state: &str| exchanges.join(state, client_ip(), NOW);
        fail(join("first").unwrap().1.unwrap());
        assert!(join("first").unwrap().1.is_none());
        for number in 0..40 {
            fail(join(&format!("failed {number}")).unwrap().1.unwrap());
            assert!(exchanges.by_state.len() <= 4);
        }
        let under_way: Vec<_> = (0..4)
            .map(|number| join(&format!("under way {number}")).unwrap().1.unwrap())
            .collect();
        assert_eq!(join("one more").unwrap_err(), ExchangeRefused::Busy);
        // A reload does not need another permit.
        assert!(join("under way 0").unwrap().1.is_none());
        drop(under_way);
        assert!(join("one more").is_ok());
    }

    #[test]
    fn a_forgotten_failure_does_not_take_its_successor_with_it() {
        let exchanges = Exchanges::with_capacity(2);
        let join = |state| {
            let joined = exchanges.join(state, client_ip(), NOW).unwrap();
            joined.1.unwrap()
        };
        let older = join("state");
        exchanges.by_state.clear();
        let newer = join("state");
        exchanges.forget("state", &older.sender);
        assert_eq!(exchanges.by_state.len(), 1);
        exchanges.forget("state", &newer.sender);
        assert!(exchanges.by_state.is_empty());
    }

    #[actix_web::test]
    async fn an_exchange_whose_leader_is_gone_ends_with_an_error() {
        let exchanges = Exchanges::with_capacity(1);
        let (exchange, leader) = exchanges.join("state", client_ip(), NOW).unwrap();
        drop(leader);
        let result = exchange.result().await;
        assert!(matches!(*result, Err(SignInError::Interrupted)));
    }
}
