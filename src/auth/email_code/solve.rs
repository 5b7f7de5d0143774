//! Taking codes.

use std::sync::Arc;

use crate::db::{QueryResult, SqliteConnection};
use log::info;

use super::{EmailCode, OpenChallenge, Refusal, SignedIn};
use crate::auth::client::Client;
use crate::auth::session;
use crate::auth::try_budget;
use crate::db::accounts::{self, AccountRow};
use crate::db::activity::{self, NewActivity};
use crate::db::challenges::{self, ChallengeRow, HashedCode};
use crate::db::{notices, wrong_tries};
use crate::domain::{
    AccountId, ActivityKind, Device, DeviceId, Email, Method, SignInCode, Timestamp, Token,
    TokenHash,
};
use crate::mail::{MailQueue, guessing_notice};

/// Wrong tries per code.
const TRIES_PER_CODE: i64 = 5;

/// A try that may be compared, since it has been counted.
struct Counted {
    challenge: ChallengeRow,
    kept: HashedCode,
    try_id: i64,
    admins_are_told: bool,
}

/// What the comparison said.
enum Evaluated {
    Right(Box<Counted>),
    /// For the account of the address, if there is one.
    Wrong(Option<AccountId>),
}

impl EmailCode {
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
        let outcome = self.tried(token_hash, code, client, older_session).await;
        let word = outcome.as_ref().map_or_else(Refusal::word, |_| "signed_in");
        self.metrics.sign_in(Method::EmailCode.as_str(), word);
        outcome
    }

    async fn tried(
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
        if !matches!(evaluated, Ok(Evaluated::Wrong(_))) {
            self.limits.give_try_back(client, known.as_ref());
        }
        match evaluated? {
            Evaluated::Right(counted) => self.enter(*counted, &open, client, older_session).await,
            Evaluated::Wrong(account_id) => {
                info!(
                    "a wrong code from {}{}",
                    client.ip,
                    if known.is_some() {
                        ", a known browser"
                    } else {
                        ""
                    }
                );
                self.note_wrong_code(account_id, &open, client, now).await?;
                Err(Refusal::Wrong)
            }
        }
    }

    /// For the activity of whoever the address belongs to.
    async fn note_wrong_code(
        &self,
        account_id: Option<AccountId>,
        open: &OpenChallenge,
        client: &Client,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let (email, client) = (open.email.clone(), client.clone());
        self.database
            .write(move |c| {
                let what = NewActivity {
                    account_id,
                    ..client.doing(email.as_str())
                };
                activity::add(c, ActivityKind::WrongCode, &what, now)
            })
            .await?;
        Ok(())
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
    async fn evaluate(&self, code: &SignInCode, counted: Counted) -> Result<Evaluated, Refusal> {
        match self.hasher.is_right(code, &counted.kept).await {
            Ok(true) => Ok(Evaluated::Right(Box::new(counted))),
            Ok(false) => {
                let account_id = counted.challenge.account_id.map(AccountId);
                Ok(Evaluated::Wrong(account_id))
            }
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
                session::note(
                    c,
                    ActivityKind::SignedIn,
                    &account,
                    &client_for,
                    method.as_str(),
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
