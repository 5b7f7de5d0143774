//! Taking codes.

use std::sync::Arc;

use crate::db::{QueryResult, SqliteConnection};
use log::info;

use super::code_hash::HashError;
use super::count::{Beside, Counted, count_in};
use super::{EmailCode, OpenChallenge, Refusal, SignedIn, operator_code};
use crate::db::accounts::{self, AccountRow};
use crate::db::activity::{self, NewActivity};
use crate::db::challenges::{self, ChallengeRow};
use crate::db::{operator_codes, wrong_tries};
use crate::domain::{
    AccountId, ActivityKind, DeviceId, Email, HashedCode, SignInCode, SignInMethod, Timestamp,
    Token, TokenHash, WayIn,
};
use crate::sign_in::client::Client;
use crate::sign_in::session;

/// Which code was entered.
enum RightCode {
    /// The challenge's own, from the mail.
    Own,
    /// The operator's for this address.
    Operator(HashedCode),
}

/// What the comparison said.
enum Evaluated {
    Right(Box<Counted>, RightCode),
    /// For the account of the address, if there is one.
    Wrong(Option<AccountId>),
}

impl EmailCode {
    /// Tries a code on the challenge of this browser and, when it is right, begins a session.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn verify(
        &self,
        token_hash: Option<TokenHash>,
        code: &SignInCode,
        client: &Client,
        older_session: Option<TokenHash>,
    ) -> Result<SignedIn, Refusal> {
        let outcome = self.tried(token_hash, code, client, older_session).await;
        let word = outcome.as_ref().map_or_else(Refusal::word, |_| "signed_in");
        self.metrics
            .sign_in(SignInMethod::EmailCode.into_str(), word);
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
        let open = self.open_challenge(token_hash)?.ok_or(Refusal::Wrong)?;
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
            Evaluated::Right(counted, code) => {
                self.enter(*counted, code, &open, client, older_session)
                    .await
            }
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
        match self.which(code, &counted).await {
            Ok(Some(right)) => Ok(Evaluated::Right(Box::new(counted), right)),
            Ok(None) => {
                let account_id = counted.challenge.account_id;
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
                        challenges::uncount_try(c, challenge.id, kept.hash)
                    })
                    .await?;
                Err(e.into())
            }
        }
    }

    async fn which(
        &self,
        code: &SignInCode,
        counted: &Counted,
    ) -> Result<Option<RightCode>, HashError> {
        let own = counted.kept.clone();
        let all = match &counted.beside {
            Beside::Nothing => vec![own],
            Beside::SameWork => vec![own.clone(), own],
            Beside::OperatorCode(kept) => vec![own, kept.clone()],
        };
        // In one turn, or a try whose first half alone came in time would be compared and given back.
        let found = self.hasher.which(code, all).await?;
        Ok(match (found, &counted.beside) {
            (None, _) => None,
            (Some(1), Beside::OperatorCode(kept)) => Some(RightCode::Operator(kept.clone())),
            (Some(_), _) => Some(RightCode::Own),
        })
    }

    async fn enter(
        &self,
        counted: Counted,
        code: RightCode,
        open: &OpenChallenge,
        client: &Client,
        older_session: Option<TokenHash>,
    ) -> Result<SignedIn, Refusal> {
        let now = self.clock.now();
        let token = Token::generate(&mut rand::rng());
        let token_hash = token.hash();
        let (client_for, browsers) = (client.clone(), Arc::clone(&self.browsers));
        let way_in = match code {
            RightCode::Own => WayIn::EmailCode,
            RightCode::Operator(_) => WayIn::OperatorCode,
        };
        let email = open.email.clone();
        let began = self
            .database
            .write(move |c| {
                let Counted {
                    challenge,
                    kept,
                    try_id,
                    ..
                } = counted;
                let Some(account) = account_to_enter(c, &challenge, &code, &email)? else {
                    return Ok(None);
                };
                wrong_tries::take_back(c, try_id)?;
                // Of several browsers one alone gets the operator's code; the others keep their own.
                if let RightCode::Operator(code) = &code
                    && !is_still_in_force(c, &email, code, now)?
                {
                    return Ok(None);
                }
                if !challenges::consume(c, challenge.id, kept.hash, now)? {
                    return Ok(None);
                }
                if let RightCode::Operator(code) = &code
                    && !operator_codes::consume(c, &email, code.hash, now)?
                {
                    return Ok(None);
                }
                let method = SignInMethod::EmailCode;
                let id = session::begin(
                    c,
                    token_hash,
                    &account,
                    method,
                    &client_for,
                    older_session,
                    now,
                )?;
                let told = browsers.tell_if_new(c, &account, way_in, &client_for, now)?;
                session::note(
                    c,
                    ActivityKind::SignedIn,
                    &account,
                    &client_for,
                    way_in.into_str(),
                    now,
                )?;
                Ok(Some((account, id, told)))
            })
            .await?;
        let (account, session_id, told) = began.ok_or(Refusal::Wrong)?;
        if told {
            self.browsers.look_again();
        }
        info!(
            "account {} signed in with {}, session {}",
            account.id,
            match way_in {
                WayIn::OperatorCode => "an operator's code",
                _ => "an email code",
            },
            session_id.0
        );
        Ok(SignedIn {
            token,
            return_to: open.return_to.clone(),
            device: self.browsers.remembering(&account, client, now),
        })
    }
}

/// Whether an operator's code is still the one that was compared.
fn is_still_in_force(
    c: &mut SqliteConnection,
    email: &Email,
    compared: &HashedCode,
    now: Timestamp,
) -> QueryResult<bool> {
    let kept = operator_code::in_force(c, email, now)?;
    Ok(kept.is_some_and(|kept| kept.hash == compared.hash))
}

/// The account that a right code lets in; `None` for an address without one, and for an account
/// that was suspended meanwhile. An operator's code opens an account that has moved, too.
fn account_to_enter(
    c: &mut SqliteConnection,
    challenge: &ChallengeRow,
    code: &RightCode,
    email: &Email,
) -> QueryResult<Option<AccountRow>> {
    let account = match (code, challenge.account_id) {
        (RightCode::Operator(_), _) => accounts::find_by_email(c, email)?,
        (RightCode::Own, Some(id)) => accounts::find(c, id)?,
        (RightCode::Own, None) => None,
    };
    Ok(account.filter(AccountRow::may_sign_in))
}
