//! The callback: exchanges the code, admits the user and begins the session.
//!
//! The exchange runs in a separate task. A code can be used only once, so the provider's answer must not be lost when
//! the request is cancelled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{info, warn};

use super::admission::{Admitted, NotAdmitted, admit};
use super::context::{DATABASE_RETRY, DATABASE_WAIT};
use super::error::SignInError;
use super::exchanges::{ExchangeRefused, ExchangeResult, Leader};
use super::flow::SignInFlow;
use super::provider_sign_in::ProviderSignIn;
use crate::db::accounts::{self, AccountRow};
use crate::db::activity::{self, NewActivity};
use crate::db::provider_sessions::{self, ProviderSessionRow};
use crate::db::{DatabaseError, QueryResult, SqliteConnection, pending_revocations};
use crate::domain::{
    AccountId, ActivityKind, SessionId, SignInMethod, Timestamp, Token, TokenHash, UserAgent, WayIn,
};
use crate::keys::token_cipher::{TokenCipher, TokenKind};
use crate::logging;
use crate::sign_in::client::Client;
use crate::sign_in::known_browsers::remember;
use crate::sign_in::provider::{Callback, Identity};
use crate::sign_in::session::{self, Beginning, StartedSession};

/// Stands for the session of a user who was not admitted. Their tokens are encrypted for it.
const NO_SESSION: SessionId = SessionId(0);

#[derive(Debug)]
pub struct CallbackRequest {
    /// The flow that this browser kept.
    pub flow: SignInFlow,
    pub callback: Callback,
    pub client: Client,
    /// The `User-Agent` header, for the provider's risk checks.
    pub user_agent: UserAgent,
    /// The browser's present session, which the new session replaces.
    pub older_session: Option<TokenHash>,
}

/// How far the exchange of a callback is.
#[derive(Debug)]
pub enum Completion {
    Finished(ExchangeResult),
    /// The provider is slow. [`ProviderSignIn::resume`] waits for the result.
    Pending,
}

/// What the sign-in's transaction committed.
enum Decision {
    Admitted {
        account: AccountId,
        session: SessionId,
        /// `None` for an impersonation: the admin uses their own browser, which must not become known for the user.
        browser_token: Option<Token>,
        is_mail_queued: bool,
    },
    Refused(NotAdmitted),
}

impl ProviderSignIn {
    /// Exchanges a callback's code, and waits for the result for at most `patience`. A state is
    /// exchanged once: a reload joins the exchange.
    pub async fn complete(
        self: &Arc<Self>,
        request: CallbackRequest,
        patience: Duration,
    ) -> Result<Completion, ExchangeRefused> {
        let (client_ip, now) = (request.client.ip, self.context.clock.now());
        let (exchange, leader) = self.exchanges.join(request.flow.state(), client_ip, now)?;
        if let Some(leader) = leader {
            let exchange = Arc::clone(self).carry_out(request, leader);
            tokio::spawn(logging::scope(logging::request_id(), exchange));
        }
        let finished = tokio::time::timeout(patience, exchange.result()).await;
        Ok(finished.map_or(Completion::Pending, Completion::Finished))
    }

    /// Waits for the exchange of a flow. `None` when it was not started, or more than a minute ago.
    pub async fn resume(&self, flow: &SignInFlow) -> Option<ExchangeResult> {
        let now = self.context.clock.now();
        let exchange = self.exchanges.find(flow.state(), now)?;
        Some(exchange.result().await)
    }

    async fn carry_out(self: Arc<Self>, request: CallbackRequest, leader: Leader) {
        let result = self.sign_in(request).await;
        let label = result
            .as_ref()
            .map_or_else(SignInError::metric_label, |_| "signed_in");
        self.metrics.sign_in(SignInMethod::WorkOs.into_str(), label);
        self.exchanges.finish(leader, result).await;
    }

    async fn sign_in(&self, request: CallbackRequest) -> Result<StartedSession, SignInError> {
        let CallbackRequest {
            flow,
            callback,
            client,
            user_agent,
            older_session,
        } = request;
        let ip = client.ip.to_string();
        let completed = self
            .context
            .provider
            .complete(&flow.provider, &callback, &ip, user_agent.as_str())
            .await;
        self.reachability.probe_after(&completed);
        let identity = completed?;
        self.reachability.note_credentials(&Ok(()));
        let (token, decision) = self.decide(&identity, &client, older_session).await?;
        match decision {
            Decision::Admitted {
                account,
                session,
                browser_token,
                is_mail_queued,
            } => {
                info!(
                    "account {account} signed in with WorkOS, session {}",
                    session.0
                );
                if is_mail_queued {
                    self.browsers.look_again();
                }
                Ok(StartedSession {
                    token,
                    return_to: flow.return_to,
                    browser_token,
                })
            }
            Decision::Refused(reason) => {
                self.revocations.wake();
                let tokens = &identity.tokens;
                let (session_id, id_token) =
                    (tokens.session_id.as_deref(), tokens.id_token.as_deref());
                let logout = self.keep_logout_url(NO_SESSION, session_id, id_token).await;
                let logout = logout.unwrap_or_else(|e| {
                    warn!("a refused person cannot sign out at WorkOS: {e}");
                    None
                });
                Err(SignInError::NotAdmitted { reason, logout })
            }
        }
    }

    /// Retries while the database is locked.
    async fn decide(
        &self,
        identity: &Identity,
        client: &Client,
        older_session: Option<TokenHash>,
    ) -> Result<(Token, Decision), SignInError> {
        let began = Instant::now();
        loop {
            let token = Token::generate(&mut rand::rng());
            match self
                .commit(identity, client, token.hash(), older_session)
                .await
            {
                Err(DatabaseError::Unavailable(cause)) if began.elapsed() < DATABASE_WAIT => {
                    warn!("a sign-in with WorkOS waits for the database: {cause}");
                    tokio::time::sleep(DATABASE_RETRY).await;
                }
                Err(error) if error.is_constraint_violation() => {
                    return Err(SignInError::NotStorable(error));
                }
                decision => return Ok((token, decision?)),
            }
        }
    }

    /// Commits the new session, or the record of the refusal.
    async fn commit(
        &self,
        identity: &Identity,
        client: &Client,
        token_hash: TokenHash,
        older_session: Option<TokenHash>,
    ) -> Result<Decision, DatabaseError> {
        let now = self.context.clock.now();
        let (rules, cipher) = (self.admission.clone(), Arc::clone(&self.context.cipher));
        let provider = self.context.provider.name().to_owned();
        let (identity, client) = (identity.clone(), client.clone());
        let browsers = Arc::clone(&self.browsers);
        self.context
            .database
            .write(move |c| {
                let admitted = admit(c, &rules, &provider, &identity, now)?;
                let Admitted {
                    account,
                    is_new_link,
                } = match admitted {
                    Ok(admitted) => admitted,
                    Err(reason) => {
                        note_refusal(c, &identity, reason, &client, now)?;
                        queue_revocation(c, &cipher, &provider, &identity)?;
                        return Ok(Decision::Refused(reason));
                    }
                };
                let beginning = beginning_of(&identity);
                let (hash, older) = (token_hash, older_session);
                let session = session::begin(c, hash, &account, &beginning, &client, older, now)?;
                let is_new_browser =
                    browsers.tell_if_new(c, &account, WayIn::WorkOs, &client, now)?;
                let browser_token = match identity.impersonator {
                    None => {
                        accounts::set_last_sign_in(c, account.id, now)?;
                        Some(remember(c, &account, &client, now)?)
                    }
                    Some(_) => None,
                };
                note_sign_in(c, &identity, &account, &client, now)?;
                let row = provider_session(&cipher, session, provider, &identity);
                provider_sessions::insert(c, &row)?;
                Ok(Decision::Admitted {
                    account: account.id,
                    session,
                    browser_token,
                    is_mail_queued: is_new_link || is_new_browser,
                })
            })
            .await
    }
}

/// Without a refresh token the provider is never asked again, so the session ends early (SECURITY rule 39).
fn beginning_of(identity: &Identity) -> Beginning {
    Beginning {
        method: SignInMethod::WorkOs,
        authentication: identity.authentication.clone(),
        short_lived: identity.tokens.refresh_token.is_none(),
    }
}

/// An impersonation is recorded as the WorkOS admin's act, with the reason (SECURITY rule 34).
fn note_sign_in(
    c: &mut SqliteConnection,
    identity: &Identity,
    account: &AccountRow,
    client: &Client,
    now: Timestamp,
) -> QueryResult<()> {
    let Some(impersonator) = &identity.impersonator else {
        let detail = WayIn::WorkOs.to_detail(identity.authentication.as_ref());
        return session::note(c, ActivityKind::SignedIn, account, client, &detail, now);
    };
    let activity = NewActivity {
        account_id: Some(account.id),
        actor: &impersonator.email,
        detail: &impersonator.reason,
        ..client.doing(account.email.as_str())
    };
    activity::add(c, ActivityKind::Impersonated, &activity, now)?;
    Ok(())
}

fn note_refusal(
    c: &mut SqliteConnection,
    identity: &Identity,
    reason: NotAdmitted,
    client: &Client,
    now: Timestamp,
) -> QueryResult<()> {
    let Some(email) = &identity.email else {
        return Ok(());
    };
    let account = accounts::find_by_email(c, email)?;
    let activity = NewActivity {
        account_id: account.as_ref().map(|account| account.id),
        detail: reason.describe(),
        ..client.doing(email.as_str())
    };
    activity::add(c, ActivityKind::TurnedAway, &activity, now)?;
    Ok(())
}

/// Otherwise the provider's own session would bring the same user straight back.
fn queue_revocation(
    c: &mut SqliteConnection,
    cipher: &TokenCipher,
    provider: &str,
    identity: &Identity,
) -> QueryResult<()> {
    let tokens = &identity.tokens;
    let refresh_token = tokens.refresh_token.as_ref();
    let encrypted = refresh_token
        .and_then(|token| cipher.encrypt(NO_SESSION, TokenKind::RefreshToken, token.secret()));
    pending_revocations::insert(
        c,
        NO_SESSION,
        provider,
        tokens.session_id.as_deref(),
        encrypted.as_deref(),
    )
}

fn provider_session(
    cipher: &TokenCipher,
    session: SessionId,
    provider: String,
    identity: &Identity,
) -> ProviderSessionRow {
    let tokens = &identity.tokens;
    let encrypt = |kind, token: &str| cipher.encrypt(session, kind, token);
    ProviderSessionRow {
        session_id: session,
        provider,
        subject: identity.subject.clone(),
        provider_session_id: tokens.session_id.clone(),
        refresh_token: tokens
            .refresh_token
            .as_ref()
            .and_then(|token| encrypt(TokenKind::RefreshToken, token.secret())),
        id_token: tokens
            .id_token
            .as_deref()
            .and_then(|token| encrypt(TokenKind::IdToken, token)),
        access_expires_at: tokens.access_expires_at,
        impersonator: identity
            .impersonator
            .as_ref()
            .map(|admin| admin.email.clone()),
    }
}
