//! Keeping the provider's word fresh while somebody is signed in.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use log::{info, warn};
use tokio::sync::watch;

use super::reachability::Reachability;
use crate::clock::Clock;
use crate::db::activity::{self, NewActivity};
use crate::db::provider_sessions::{self, Renewed};
use crate::db::{Database, DatabaseError, QueryResult, SqliteConnection, sessions};
use crate::domain::{ActivityKind, SessionId, Timestamp};
use crate::keys::token_cipher::{TokenCipher, TokenKind};
use crate::logging;
use crate::sign_in::provider::{Provider, RefreshToken, Tokens};

/// No request waits longer for the provider.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// After a failure none is tried for this long.
const REST: Duration = Duration::from_secs(30);

/// Refreshes once for all concurrent requests of a session (SECURITY rule 21).
pub struct Refresher {
    provider: Provider,
    database: Database,
    clock: Clock,
    cipher: Arc<TokenCipher>,
    reachability: Arc<Reachability>,
    under_way: DashMap<SessionId, watch::Receiver<Option<Refreshed>>>,
    resting: DashMap<SessionId, Timestamp>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// The session goes on, with new tokens or, for now, without.
    GoesOn,
    /// The provider has ended it, and so it has ended here.
    Ended,
}

impl Refresher {
    /// Nothing is under way.
    pub fn new(
        provider: Provider,
        database: Database,
        clock: Clock,
        cipher: Arc<TokenCipher>,
        reachability: Arc<Reachability>,
    ) -> Self {
        Self {
            provider,
            database,
            clock,
            cipher,
            reachability,
            under_way: DashMap::new(),
            resting: DashMap::new(),
        }
    }

    /// Sees to it that a session's access token is fresh, or that the session ends.
    pub async fn keep_fresh(self: &Arc<Self>, session: SessionId) -> Refreshed {
        let now = self.clock.now();
        let resting = self.resting.get(&session).map(|since| *since);
        if resting.is_some_and(|since| is_resting(since, now)) {
            return Refreshed::GoesOn;
        }
        let mut outcome = self.join_or_begin(session);
        let finished = outcome.wait_for(Option::is_some);
        match tokio::time::timeout(LONGEST_WAIT, finished).await {
            Ok(Ok(refreshed)) => refreshed.unwrap_or(Refreshed::GoesOn),
            // Still under way, or given up: the session is not lost for that.
            Ok(Err(_)) | Err(_) => Refreshed::GoesOn,
        }
    }

    /// The refresh runs on its own: a request that goes away must not lose the rotated token.
    fn join_or_begin(self: &Arc<Self>, session: SessionId) -> watch::Receiver<Option<Refreshed>> {
        let mut begun = None;
        let receiver = self
            .under_way
            .entry(session)
            .or_insert_with(|| {
                let (sender, receiver) = watch::channel(None);
                begun = Some(sender);
                receiver
            })
            .clone();
        if let Some(sender) = begun {
            let refresher = Arc::clone(self);
            tokio::spawn(logging::scope(logging::request_id(), async move {
                let refreshed = refresher.refresh(session).await.unwrap_or_else(|e| {
                    warn!("session {} is not refreshed for now: {e}", session.0);
                    Refreshed::GoesOn
                });
                refresher.under_way.remove(&session);
                // Nobody may be waiting any more.
                let _waiting = sender.send(Some(refreshed));
            }));
        }
        receiver
    }

    async fn refresh(&self, session: SessionId) -> Result<Refreshed, DatabaseError> {
        let row = self
            .database
            .read(move |c| provider_sessions::find(c, session))
            .await?;
        let Some(row) = row else {
            return Ok(Refreshed::Ended);
        };
        if row.access_expires_at > self.clock.now().0 {
            return Ok(Refreshed::GoesOn);
        }
        let sealed = row.refresh_token.as_deref();
        let token = sealed.and_then(|sealed| {
            self.cipher
                .decrypt(session, TokenKind::RefreshToken, sealed)
        });
        let Some(token) = token else {
            // Nothing to refresh with: the session lasts as long as one of ours does.
            self.let_rest(session);
            return Ok(Refreshed::GoesOn);
        };
        let outcome = self
            .provider
            .refresh(&RefreshToken::new(token), &row.subject)
            .await;
        self.reachability.note(&outcome);
        match outcome {
            Ok(tokens) => self.store(session, tokens).await,
            Err(error) if error.ends_the_session() => {
                info!("session {} was ended by WorkOS: {error}", session.0);
                let now = self.clock.now();
                self.database
                    .write(move |c| {
                        note_ended(c, session, now)?;
                        sessions::delete_by_id(c, session)
                    })
                    .await?;
                Ok(Refreshed::Ended)
            }
            Err(error) => {
                warn!("session {} is not refreshed for now: {error}", session.0);
                self.let_rest(session);
                Ok(Refreshed::GoesOn)
            }
        }
    }

    /// Leaves the provider alone for a while, and forgets who has rested enough.
    fn let_rest(&self, session: SessionId) {
        let now = self.clock.now();
        self.resting.retain(|_, since| is_resting(*since, now));
        self.resting.insert(session, now);
    }

    /// Rotation: the older token is worth nothing any more, so the new one is kept first of all.
    async fn store(&self, session: SessionId, tokens: Tokens) -> Result<Refreshed, DatabaseError> {
        let rotated = tokens.refresh_token.as_ref();
        let renewed = Renewed {
            refresh_token: rotated.and_then(|token| {
                self.cipher
                    .encrypt(session, TokenKind::RefreshToken, token.secret())
            }),
            provider_session_id: tokens.session_id,
            access_expires_at: tokens.access_expires_at.0,
        };
        let kept = self
            .database
            .write(move |c| provider_sessions::refresh(c, session, &renewed))
            .await?;
        Ok(if kept {
            Refreshed::GoesOn
        } else {
            Refreshed::Ended
        })
    }
}

fn is_resting(since: Timestamp, now: Timestamp) -> bool {
    now.since(since) < REST
}

/// For the activity of the account whose session the provider has ended.
fn note_ended(c: &mut SqliteConnection, session: SessionId, now: Timestamp) -> QueryResult<()> {
    let Some(account) = sessions::find_account(c, session)? else {
        return Ok(());
    };
    let what = NewActivity {
        account_id: Some(account.account_id()),
        email: &account.email,
        actor: "WorkOS",
        ..NewActivity::default()
    };
    activity::add(c, ActivityKind::SessionEnded, &what, now)?;
    Ok(())
}
