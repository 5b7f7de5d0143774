//! Refreshes access tokens at the provider while users are signed in (SECURITY rule 21).

use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use log::{info, warn};
use tokio::sync::watch;

use super::admission::{NotAdmitted, depends_on_rule, is_no_longer_admitted};
use super::context::{Context, DATABASE_RETRY, DATABASE_WAIT};
use super::reachability::Reachability;
use crate::config::AdmissionRules;
use crate::db::activity::{self, NewActivity};
use crate::db::provider_sessions::{self, Renewed};
use crate::db::{DatabaseError, QueryResult, SqliteConnection, accounts, sessions};
use crate::domain::{ActivityKind, SessionId, Timestamp};
use crate::keys::token_cipher::TokenKind;
use crate::logging;
use crate::sign_in::provider::{ProviderError, RefreshToken, Refreshed};

/// The longest that a request waits for a refresh.
const REQUEST_WAIT: Duration = Duration::from_secs(2);
/// No refresh of the same session is tried for this long after a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);
/// A refusal that may be a mistake of the provider's is final once it has been repeated after this long.
const REFUSAL_CONFIRMED_AFTER: Duration = Duration::from_mins(1);
/// A refusal is remembered for this long.
const REFUSAL_KEPT: Duration = Duration::from_hours(24);

/// Single flight: one refresh for all concurrent requests of a session.
pub(super) struct Refresher {
    context: Context,
    reachability: Arc<Reachability>,
    admission: AdmissionRules,
    under_way: DashMap<SessionId, watch::Receiver<Option<RefreshOutcome>>>,
    failed_at: DashMap<SessionId, Timestamp>,
    /// When the provider first refused a refresh that has not succeeded since.
    refused_at: DashMap<SessionId, Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// The session continues. Its token is fresh, or will be refreshed later.
    Alive,
    /// The provider ended its session, and the session here has been ended too.
    Ended,
}

impl Refresher {
    pub(super) fn new(
        context: Context,
        reachability: Arc<Reachability>,
        admission: AdmissionRules,
    ) -> Self {
        Self {
            context,
            reachability,
            admission,
            under_way: DashMap::new(),
            failed_at: DashMap::new(),
            refused_at: DashMap::new(),
        }
    }

    pub(super) async fn refresh(self: &Arc<Self>, session: SessionId) -> RefreshOutcome {
        let now = self.context.clock.now();
        let failed_at = self.failed_at.get(&session).map(|at| *at);
        if failed_at.is_some_and(|at| is_paused(at, now)) {
            return RefreshOutcome::Alive;
        }
        let mut outcome = self.join_or_spawn(session);
        let finished = outcome.wait_for(Option::is_some);
        match tokio::time::timeout(REQUEST_WAIT, finished).await {
            Ok(Ok(outcome)) => outcome.unwrap_or(RefreshOutcome::Alive),
            // A slow or aborted refresh ends no session.
            Ok(Err(_)) | Err(_) => RefreshOutcome::Alive,
        }
    }

    /// The refresh runs in a separate task, because a cancelled request must not lose the rotated token.
    fn join_or_spawn(
        self: &Arc<Self>,
        session: SessionId,
    ) -> watch::Receiver<Option<RefreshOutcome>> {
        let mut new_sender = None;
        let receiver = self
            .under_way
            .entry(session)
            .or_insert_with(|| {
                let (sender, receiver) = watch::channel(None);
                new_sender = Some(sender);
                receiver
            })
            .clone();
        if let Some(sender) = new_sender {
            let refresher = Arc::clone(self);
            tokio::spawn(logging::scope(logging::request_id(), async move {
                let outcome = refresher.run(session).await.unwrap_or_else(|e| {
                    warn!("session {} could not be refreshed: {e}", session.0);
                    RefreshOutcome::Alive
                });
                refresher.under_way.remove(&session);
                // Fails if every request has stopped waiting, which is fine.
                let _sent = sender.send(Some(outcome));
            }));
        }
        receiver
    }

    async fn run(&self, session: SessionId) -> Result<RefreshOutcome, DatabaseError> {
        let Context {
            provider,
            database,
            clock,
            cipher,
        } = &self.context;
        let row = database
            .read(move |c| provider_sessions::find(c, session))
            .await?;
        let Some(row) = row else {
            return Ok(RefreshOutcome::Ended);
        };
        if row.access_expires_at > clock.now() {
            return Ok(RefreshOutcome::Alive);
        }
        let token = row
            .refresh_token
            .and_then(|encrypted| cipher.decrypt(session, TokenKind::RefreshToken, &encrypted));
        let Some(token) = token else {
            // The session began without a refresh token, so it ends after SESSION_IDLE.
            self.pause(session);
            return Ok(RefreshOutcome::Alive);
        };
        let refreshed = provider
            .refresh(&RefreshToken::new(token), &row.subject)
            .await;
        self.reachability.probe_after(&refreshed);
        self.reachability.note_credentials(&refreshed);
        match refreshed {
            Ok(refreshed) => {
                self.refused_at.remove(&session);
                self.store(session, refreshed).await
            }
            Err(error) if self.is_final(session, &error) => {
                self.refused_at.remove(&session);
                info!("session {} was ended by WorkOS: {error}", session.0);
                let now = clock.now();
                database.write(move |c| end(c, session, "", now)).await?;
                Ok(RefreshOutcome::Ended)
            }
            Err(error) => {
                warn!("session {} could not be refreshed: {error}", session.0);
                self.pause(session);
                Ok(RefreshOutcome::Alive)
            }
        }
    }

    /// Whether this answer ends the session (SECURITY rules 21 and 39).
    fn is_final(&self, session: SessionId, error: &ProviderError) -> bool {
        if !error.ends_session_if_repeated() {
            return error.ends_session();
        }
        let now = self.context.clock.now();
        self.refused_at
            .retain(|_, at| now.since(*at) < REFUSAL_KEPT);
        let first = *self.refused_at.entry(session).or_insert(now);
        error.ends_session() || now.since(first) >= REFUSAL_CONFIRMED_AFTER
    }

    /// Also removes pauses that are over.
    fn pause(&self, session: SessionId) {
        let now = self.context.clock.now();
        self.failed_at.retain(|_, at| is_paused(*at, now));
        self.failed_at.insert(session, now);
    }

    /// Refresh tokens rotate: the old one is invalid now, so the write is tried again while the database is locked. The
    /// session ends if the answer shows that the rule that admitted its account no longer does.
    async fn store(
        &self,
        session: SessionId,
        refreshed: Refreshed,
    ) -> Result<RefreshOutcome, DatabaseError> {
        let Refreshed { tokens, user } = refreshed;
        let cipher = &self.context.cipher;
        let renewed = Renewed {
            refresh_token: tokens
                .refresh_token
                .and_then(|token| cipher.encrypt(session, TokenKind::RefreshToken, token.secret())),
            provider_session_id: tokens.session_id,
            access_expires_at: tokens.access_expires_at,
        };
        let is_no_longer_admitted = is_no_longer_admitted(&self.admission, &user);
        let began = Instant::now();
        let outcome = loop {
            match self
                .commit(session, renewed.clone(), is_no_longer_admitted)
                .await
            {
                Err(DatabaseError::Unavailable(cause)) if began.elapsed() < DATABASE_WAIT => {
                    warn!("a refreshed session waits for the database: {cause}");
                    tokio::time::sleep(DATABASE_RETRY).await;
                }
                outcome => break outcome?,
            }
        };
        if outcome == RefreshOutcome::Ended {
            info!("session {} ended at its refresh", session.0);
        }
        Ok(outcome)
    }

    async fn commit(
        &self,
        session: SessionId,
        renewed: Renewed,
        is_no_longer_admitted: bool,
    ) -> Result<RefreshOutcome, DatabaseError> {
        let now = self.context.clock.now();
        self.context
            .database
            .write(move |c| {
                if !provider_sessions::refresh(c, session, &renewed)? {
                    return Ok(RefreshOutcome::Ended);
                }
                // Read here, because an admin may have confirmed the account while the provider answered.
                let account = sessions::find_account(c, session)?;
                let leaver =
                    account.filter(|account| is_no_longer_admitted && depends_on_rule(account));
                let Some(account) = leaver else {
                    return Ok(RefreshOutcome::Alive);
                };
                accounts::set_left(c, account.id, Some(now))?;
                end(c, session, NotAdmitted::NoLongerAdmitted.describe(), now)?;
                Ok(RefreshOutcome::Ended)
            })
            .await
    }
}

fn is_paused(failed_at: Timestamp, now: Timestamp) -> bool {
    now.since(failed_at) < PAUSE_AFTER_FAILURE
}

/// A session that has already ended is no error.
fn end(
    c: &mut SqliteConnection,
    session: SessionId,
    reason: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let Some(account) = sessions::find_account(c, session)? else {
        return Ok(());
    };
    let activity = NewActivity {
        account_id: Some(account.id),
        email: account.email.as_str(),
        actor: "WorkOS",
        detail: reason,
        ..NewActivity::default()
    };
    activity::add(c, ActivityKind::SessionEnded, &activity, now)?;
    sessions::delete_by_id(c, session)
}
