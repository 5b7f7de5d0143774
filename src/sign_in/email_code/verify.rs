//! Verifying a code: limit, count, compare, consume.

use log::info;

use super::code_hasher::HashError;
use super::consume::{ConsumedCode, VerifiedCode};
use super::count::CountedTry;
use super::operator_code::OperatorCode;
use super::{EmailCode, OpenChallenge, Refusal};
use crate::db::activity::{self, NewActivity};
use crate::db::wrong_tries;
use crate::domain::{
    AccountId, ActivityKind, KnownBrowserId, SignInCode, SignInMethod, Timestamp, TokenHash,
};
use crate::sign_in::client::Client;
use crate::sign_in::limits::Limit;
use crate::sign_in::limits::rules::WRONG_CODES_FOR_A_MAIL;
use crate::sign_in::session::StartedSession;

enum Comparison {
    Match(Box<VerifiedCode>),
    Mismatch {
        /// The account of the challenge's address, if there is one.
        account_id: Option<AccountId>,
        refusal: Refusal,
    },
}

impl EmailCode {
    /// Verifies a code on the challenge of this browser. A right code starts a session, in place of `older_session`.
    pub async fn verify(
        &self,
        challenge: Option<TokenHash>,
        code: &SignInCode,
        client: &Client,
        older_session: Option<TokenHash>,
    ) -> Result<StartedSession, Refusal> {
        let verified = match self.verify_within_limits(challenge, code, client).await {
            Ok((open, verified)) => self.consume(verified, &open, client, older_session).await,
            Err(refusal) => Err(refusal),
        };
        let label = verified
            .as_ref()
            .map_or_else(Refusal::label, |_| "signed_in");
        self.metrics
            .sign_in(SignInMethod::EmailCode.into_str(), label);
        verified
    }

    async fn verify_within_limits(
        &self,
        challenge: Option<TokenHash>,
        code: &SignInCode,
        client: &Client,
    ) -> Result<(OpenChallenge, VerifiedCode), Refusal> {
        let token_hash = challenge.ok_or(Refusal::Wrong)?;
        let open = self.open_challenge(token_hash)?.ok_or(Refusal::Wrong)?;
        let now = self.clock.now();
        let known = self.browsers.find(client, &open.email)?;
        self.limits
            .take_try(client, known, now)
            .map_err(Refusal::Limited)?;
        let compared = self.count_and_compare(token_hash, code, known, now).await;
        if !matches!(compared, Ok(Comparison::Mismatch { .. })) {
            self.limits.give_try_back(client, known);
        }
        match compared? {
            Comparison::Match(verified) => Ok((open, *verified)),
            Comparison::Mismatch {
                account_id,
                refusal,
            } => {
                let browser = known.map_or("", |_| ", a known browser");
                info!("a wrong code from {}{browser}", client.ip);
                self.record_wrong_code(account_id, &open, client, now)
                    .await?;
                Err(refusal)
            }
        }
    }

    async fn count_and_compare(
        &self,
        token_hash: TokenHash,
        code: &SignInCode,
        known: Option<KnownBrowserId>,
        now: Timestamp,
    ) -> Result<Comparison, Refusal> {
        let counted = self.count_try(token_hash, known, now).await?;
        match self.compare(code, &counted).await {
            Ok(Some(code)) => Ok(Comparison::Match(Box::new(VerifiedCode { counted, code }))),
            Ok(None) => Ok(Comparison::Mismatch {
                account_id: counted.challenge.account_id,
                refusal: counted
                    .overall_limit
                    .map_or(Refusal::Wrong, Refusal::Limited),
            }),
            Err(e) => {
                self.uncount_try(counted).await?;
                Err(e.into())
            }
        }
    }

    /// Compares a code with that of the challenge, and with the operator's for the same address. While an operator's
    /// code for another address is in force, the same work is done, so the time does not tell which address it is for
    /// (SECURITY rule 5). While the overall limit is reached, only the operator's code is accepted.
    async fn compare(
        &self,
        code: &SignInCode,
        counted: &CountedTry,
    ) -> Result<Option<ConsumedCode>, HashError> {
        let own = counted.challenge.code();
        let mailed = (own.clone(), Some(ConsumedCode::Mailed));
        // A candidate that consumes nothing is refused even if it matches.
        let other = match &counted.operator_code {
            OperatorCode::NotInForce => None,
            OperatorCode::ForAnother => Some((own, None)),
            OperatorCode::ForThisAddress(operator) => Some((
                operator.clone(),
                Some(ConsumedCode::Operator(operator.clone())),
            )),
        };
        let mailed = counted.overall_limit.is_none().then_some(mailed);
        let (candidates, mut consumed): (Vec<_>, Vec<_>) = mailed.into_iter().chain(other).unzip();
        // All comparisons take one turn of the hash pool. With two turns, the first could be made and the second could
        // time out, and the compared try would be uncounted.
        let position = self.hasher.find(code, candidates).await?;
        Ok(position.and_then(|position| consumed.get_mut(position)?.take()))
    }

    /// Records a wrong code, and tells the owner of the account if there are many (SECURITY rule 42). The work does not
    /// depend on the account (SECURITY rule 5).
    async fn record_wrong_code(
        &self,
        account_id: Option<AccountId>,
        open: &OpenChallenge,
        client: &Client,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let (email, client) = (open.email.clone(), client.clone());
        let rule = Limit::WrongCodeMails.rule();
        let wrong_codes = self
            .database
            .write(move |c| {
                let what = NewActivity {
                    account_id,
                    ..client.doing(email.as_str())
                };
                activity::add(c, ActivityKind::WrongCode, &what, now)?;
                wrong_tries::count_of_address(c, &email, now.minus(rule.window))
            })
            .await?;
        if wrong_codes >= WRONG_CODES_FOR_A_MAIL {
            self.mail.tell_of_wrong_codes(account_id, now, rule.window);
        }
        Ok(())
    }
}
