//! Consuming a verified code and starting the session, in one transaction.

use std::sync::Arc;

use log::info;

use super::count::CountedTry;
use super::{CodePolicy, EmailCode, OpenChallenge, Refusal, operator_code};
use crate::db::accounts::{self, AccountRow};
use crate::db::challenges::{self, ChallengeRow};
use crate::db::{QueryResult, SqliteConnection, operator_codes, wrong_tries};
use crate::domain::{
    ActivityKind, Email, HashedCode, SignInMethod, Timestamp, Token, TokenHash, WayIn,
};
use crate::sign_in::client::Client;
use crate::sign_in::known_browsers::remember;
use crate::sign_in::session::{self, Beginning, StartedSession};

/// A counted try whose code is right.
pub(super) struct VerifiedCode {
    pub(super) counted: CountedTry,
    pub(super) code: ConsumedCode,
}

pub(super) enum ConsumedCode {
    /// The challenge's own code.
    Mailed,
    /// The operator's code for the challenge's address.
    Operator(HashedCode),
}

impl ConsumedCode {
    const fn way_in(&self) -> WayIn {
        match self {
            Self::Mailed => WayIn::EmailCode,
            Self::Operator(_) => WayIn::OperatorCode,
        }
    }

    const fn label(&self) -> &'static str {
        match self {
            Self::Mailed => "an email code",
            Self::Operator(_) => "an operator's code",
        }
    }
}

impl EmailCode {
    /// Consumes a code, and starts a session for its account. Of any number of requests at once, one succeeds.
    pub(super) async fn consume(
        &self,
        verified: VerifiedCode,
        open: &OpenChallenge,
        client: &Client,
        older_session: Option<TokenHash>,
    ) -> Result<StartedSession, Refusal> {
        let VerifiedCode { counted, code } = verified;
        let (way_in, label) = (code.way_in(), code.label());
        let now = self.clock.now();
        let token = Token::generate(&mut rand::rng());
        let token_hash = token.hash();
        let policy = self.policy();
        let (asking, browsers) = (client.clone(), Arc::clone(&self.browsers));
        let started = self
            .database
            .write(move |c| {
                let challenge = &counted.challenge;
                let Some(account) = account_of(c, challenge, &code, &policy)? else {
                    return Ok(None);
                };
                // The code was right, so the try does not count, even where another request consumed the code.
                wrong_tries::take_back(c, counted.id)?;
                if !consume_code(c, challenge, &code, now)? {
                    return Ok(None);
                }
                let beginning = Beginning {
                    method: SignInMethod::EmailCode,
                    authentication: None,
                    short_lived: false,
                };
                let (hash, older) = (token_hash, older_session);
                let id = session::begin(c, hash, &account, &beginning, &asking, older, now)?;
                challenges::set_session(c, challenge.id, id)?;
                let mailed = browsers.tell_if_new(c, &account, way_in, &asking, now)?;
                accounts::set_last_sign_in(c, account.id, now)?;
                let browser_token = remember(c, &account, &asking, now)?;
                let kind = ActivityKind::SignedIn;
                session::note(c, kind, &account, &asking, way_in.into_str(), now)?;
                Ok(Some((account.id, id, browser_token, mailed)))
            })
            .await?;
        let (account_id, session_id, browser_token, mailed) = started.ok_or(Refusal::Wrong)?;
        if mailed {
            self.browsers.look_again();
        }
        info!(
            "account {account_id} signed in with {label}, session {}",
            session_id.0
        );
        Ok(StartedSession {
            token,
            return_to: open.return_to.clone(),
            browser_token: Some(browser_token),
        })
    }
}

/// Consumes the challenge, and the operator's code if that was entered. The operator's code is checked first: of several
/// browsers that enter it, one consumes it, and the challenges of the others stay open.
fn consume_code(
    c: &mut SqliteConnection,
    challenge: &ChallengeRow,
    code: &ConsumedCode,
    now: Timestamp,
) -> QueryResult<bool> {
    let email: &Email = &challenge.email;
    if let ConsumedCode::Operator(code) = code
        && !operator_code::is_still(c, email, code, now)?
    {
        return Ok(false);
    }
    if !challenges::consume(c, challenge.id, challenge.code().hash, now)? {
        return Ok(false);
    }
    match code {
        ConsumedCode::Mailed => Ok(true),
        ConsumedCode::Operator(code) => operator_codes::consume(c, email, code.hash, now),
    }
}

/// The account that a right code signs in. `None` for an address without an account, and for an account that meanwhile
/// was suspended, lost the rule that admitted it, or became an admin's that gets no codes. An operator's code signs in every account.
fn account_of(
    c: &mut SqliteConnection,
    challenge: &ChallengeRow,
    code: &ConsumedCode,
    policy: &CodePolicy,
) -> QueryResult<Option<AccountRow>> {
    let account = match (code, challenge.account_id) {
        (ConsumedCode::Operator(_), _) => accounts::find_by_email(c, &challenge.email)?,
        (ConsumedCode::Mailed, Some(id)) => {
            accounts::find(c, id)?.filter(|account| policy.lets_in(account))
        }
        (ConsumedCode::Mailed, None) => None,
    };
    Ok(account.filter(AccountRow::may_sign_in))
}
