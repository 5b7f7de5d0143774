//! Counting a try, before its code is compared (SECURITY rule 3).

use std::sync::Arc;
use std::time::Duration;

use super::operator_code::{self, OperatorCode};
use super::{EmailCode, Refusal};
use crate::db::challenges::{self, ChallengeRow};
use crate::db::{QueryResult, SqliteConnection, accounts, notices, wrong_tries};
use crate::domain::{KnownBrowserId, Timestamp, TokenHash, WrongTryId};
use crate::mail::MailQueue;
use crate::mail::messages::guessing_notice;
use crate::sign_in::limits::rules::CLOCK_SLACK;
use crate::sign_in::limits::{Limit, Limited, try_budget};

/// A try that has been counted as a wrong one, so its code may be compared.
pub(super) struct CountedTry {
    pub(super) challenge: ChallengeRow,
    pub(super) operator_code: OperatorCode,
    /// While the overall limit is reached: the answer to every code that is not the operator's code for this address.
    pub(super) overall_limit: Option<Limited>,
    pub(super) id: WrongTryId,
    admins_mailed: bool,
}

impl EmailCode {
    /// Counts a try on the challenge of this browser in its own committed write. Of any number of tries at once, at
    /// most five are therefore compared.
    pub(super) async fn count_try(
        &self,
        token_hash: TokenHash,
        known: Option<KnownBrowserId>,
        now: Timestamp,
    ) -> Result<CountedTry, Refusal> {
        let mail = Arc::clone(&self.mail);
        let counted = self
            .database
            .write(move |c| count(c, token_hash, known, now, &mail))
            .await??;
        if counted.admins_mailed {
            self.mail.look_again();
        }
        Ok(counted)
    }

    /// Uncounts a try whose code could not be compared, because the server was too busy.
    pub(super) async fn uncount_try(&self, counted: CountedTry) -> Result<(), Refusal> {
        let CountedTry { challenge, id, .. } = counted;
        self.database
            .write(move |c| {
                wrong_tries::take_back(c, id)?;
                challenges::uncount_try(c, challenge.id, challenge.code().hash)
            })
            .await?;
        Ok(())
    }
}

/// Every refusal comes before the first write, so there is nothing to roll back.
fn count(
    c: &mut SqliteConnection,
    token_hash: TokenHash,
    known: Option<KnownBrowserId>,
    now: Timestamp,
    mail: &MailQueue,
) -> QueryResult<Result<CountedTry, Refusal>> {
    let Some(challenge) = challenges::find(c, token_hash)? else {
        return Ok(Err(Refusal::Wrong));
    };
    let ahead = challenge.issued_at > now.plus(CLOCK_SLACK);
    if !challenge.is_open() || challenge.expires_at <= now || ahead {
        return Ok(Err(Refusal::Wrong));
    }
    if challenge.tries >= Limit::WrongCodesPerCode.rule().rate.into() {
        return Ok(Err(Refusal::Limited(Limited {
            limit: Limit::WrongCodesPerCode,
            retry_after: Duration::ZERO,
        })));
    }
    let email = challenge.email.clone();
    let operator_code = operator_code::find(c, &email, now)?;
    // An operator's code is for the day when no other sign-in works, so the overall budget does not stop it. While one
    // is in force, tries for every address are counted, so that none tells which address it is for.
    let is_excepted = |limited: &Limited| {
        limited.limit == Limit::WrongCodesOverall
            && !matches!(operator_code, OperatorCode::NotInForce)
    };
    let overall_limit = match try_budget::exhausted(c, &email, known, now)? {
        Some(limited) if !is_excepted(&limited) => return Ok(Err(Refusal::Limited(limited))),
        exhausted => exhausted,
    };
    challenges::count_try(c, challenge.id)?;
    // A try that is compared with no code of its address does not lengthen the overall limit.
    let is_compared =
        overall_limit.is_none() || matches!(operator_code, OperatorCode::ForThisAddress(_));
    let account_id = challenge.account_id.filter(|_| is_compared);
    let id = wrong_tries::add(c, &email, account_id, known, now)?;
    // Queried for every address, so that it takes the same time (SECURITY rule 5). A try for an address without an
    // account is not in this budget.
    let last_overall = known.is_none() && try_budget::was_the_last_overall(c, now)?;
    let exhausted = account_id.is_some() && last_overall;
    let apart = Limit::GuessingNotices.rule().window;
    let admins_mailed = exhausted && notices::claim(c, "overall-guessing", apart, now)?;
    if admins_mailed {
        for admin in accounts::admin_addresses(c)? {
            mail.queue(c, &admin, &guessing_notice(), now)?;
        }
    }
    Ok(Ok(CountedTry {
        challenge,
        operator_code,
        overall_limit,
        id,
        admins_mailed,
    }))
}
