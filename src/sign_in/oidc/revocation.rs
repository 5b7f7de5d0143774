//! Ends sessions at the provider and retries until that works (SECURITY rule 22).

use std::sync::Arc;
use std::time::Duration;

use log::{info, warn};
use tokio::sync::Notify;

use super::context::Context;
use crate::db::DatabaseError;
use crate::db::pending_revocations::{self, PendingRevocationRow};
use crate::domain::Backoff;
use crate::keys::token_cipher::TokenKind;
use crate::sign_in::provider::{ProviderError, ProviderSession, RefreshToken};

const POLL_EVERY: Duration = Duration::from_secs(15);
const RETRY: Backoff = Backoff::new(POLL_EVERY, Duration::from_hours(1));
/// About a month of retries. The provider has expired the session by then.
const MAX_ATTEMPTS: i64 = 800;
const BATCH: i64 = 100;

/// Works off the table `pending_revocations`, which survives a restart.
pub(super) struct RevocationWorker {
    context: Context,
    woken: Notify,
}

impl RevocationWorker {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context,
            woken: Notify::new(),
        }
    }

    /// Call this after a row was added to the table.
    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    /// Runs until it is dropped. `session_ended` wakes the worker, because a session that ended here
    /// may have to end at the provider too.
    pub(super) async fn run(self: Arc<Self>, session_ended: Arc<Notify>) {
        let mut ticks = tokio::time::interval(POLL_EVERY);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.woken.notified() => {}
                () = session_ended.notified() => {}
            }
            if let Err(e) = self.process_due().await {
                warn!("cannot read or update the sessions to end at WorkOS: {e}");
            }
        }
    }

    async fn process_due(&self) -> Result<(), DatabaseError> {
        let now = self.context.clock.now();
        let database = &self.context.database;
        let due = database
            .read(move |c| pending_revocations::due(c, now, BATCH))
            .await?;
        for row in due {
            let (id, attempts) = (row.id, row.attempts);
            match self.revoke(row).await {
                Err(e) if attempts < MAX_ATTEMPTS => {
                    warn!(
                        "attempt {} to end a session at WorkOS failed: {e}",
                        attempts + 1
                    );
                    let next = now.plus(RETRY.delay(attempts));
                    database
                        .write(move |c| pending_revocations::postpone(c, id, next))
                        .await?;
                }
                outcome => {
                    match outcome {
                        Ok(()) => info!("ended a session at WorkOS"),
                        Err(e) => warn!("gave up ending a session at WorkOS: {e}"),
                    }
                    database
                        .write(move |c| pending_revocations::delete(c, id))
                        .await?;
                }
            }
        }
        Ok(())
    }

    async fn revoke(&self, row: PendingRevocationRow) -> Result<(), ProviderError> {
        let Context {
            provider, cipher, ..
        } = &self.context;
        if row.provider != provider.name() {
            info!("dropped the session of a provider that is no longer configured");
            return Ok(());
        }
        let session = row.session_id;
        let refresh_token = row
            .refresh_token
            .and_then(|encrypted| cipher.decrypt(session, TokenKind::RefreshToken, &encrypted));
        provider
            .end(&ProviderSession {
                session_id: row.provider_session_id,
                refresh_token: refresh_token.map(RefreshToken::new),
            })
            .await
    }
}
