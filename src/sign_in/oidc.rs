//! Signing in with WorkOS AuthKit, or with another OpenID Provider.

mod admission;
mod callback;
mod failure;
mod flow;
mod reachability;
mod refresh;
mod revocation;

use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{info, warn};

use super::client::Client;
use super::known_browsers::KnownBrowsers;
use super::provider::{Identity, Provider};
use super::session;
use crate::clock::Clock;
use crate::config::AdmissionRules;
use crate::db::accounts::{self, AccountRow};
use crate::db::activity::{self, NewActivity};
use crate::db::provider_sessions::{self, ProviderSessionRow};
use crate::db::{Database, DatabaseError, QueryResult, SqliteConnection, pending_revocations};
use crate::domain::{
    ActivityKind, Device, Email, Method, ReturnTo, SessionId, Timestamp, Token, TokenHash, WayIn,
};
use crate::keys::token_cipher::{TokenCipher, TokenKind};
use crate::metrics::Metrics;

pub use admission::NotAdmitted;
pub use callback::{CallbackRequest, Exchange, Exchanges, NotBegun, Outcome};
pub use failure::Failure;
pub use flow::{CallbackMismatch, Flow, StateOrigin};
pub use reachability::{Reachability, Seen};
pub use refresh::{Refreshed, Refresher};
pub use revocation::Revocations;

const SOON: Duration = Duration::from_secs(2);
/// How long a sign-in whose code is spent waits for a database that somebody else holds, and how
/// long it pauses between two tries.
const DATABASE_PATIENCE: Duration = Duration::from_secs(12);
const DATABASE_PAUSE: Duration = Duration::from_millis(250);

/// The provider's verbs as people use them.
pub struct WorkOs {
    /// Whom we ask.
    pub provider: Provider,
    /// Writes and reads states.
    pub states: StateOrigin,
    /// Where the browser comes back to after the provider's logout.
    pub signed_out_url: String,
    /// Where accounts and sessions are.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Encrypts tokens at rest.
    pub cipher: Arc<TokenCipher>,
    /// Who gets in without an invitation.
    pub admission: AdmissionRules,
    /// Whether the provider answers.
    pub reachability: Arc<Reachability>,
    /// Ends sessions there.
    pub revocations: Arc<Revocations>,
    /// Keeps sessions fresh.
    pub refresher: Arc<Refresher>,
    /// Tells of sign-ins from browsers that are not known.
    pub browsers: Arc<KnownBrowsers>,
    /// Counts.
    pub metrics: Metrics,
    /// The sign-ins whose code is being exchanged.
    pub exchanges: Exchanges,
}

/// Someone is in.
#[derive(Debug)]
pub struct SignedIn {
    /// The new session's token, for the browser.
    pub token: Token,
    /// Where to go.
    pub return_to: ReturnTo,
    /// The browser's memory, with this account in it.
    pub device: Option<Device>,
}

/// A session's token and the browser's memory; or why there is none.
type Entered = Result<(Token, Option<Device>), NotAdmitted>;

/// A session that the provider began for somebody who is not let in.
struct Unwelcome<'a> {
    identity: &'a Identity,
    reason: NotAdmitted,
    client: &'a Client,
}

impl WorkOs {
    /// Sets everything up; nothing is asked of the provider yet.
    pub fn new(
        provider: Provider,
        admission: AdmissionRules,
        database: Database,
        clock: Clock,
        browsers: Arc<KnownBrowsers>,
        signed_out_url: String,
        metrics: Metrics,
    ) -> Self {
        let keys = &browsers.keys;
        let cipher = Arc::new(TokenCipher::new(keys));
        let reachability = Arc::new(Reachability::new(clock.clone()));
        let (p, d, c, s) = (
            provider.clone(),
            database.clone(),
            clock.clone(),
            Arc::clone(&cipher),
        );
        let revocations = Arc::new(Revocations::new(p, d, c, s));
        let (p, d, c, s) = (
            provider.clone(),
            database.clone(),
            clock.clone(),
            Arc::clone(&cipher),
        );
        let refresher = Arc::new(Refresher::new(p, d, c, s, Arc::clone(&reachability)));
        let states = StateOrigin::new(keys.clone());
        Self {
            provider,
            states,
            signed_out_url,
            database,
            clock,
            cipher,
            admission,
            reachability,
            revocations,
            refresher,
            browsers,
            metrics,
            exchanges: Exchanges::default(),
        }
    }

    /// Where the browser ends the provider's own session. To be asked before the session ends here.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn provider_logout_url(
        &self,
        session: SessionId,
    ) -> Result<Option<String>, DatabaseError> {
        let held = self
            .database
            .read(move |c| provider_sessions::find(c, session))
            .await?;
        Ok(held.and_then(|held| {
            let sealed = held.id_token.as_deref();
            let id_token =
                sealed.and_then(|sealed| self.cipher.decrypt(session, TokenKind::IdToken, sealed));
            self.logout_hint(held.provider_session_id.as_deref(), id_token.as_deref())
        }))
    }

    /// Asks the provider whether it answers, at this moment and soon: a browser that is sent to a
    /// provider that is down finds no page that says what to do.
    pub async fn answers_now(&self) -> bool {
        self.reachability.is_reachable() && self.answers().await
    }

    /// Whether to send a browser there that asks for it: it was not seen to be down, or has an
    /// answer now.
    pub async fn may_answer(&self) -> bool {
        self.reachability.is_reachable() || self.answers().await
    }

    async fn answers(&self) -> bool {
        match tokio::time::timeout(SOON, self.provider.warm_up()).await {
            Ok(outcome) => {
                self.reachability.note(&outcome);
                outcome.is_ok()
            }
            Err(_) => false,
        }
    }

    /// Begins a sign-in: where to send the browser, and what to keep until it is back.
    ///
    /// # Errors
    /// When the provider's metadata has not been had yet.
    pub async fn start(&self, host: &str, return_to: ReturnTo) -> Result<(String, Flow), Failure> {
        let state = self.states.issue(host, self.clock.now());
        let begun = self.provider.begin(state).await;
        // What was remembered needs no answer: a success here does not say that there is one.
        if begun.is_err() {
            self.reachability.note(&begun);
        }
        let begun = begun?;
        let flow = Flow {
            provider: begun.flow,
            return_to,
            started_at: self.clock.now(),
        };
        Ok((begun.url, flow))
    }

    /// Finishes a sign-in whose flow this browser kept.
    async fn finish(&self, arrival: CallbackRequest) -> Result<SignedIn, Failure> {
        let outcome = self.complete(arrival).await;
        let word = outcome.as_ref().map_or_else(Failure::word, |_| "signed_in");
        self.metrics.sign_in(Method::WorkOs.as_str(), word);
        outcome
    }

    async fn complete(&self, arrival: CallbackRequest) -> Result<SignedIn, Failure> {
        let (flow, client) = (arrival.flow, &arrival.client);
        let ip = client.ip.to_string();
        let completed = self
            .provider
            .complete(&flow.provider, &arrival.callback, &ip, &arrival.user_agent)
            .await;
        let identity = self.noted(completed)?;
        match self
            .enter_patiently(&identity, client, arrival.older_session)
            .await?
        {
            Ok((token, device)) => Ok(SignedIn {
                token,
                return_to: flow.return_to,
                device,
            }),
            Err(reason) => Err(self
                .turn_away(&Unwelcome {
                    identity: &identity,
                    reason,
                    client,
                })
                .await),
        }
    }

    /// The code is spent, and the identity is here: that the database is held by somebody else for
    /// a while must not cost them the sign-in.
    async fn enter_patiently(
        &self,
        identity: &Identity,
        client: &Client,
        older_session: Option<TokenHash>,
    ) -> Result<Entered, Failure> {
        let began = Instant::now();
        loop {
            match self.enter(identity, client, older_session).await {
                Err(Failure::Database(DatabaseError::Unavailable(cause)))
                    if began.elapsed() < DATABASE_PATIENCE =>
                {
                    warn!("a sign-in with WorkOS waits for the database: {cause}");
                    tokio::time::sleep(DATABASE_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn enter(
        &self,
        identity: &Identity,
        client: &Client,
        older_session: Option<TokenHash>,
    ) -> Result<Entered, Failure> {
        let now = self.clock.now();
        let token = Token::generate(&mut rand::rng());
        let hash = token.hash();
        let (admission, cipher) = (self.admission.clone(), Arc::clone(&self.cipher));
        let provider = self.provider.name().to_owned();
        // Who looks through somebody's eyes sits at a browser of their own.
        let is_their_own = identity.impersonator.is_none();
        let (identity, client_for) = (identity.clone(), client.clone());
        let browsers = Arc::clone(&self.browsers);
        let entered = self
            .database
            .write(move |c| {
                let account = match admission::admit(c, &admission, &provider, &identity, now)? {
                    Ok(account) => account,
                    Err(reason) => return Ok(Err(reason)),
                };
                let method = Method::WorkOs;
                let client = &client_for;
                let id = session::begin(c, hash, &account, method, client, older_session, now)?;
                let told = browsers.tell_if_new(c, &account, WayIn::WorkOs, client, now)?;
                let kind = ActivityKind::SignedIn;
                session::note(c, kind, &account, client, WayIn::WorkOs.as_str(), now)?;
                provider_sessions::insert(c, &held(&cipher, id, provider, &identity))?;
                Ok(Ok((account, id, told)))
            })
            .await?;
        Ok(entered.map(|(account, id, told)| {
            info!(
                "account {} signed in with WorkOS, session {}",
                account.id, id.0
            );
            if told {
                self.browsers.look_again();
            }
            let device = self.browsers.remembering(&account, client, now);
            (token, device.filter(|_| is_their_own))
        }))
    }

    /// The provider's session is ended there, or it would bring the same person straight back.
    async fn turn_away(&self, unwelcome: &Unwelcome<'_>) -> Failure {
        let tokens = &unwelcome.identity.tokens;
        let no_session = SessionId(0);
        let sealed = tokens.refresh_token.as_ref().and_then(|token| {
            self.cipher
                .encrypt(no_session, TokenKind::RefreshToken, token.secret())
        });
        let (provider, sid) = (self.provider.name().to_owned(), tokens.session_id.clone());
        let (email, reason) = (unwelcome.identity.email.clone(), unwelcome.reason);
        let (client, now) = (unwelcome.client.clone(), self.clock.now());
        let queued = self
            .database
            .write(move |c| {
                if let Some(email) = &email {
                    note_turned_away(c, email, reason, &client, now)?;
                }
                pending_revocations::insert(
                    c,
                    no_session.0,
                    &provider,
                    sid.as_deref(),
                    sealed.as_deref(),
                )
            })
            .await;
        if let Err(e) = queued {
            return e.into();
        }
        self.revocations.look_again();
        Failure::NotAdmitted {
            reason: unwelcome.reason,
            email: unwelcome.identity.email.clone(),
            logout: self.logout_hint(tokens.session_id.as_deref(), tokens.id_token.as_deref()),
        }
    }

    fn logout_hint(&self, sid: Option<&str>, id_token: Option<&str>) -> Option<String> {
        self.provider
            .logout_url(sid, id_token, &self.signed_out_url)
    }

    /// Whatever the provider says also tells whether it can be reached.
    fn noted<T>(&self, outcome: Result<T, super::provider::ProviderError>) -> Result<T, Failure> {
        self.reachability.note(&outcome);
        outcome.map_err(Failure::from)
    }
}

fn note_turned_away(
    c: &mut SqliteConnection,
    email: &Email,
    reason: NotAdmitted,
    client: &Client,
    now: Timestamp,
) -> QueryResult<()> {
    let account = accounts::find_by_email(c, email)?;
    let what = NewActivity {
        account_id: account.as_ref().map(AccountRow::account_id),
        detail: reason.describe(),
        ..client.doing(email.as_str())
    };
    activity::add(c, ActivityKind::TurnedAway, &what, now)?;
    Ok(())
}

fn held(
    cipher: &TokenCipher,
    id: SessionId,
    provider: String,
    identity: &Identity,
) -> ProviderSessionRow {
    let tokens = &identity.tokens;
    let refresh_token = tokens.refresh_token.as_ref();
    ProviderSessionRow {
        session_id: id.0,
        provider,
        subject: identity.subject.clone(),
        provider_session_id: tokens.session_id.clone(),
        refresh_token: refresh_token
            .and_then(|token| cipher.encrypt(id, TokenKind::RefreshToken, token.secret())),
        id_token: tokens
            .id_token
            .as_deref()
            .and_then(|token| cipher.encrypt(id, TokenKind::IdToken, token)),
        access_expires_at: tokens.access_expires_at.0,
        impersonator: identity.impersonator.clone(),
    }
}
