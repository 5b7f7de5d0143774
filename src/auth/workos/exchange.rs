//! A callback's exchange with the provider, which goes on by itself: the code can be spent once, so
//! a request that goes away must not take the answer with it.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use tokio::sync::watch;

use super::{Failure, Flow, SignedIn, WorkOs};
use crate::auth::client::Client;
use crate::auth::provider::Callback;
use crate::domain::{Timestamp, TokenHash};

/// How long a sign-in is remembered from its beginning, for a browser that asks again.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How long a failure is: whoever waits for it has it at once, and anyone can make more of them.
const FAILURE_REMEMBERED: Duration = Duration::from_secs(30);
/// Past this many none is begun, so that a flood of made-up callbacks fills no memory.
const MOST: usize = 10_000;

/// What a callback brings.
#[derive(Debug)]
pub struct Arrival {
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

/// All of them, by the states of their flows.
#[derive(Debug, Default)]
pub struct Exchanges(DashMap<String, Exchange>);

impl Exchange {
    /// Waits for the end, which the provider's time-outs bound; `None` if there will be none.
    pub async fn outcome(&self) -> Option<Outcome> {
        let mut receiver = self.0.clone();
        let over = receiver.wait_for(Option::is_some).await.ok()?;
        over.as_ref().map(|over| Arc::clone(&over.outcome))
    }

    fn is_remembered(&self, now: Timestamp) -> bool {
        let over = self.0.borrow();
        over.as_ref().is_none_or(|over| now < over.remembered_until)
    }
}

impl WorkOs {
    /// The exchange of a flow, if one has begun and is not forgotten yet.
    pub fn exchange_of(&self, flow: &Flow) -> Option<Exchange> {
        let found = self.exchanges.0.get(flow.provider.state())?;
        found
            .is_remembered(self.clock.now())
            .then(|| Exchange::clone(&found))
    }

    /// Begins the exchange of a callback, or joins it: a state is taken up once, whoever reloads.
    /// `None` when too many are under way.
    pub fn exchange(self: &Arc<Self>, arrival: Arrival) -> Option<Exchange> {
        let is_full = self.exchanges.0.len() >= MOST;
        let state = arrival.flow.provider.state().to_owned();
        let entry = self.exchanges.0.entry(state.clone());
        if let Entry::Occupied(known) = &entry {
            return Some(known.get().clone());
        }
        if is_full {
            return None;
        }
        let (sender, receiver) = watch::channel(None);
        let exchange = Exchange(receiver);
        entry.insert(exchange.clone());
        tokio::spawn(Arc::clone(self).carry_out(state, arrival, sender));
        Some(exchange)
    }

    async fn carry_out(
        self: Arc<Self>,
        state: String,
        arrival: Arrival,
        sender: watch::Sender<Option<Over>>,
    ) {
        let begun_at = self.clock.now();
        let outcome = Arc::new(self.finish(arrival).await);
        let span = match &*outcome {
            Ok(_) => REMEMBERED,
            // It will have recovered when they ask again.
            Err(Failure::Database(_)) => Duration::ZERO,
            Err(_) => FAILURE_REMEMBERED,
        };
        sender.send_replace(Some(Over {
            remembered_until: begun_at.plus(span),
            outcome,
        }));
        tokio::time::sleep(span).await;
        self.exchanges.0.remove(&state);
    }
}
