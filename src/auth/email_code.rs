//! Signing in with six digits from a mail: a challenge is issued, perhaps re-issued, and solved.
//!
//! Whoever asks gets the same answer after the same work, whether or not the address has an
//! account. Only the mail differs, and mail leaves from a queue of its own.

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use diesel::sqlite::SqliteConnection;
use log::info;
use thiserror::Error;

use super::client::Client;
use super::code_hash::{CodeHasher, HashError};
use super::keys::Keys;
use super::limits::{Limited, Limits};
use super::session;
use super::try_budget::{self, Spent};
use crate::clock::Clock;
use crate::db::accounts::{self, AccountRow};
use crate::db::challenges::{self, ChallengeRow, HashedCode, NewChallenge};
use crate::db::{Database, DatabaseError, notices, wrong_tries};
use crate::domain::{
    AccountId, Device, DeviceId, Email, Method, ReturnTo, SignInCode, Timestamp, Token, TokenHash,
};
use crate::mail::{CodeMail, MailQueue, guessing_notice};

/// Wrong tries per code.
const TRIES_PER_CODE: i64 = 5;

/// The email code's verbs, and what they need.
pub struct EmailCode {
    /// Where challenges are kept.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// The keys that name known browsers.
    pub keys: Keys,
    /// How often one may ask and try.
    pub limits: Limits,
    /// Hashes codes.
    pub hasher: CodeHasher,
    /// Sends codes.
    pub mail: Arc<MailQueue>,
    /// How long a code works.
    pub lifetime: Duration,
}

/// Why no code was sent, or none was taken.
#[derive(Debug, Error)]
pub enum Refusal {
    /// A window is full.
    #[error("a window is full")]
    Limited(Limited),
    /// The code is not right, is too old, was used, or was never asked for in this browser.
    #[error("the code is wrong or has expired")]
    Wrong,
    /// Five wrong tries; this code is dead.
    #[error("the code had all its tries")]
    CodeSpent,
    /// The address's budget of the day, or everybody's, is used up.
    #[error("a daily budget is used up")]
    BudgetSpent(Spent),
    /// There is no challenge to send a new code for.
    #[error("no challenge in this browser")]
    NoChallenge,
    /// More is asked of the server than it can do.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// A challenge as its browser may see it.
#[derive(Debug, Clone)]
pub struct OpenChallenge {
    /// The address, as it was typed.
    pub email: Email,
    /// Where to go after the sign-in.
    pub return_to: ReturnTo,
    /// When the newest code was made.
    pub issued_at: Timestamp,
}

/// Someone is in.
#[derive(Debug)]
pub struct SignedIn {
    /// The new session's token, for the browser.
    pub token: Token,
    /// Where to go.
    pub return_to: ReturnTo,
    /// The browser's memory, with this account in it.
    pub device: Device,
}

/// A try that may be compared, since it has been counted.
struct Counted {
    challenge: ChallengeRow,
    kept: HashedCode,
    try_id: i64,
    admins_are_told: bool,
}

impl EmailCode {
    /// Issues a challenge for an address, in place of the one that this browser had.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn issue(
        &self,
        email: Email,
        return_to: ReturnTo,
        client: &Client,
        older: Option<TokenHash>,
    ) -> Result<Token, Refusal> {
        let (code, hashed) = self.new_code(&email, client).await?;
        let token = Token::generate(&mut rand::rng());
        let token_hash = token.hash();
        let (now, expires_at) = self.validity();
        let typed = email.clone();
        let account = self
            .database
            .write(move |c| {
                if let Some(older) = older {
                    challenges::delete(c, older)?;
                }
                let account = accounts::find_by_email(c, &typed)?;
                let new = NewChallenge {
                    token_hash,
                    email: &typed,
                    account_id: account.as_ref().map(AccountRow::account_id),
                    code: &hashed,
                    return_to: return_to.as_str(),
                    issued_at: now,
                    expires_at,
                };
                challenges::insert(c, &new)?;
                Ok(account)
            })
            .await?;
        self.send(account, code, client, now, expires_at);
        Ok(token)
    }

    /// Sends a new code for the challenge that this browser has. The older code stops working.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn reissue(&self, token_hash: TokenHash, client: &Client) -> Result<(), Refusal> {
        let open = self
            .open_challenge(token_hash)
            .await?
            .ok_or(Refusal::NoChallenge)?;
        let (code, hashed) = self.new_code(&open.email, client).await?;
        let (now, expires_at) = self.validity();
        let account = self
            .database
            .write(move |c| {
                let Some(challenge) = challenges::find(c, token_hash)? else {
                    return Ok(None);
                };
                let account = accounts::find_by_email(c, &open.email)?;
                let account_id = account.as_ref().map(AccountRow::account_id);
                let replaced = challenges::replace_code(
                    c,
                    challenge.id,
                    account_id,
                    &hashed,
                    now,
                    expires_at,
                )?;
                Ok(replaced.then_some(account))
            })
            .await?
            .ok_or(Refusal::NoChallenge)?;
        self.send(account, code, client, now, expires_at);
        Ok(())
    }

    /// The challenge of this browser, unless it was used.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_challenge(
        &self,
        token_hash: TokenHash,
    ) -> Result<Option<OpenChallenge>, DatabaseError> {
        let found = self
            .database
            .read(move |c| challenges::find(c, token_hash))
            .await?;
        Ok(found
            .filter(|row| row.consumed_at.is_none())
            .and_then(|row| {
                Some(OpenChallenge {
                    email: Email::parse(&row.email).ok()?,
                    return_to: ReturnTo::parse(&row.return_to),
                    issued_at: Timestamp(row.issued_at),
                })
            }))
    }

    /// Tries a code on the challenge of this browser and, when it is right, begins a session.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn solve(
        &self,
        token_hash: Option<TokenHash>,
        code: &SignInCode,
        client: &Client,
        older_session: Option<TokenHash>,
    ) -> Result<SignedIn, Refusal> {
        let token_hash = token_hash.ok_or(Refusal::Wrong)?;
        let open = self
            .open_challenge(token_hash)
            .await?
            .ok_or(Refusal::Wrong)?;
        let now = self.clock.now();
        let known = self
            .keys
            .known_browser(client.device.as_ref(), &open.email, now)
            .cloned();
        self.limits
            .take_try(client, known.as_ref(), now)
            .map_err(Refusal::Limited)?;
        let evaluated = match self.count(token_hash, known.clone(), now).await {
            Ok(counted) => self.evaluate(code, counted).await,
            Err(refusal) => Err(refusal),
        };
        if !matches!(evaluated, Ok(None)) {
            self.limits.give_try_back(client, known.as_ref());
        }
        let counted = evaluated?.ok_or(Refusal::Wrong)?;
        self.enter(counted, &open, client, older_session).await
    }

    /// Draws and hashes a code, if the limits allow one.
    async fn new_code(
        &self,
        email: &Email,
        client: &Client,
    ) -> Result<(SignInCode, HashedCode), Refusal> {
        let now = self.clock.now();
        let known = self.keys.known_browser(client.device.as_ref(), email, now);
        self.limits
            .take_request(email, client, known, now)
            .map_err(Refusal::Limited)?;
        let code = SignInCode::generate(&mut rand::rng());
        let hashed = self.hasher.hash(&code).await?;
        Ok((code, hashed))
    }

    fn validity(&self) -> (Timestamp, Timestamp) {
        let now = self.clock.now();
        (now, now.plus(self.lifetime))
    }

    /// Queues the mail for an account that may sign in; the answer to the request is the same
    /// whether it does or not.
    fn send(
        &self,
        account: Option<AccountRow>,
        code: SignInCode,
        client: &Client,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) {
        let Some(account) = account.filter(AccountRow::may_sign_in) else {
            return;
        };
        self.mail.send_code(CodeMail {
            account_id: account.account_id(),
            recipient: account.email,
            code,
            lifetime: self.lifetime,
            browser: client.browser.clone(),
            ip: client.ip,
            issued_at,
            expires_at,
        });
    }

    /// Writes the try down before it is compared, so that however many come at once, no more than
    /// five are evaluated.
    async fn count(
        &self,
        token_hash: TokenHash,
        known: Option<DeviceId>,
        now: Timestamp,
    ) -> Result<Counted, Refusal> {
        let mail = Arc::clone(&self.mail);
        let counted = self
            .database
            .write(move |c| count_in(c, token_hash, known.as_ref(), now, &mail))
            .await?;
        if counted
            .as_ref()
            .is_ok_and(|counted| counted.admins_are_told)
        {
            self.mail.look_again();
        }
        counted
    }

    /// Compares, and gives back the try if that was not to be: nobody pays for a busy server.
    async fn evaluate(
        &self,
        code: &SignInCode,
        counted: Counted,
    ) -> Result<Option<Counted>, Refusal> {
        match self.hasher.is_right(code, &counted.kept).await {
            Ok(right) => Ok(right.then_some(counted)),
            Err(e) => {
                let Counted {
                    challenge,
                    kept,
                    try_id,
                    ..
                } = counted;
                self.database
                    .write(move |c| {
                        wrong_tries::take_back(c, try_id)?;
                        challenges::uncount_try(c, challenge.id, &kept.hash)
                    })
                    .await?;
                Err(e.into())
            }
        }
    }

    async fn enter(
        &self,
        counted: Counted,
        open: &OpenChallenge,
        client: &Client,
        older_session: Option<TokenHash>,
    ) -> Result<SignedIn, Refusal> {
        let now = self.clock.now();
        let token = Token::generate(&mut rand::rng());
        let token_hash = token.hash();
        let client_for = client.clone();
        let began = self
            .database
            .write(move |c| {
                let Counted {
                    challenge,
                    kept,
                    try_id,
                    ..
                } = counted;
                let Some(account) = account_to_enter(c, &challenge)? else {
                    return Ok(None);
                };
                wrong_tries::take_back(c, try_id)?;
                if !challenges::consume(c, challenge.id, &kept.hash, now)? {
                    return Ok(None);
                }
                let method = Method::EmailCode;
                let id = session::begin(
                    c,
                    token_hash,
                    &account,
                    method,
                    &client_for,
                    older_session,
                    now,
                )?;
                Ok(Some((account, id)))
            })
            .await?;
        let (account, session_id) = began.ok_or(Refusal::Wrong)?;
        info!(
            "account {} signed in with an email code, session {}",
            account.id, session_id.0
        );
        let device = client
            .device
            .clone()
            .unwrap_or_else(|| Device::generate(&mut rand::rng()));
        Ok(SignedIn {
            token,
            return_to: open.return_to.clone(),
            device: device.after_sign_in(&open.email, &self.keys.current, now),
        })
    }
}

/// The account that a right code lets in; `None` for an address without one, and for an account
/// that was suspended meanwhile.
fn account_to_enter(
    c: &mut SqliteConnection,
    challenge: &ChallengeRow,
) -> QueryResult<Option<AccountRow>> {
    let Some(id) = challenge.account_id else {
        return Ok(None);
    };
    Ok(accounts::find(c, AccountId(id))?.filter(AccountRow::may_sign_in))
}

fn count_in(
    c: &mut SqliteConnection,
    token_hash: TokenHash,
    known: Option<&DeviceId>,
    now: Timestamp,
    mail: &MailQueue,
) -> QueryResult<Result<Counted, Refusal>> {
    let Some(challenge) = challenges::find(c, token_hash)? else {
        return Ok(Err(Refusal::Wrong));
    };
    if challenge.consumed_at.is_some() || challenge.expires_at <= now.0 {
        return Ok(Err(Refusal::Wrong));
    }
    if challenge.tries >= TRIES_PER_CODE {
        return Ok(Err(Refusal::CodeSpent));
    }
    let (Ok(email), Some(kept)) = (Email::parse(&challenge.email), kept_code(&challenge)) else {
        return Ok(Err(Refusal::Wrong));
    };
    if let Some(spent) = try_budget::spent(c, &email, known, now)? {
        return Ok(Err(Refusal::BudgetSpent(spent)));
    }
    challenges::count_try(c, challenge.id)?;
    let account_id = challenge.account_id.map(AccountId);
    let try_id = wrong_tries::add(c, &email, account_id, known, now)?;
    let exhausted =
        account_id.is_some() && known.is_none() && try_budget::was_the_last_overall(c, now)?;
    let admins_are_told =
        exhausted && notices::claim(c, "overall-guessing", try_budget::SPAN, now)?;
    if admins_are_told {
        for admin in accounts::admin_addresses(c)? {
            mail.queue(c, &admin, &guessing_notice(), now)?;
        }
    }
    Ok(Ok(Counted {
        challenge,
        kept,
        try_id,
        admins_are_told,
    }))
}

fn kept_code(challenge: &ChallengeRow) -> Option<HashedCode> {
    Some(HashedCode {
        hash: challenge.code_hash.as_slice().try_into().ok()?,
        salt: challenge.code_salt.as_slice().try_into().ok()?,
    })
}
