//! A callback's exchange with the provider, which goes on by itself: the code can be spent once, so
//! a request that goes away must not take the answer with it.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::{Failure, Flow, SignedIn, WorkOs};
use crate::domain::{Timestamp, TokenHash};
use crate::logging;
use crate::sign_in::client::Client;
use crate::sign_in::limits::{Rule, Windows};
use crate::sign_in::provider::Callback;

/// How long a sign-in is remembered from its beginning, for a browser that asks again.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How long a failure is: whoever waits for it has it at once, and anyone can make more of them.
const FAILURE_REMEMBERED: Duration = Duration::from_secs(30);
/// As many are under way at once and no more, so that a flood of made-up callbacks fills no memory.
const MOST: usize = 10_000;
/// What one network may ask the provider in vain: anyone can make up a code. A sign-in that works
/// does not count.
const IN_VAIN: Rule = Rule {
    most: 60,
    span: Duration::from_mins(1),
};
/// Networks that are counted at once; about 6 MB when full.
const NETWORKS: usize = 10_000;

/// What a callback brings.
#[derive(Debug)]
pub struct CallbackRequest {
    /// The flow that this browser kept.
    pub flow: Flow,
    /// What the provider sent.
    pub callback: Callback,
    /// Who is asking.
    pub client: Client,
    /// With what, in the browser's own words.
    pub user_agent: String,
    /// The session that this browser has already, which ends when the new one begins.
    pub older_session: Option<TokenHash>,
}

/// How an exchange ended. Whoever asked for it reads the same.
pub type Outcome = Arc<Result<SignedIn, Failure>>;

/// An exchange under way, or over for not more than a minute.
#[derive(Debug, Clone)]
pub struct Exchange(watch::Receiver<Option<Over>>);

#[derive(Debug, Clone)]
struct Over {
    remembered_until: Timestamp,
    outcome: Outcome,
}

/// Why no exchange was begun; the code is not spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotBegun {
    /// Too many are under way.
    Busy,
    /// Too many came from this network; how long to wait.
    Limited(Duration),
}

/// All of them, by the states of their flows.
pub struct Exchanges {
    known: DashMap<String, Exchange>,
    turns: Arc<Semaphore>,
    in_vain: Windows,
    most: usize,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self::up_to(MOST)
    }
}

impl Exchanges {
    fn up_to(most: usize) -> Self {
        Self {
            known: DashMap::new(),
            turns: Arc::new(Semaphore::new(most)),
            in_vain: Windows::new(vec![IN_VAIN], NETWORKS),
            most,
        }
    }

    /// Takes up a state, or finds it taken up: then there is nothing to carry out.
    fn take_up(
        &self,
        state: &str,
        client: &Client,
        now: Timestamp,
    ) -> Result<(Exchange, Option<Begun>), NotBegun> {
        self.make_room();
        let entry = match self.known.entry(state.to_owned()) {
            Entry::Occupied(known) => return Ok((known.get().clone(), None)),
            Entry::Vacant(entry) => entry,
        };
        let turn = Arc::clone(&self.turns)
            .try_acquire_owned()
            .map_err(|_| NotBegun::Busy)?;
        self.in_vain
            .take(&client.ip.network(), now)
            .map_err(|refused| NotBegun::Limited(refused.retry_after))?;
        let (sender, receiver) = watch::channel(None);
        let exchange = Exchange(receiver);
        entry.insert(exchange.clone());
        Ok((exchange, Some(Begun { sender, turn })))
    }

    /// Whoever waits for a failure holds it already, so the map need not.
    fn make_room(&self) {
        if self.known.len() >= self.most {
            self.known.retain(|_, exchange| !exchange.has_failed());
        }
    }

    /// Forgets an exchange, unless another one has begun in its place.
    fn forget(&self, state: &str, sender: &watch::Sender<Option<Over>>) {
        let own = sender.subscribe();
        self.known
            .remove_if(state, |_, known| known.0.same_channel(&own));
    }
}

/// An exchange that is to be carried out.
#[derive(Debug)]
struct Begun {
    sender: watch::Sender<Option<Over>>,
    turn: OwnedSemaphorePermit,
}

impl Exchange {
    /// Waits for the end, which the provider's time-outs bound; `None` if there will be none.
    pub async fn outcome(&self) -> Option<Outcome> {
        let mut receiver = self.0.clone();
        let over = receiver.wait_for(Option::is_some).await.ok()?;
        over.as_ref().map(|over| Arc::clone(&over.outcome))
    }

    fn has_failed(&self) -> bool {
        let over = self.0.borrow();
        over.as_ref().is_some_and(|over| over.outcome.is_err())
    }

    fn is_remembered(&self, now: Timestamp) -> bool {
        let over = self.0.borrow();
        over.as_ref().is_none_or(|over| now < over.remembered_until)
    }
}

impl WorkOs {
    /// The exchange of a flow, if one has begun and is not forgotten yet.
    pub fn exchange_of(&self, flow: &Flow) -> Option<Exchange> {
        let found = self.exchanges.known.get(flow.provider.state())?;
        found
            .is_remembered(self.clock.now())
            .then(|| Exchange::clone(&found))
    }

    /// Begins the exchange of a callback, or joins it: a state is taken up once, whoever reloads.
    ///
    /// # Errors
    /// See [`NotBegun`].
    pub fn exchange(self: &Arc<Self>, arrival: CallbackRequest) -> Result<Exchange, NotBegun> {
        let state = arrival.flow.provider.state().to_owned();
        let now = self.clock.now();
        let (exchange, begun) = self.exchanges.take_up(&state, &arrival.client, now)?;
        if let Some(begun) = begun {
            let exchange = Arc::clone(self).carry_out(state, arrival, begun);
            tokio::spawn(logging::scope(logging::request_id(), exchange));
        }
        Ok(exchange)
    }

    async fn carry_out(self: Arc<Self>, state: String, arrival: CallbackRequest, begun: Begun) {
        let Begun { sender, turn } = begun;
        let begun_at = self.clock.now();
        let network = arrival.client.ip.network();
        let outcome = Arc::new(self.finish(arrival).await);
        let span = if outcome.is_ok() {
            self.exchanges.in_vain.give_back(&network);
            REMEMBERED
        } else {
            FAILURE_REMEMBERED
        };
        sender.send_replace(Some(Over {
            remembered_until: begun_at.plus(span),
            outcome,
        }));
        drop(turn);
        tokio::time::sleep(span).await;
        self.exchanges.forget(&state, &sender);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BrowserName, ClientIp};

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    fn from(ip: &str) -> Client {
        Client {
            ip: ClientIp::new(ip.parse().unwrap()),
            browser: BrowserName::from_user_agent(""),
            device: None,
        }
    }

    fn failed(begun: Begun) {
        begun.sender.send_replace(Some(Over {
            remembered_until: NOW.plus(FAILURE_REMEMBERED),
            outcome: Arc::new(Err(Failure::CodeRefused("made up".to_owned()))),
        }));
    }

    #[test]
    fn failures_keep_nobody_out_and_only_those_under_way_do() {
        let exchanges = Exchanges::up_to(4);
        let take_up = |state: &str| exchanges.take_up(state, &from("192.0.2.1"), NOW);
        failed(take_up("first").unwrap().1.unwrap());
        assert!(take_up("first").unwrap().1.is_none());
        for number in 0..40 {
            failed(take_up(&format!("failed {number}")).unwrap().1.unwrap());
            assert!(exchanges.known.len() <= 4);
        }
        let under_way: Vec<_> = (0..4)
            .map(|number| take_up(&format!("under way {number}")).unwrap().1.unwrap())
            .collect();
        assert_eq!(take_up("one more").unwrap_err(), NotBegun::Busy);
        // Whoever reloads is not one more.
        assert!(take_up("under way 0").unwrap().1.is_none());
        drop(under_way);
        assert!(take_up("one more").is_ok());
    }

    #[test]
    fn a_forgotten_failure_does_not_take_its_successor_with_it() {
        let exchanges = Exchanges::up_to(1);
        let client = from("192.0.2.1");
        let take_up = |state| exchanges.take_up(state, &client, NOW).unwrap().1.unwrap();
        let Begun {
            sender: older,
            turn,
        } = take_up("state");
        exchanges.known.clear();
        drop(turn);
        let newer = take_up("state");
        exchanges.forget("state", &older);
        assert_eq!(exchanges.known.len(), 1);
        exchanges.forget("state", &newer.sender);
        assert!(exchanges.known.is_empty());
    }
}
