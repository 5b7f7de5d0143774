//! Ending sessions at the provider, however long that takes (SECURITY rule 22).

use std::sync::Arc;
use std::time::Duration;

use log::{info, warn};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::db::pending_revocations::{self, PendingRevocationRow};
use crate::db::{Database, DatabaseError};
use crate::domain::{Backoff, SessionId};
use crate::keys::token_cipher::{TokenCipher, TokenKind};
use crate::sign_in::provider::{Provider, ProviderError, ProviderSession, RefreshToken};

const LOOK_EVERY: Duration = Duration::from_secs(15);
const RETRY: Backoff = Backoff::new(LOOK_EVERY, Duration::from_hours(1));
/// After about a month of retries the provider has forgotten the session by itself.
const MOST_ATTEMPTS: i64 = 800;

/// The queue in `pending_revocations`, worked off until it is empty, over restarts.
pub struct Revocations {
    provider: Provider,
    database: Database,
    clock: Clock,
    cipher: Arc<TokenCipher>,
    waiting: Notify,
}

impl Revocations {
    /// Nothing is looked at yet.
    pub fn new(
        provider: Provider,
        database: Database,
        clock: Clock,
        cipher: Arc<TokenCipher>,
    ) -> Self {
        Self {
            provider,
            database,
            clock,
            cipher,
            waiting: Notify::new(),
        }
    }

    /// There is something in the queue.
    pub fn look_again(&self) {
        self.waiting.notify_one();
    }

    /// Runs until it is dropped. `session_ended` wakes the worker, because a session that ended here
    /// may have to end at the provider too.
    pub async fn keep_going(self: Arc<Self>, session_ended: Arc<Notify>) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.waiting.notified() => {}
                () = session_ended.notified() => {}
            }
            if let Err(e) = self.work_off().await {
                warn!("sessions are not ended at WorkOS yet: {e}");
            }
        }
    }

    /// Tries everything whose turn has come, once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn work_off(&self) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        let due = self
            .database
            .read(move |c| pending_revocations::due(c, now, 100))
            .await?;
        for row in due {
            let (id, attempts) = (row.id, row.attempts);
            match self.end(row).await {
                Err(e) if attempts < MOST_ATTEMPTS => {
                    warn!(
                        "session not ended at WorkOS yet, attempt {}: {e}",
                        attempts + 1
                    );
                    let next = now.plus(RETRY.delay(attempts));
                    self.database
                        .write(move |c| pending_revocations::postpone(c, id, next))
                        .await?;
                }
                outcome => {
                    match outcome {
                        Ok(()) => info!("a session was ended at WorkOS"),
                        Err(e) => warn!("a session is left to end by itself at WorkOS: {e}"),
                    }
                    self.database
                        .write(move |c| pending_revocations::delete(c, id))
                        .await?;
                }
            }
        }
        Ok(())
    }

    async fn end(&self, row: PendingRevocationRow) -> Result<(), ProviderError> {
        if row.provider != self.provider.name() {
            info!("a session of a provider that is no longer set up is forgotten");
            return Ok(());
        }
        let session = SessionId(row.session_id);
        let open = |sealed: &Vec<u8>| {
            self.cipher
                .decrypt(session, TokenKind::RefreshToken, sealed)
        };
        let ended = ProviderSession {
            session_id: row.provider_session_id,
            refresh_token: row
                .refresh_token
                .as_ref()
                .and_then(open)
                .map(RefreshToken::new),
        };
        self.provider.end(&ended).await
    }
}
