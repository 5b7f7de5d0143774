//! Counting tries, before anything is compared.

use std::time::Duration;

use super::{Refusal, operator_code};
use crate::db::challenges::{self, ChallengeRow};
use crate::db::{QueryResult, SqliteConnection, accounts, notices, wrong_tries};
use crate::domain::{DeviceId, Email, HashedCode, Timestamp, TokenHash, WrongTryId};
use crate::mail::MailQueue;
use crate::mail::messages::guessing_notice;
use crate::sign_in::limits::rules::CLOCK_SLACK;
use crate::sign_in::limits::{Limit, Limited, try_budget};

/// A try that may be compared, since it has been counted.
pub(super) struct Counted {
    pub(super) challenge: ChallengeRow,
    pub(super) kept: HashedCode,
    pub(super) beside: Beside,
    pub(super) try_id: WrongTryId,
    pub(super) admins_are_told: bool,
}

/// What a code is compared with when it is not the challenge's own.
pub(super) enum Beside {
    /// Nothing: no operator has made a code for anybody.
    Nothing,
    /// An operator's code is in force for somebody else. The same work is done all the same, so that
    /// how long it takes does not tell whom it is for (SECURITY rule 5).
    SameWork,
    /// The operator's code for this address.
    OperatorCode(HashedCode),
}

/// Counts a try on the challenge of this browser, unless there is none left.
pub(super) fn count_in(
    c: &mut SqliteConnection,
    token_hash: TokenHash,
    known: Option<&DeviceId>,
    now: Timestamp,
    mail: &MailQueue,
) -> QueryResult<Result<Counted, Refusal>> {
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
    let kept = challenge.code();
    let email = challenge.email.clone();
    let beside = beside(c, &email, now)?;
    // An operator's code is for the day when no other sign-in works, so the overall budget does not stop it. A try
    // against it counts for its address like any other.
    let is_excepted = |limited: &Limited| {
        limited.limit == Limit::WrongCodesOverall && matches!(beside, Beside::OperatorCode(_))
    };
    let exhausted = try_budget::exhausted(c, &email, known, now)?;
    if let Some(limited) = exhausted.filter(|limited| !is_excepted(limited)) {
        return Ok(Err(Refusal::Limited(limited)));
    }
    challenges::count_try(c, challenge.id)?;
    let account_id = challenge.account_id;
    let try_id = wrong_tries::add(c, &email, account_id, known, now)?;
    // Looked up for every address, so that it takes the same time (SECURITY rule 5); a try for an
    // address without an account is not among those counted.
    let last_of_all = known.is_none() && try_budget::was_the_last_overall(c, now)?;
    let exhausted = account_id.is_some() && last_of_all;
    let admins_are_told = exhausted
        && notices::claim(
            c,
            "overall-guessing",
            Limit::GuessingNotices.rule().window,
            now,
        )?;
    if admins_are_told {
        for admin in accounts::admin_addresses(c)? {
            mail.queue(c, &admin, &guessing_notice(), now)?;
        }
    }
    Ok(Ok(Counted {
        beside,
        challenge,
        kept,
        try_id,
        admins_are_told,
    }))
}

fn beside(c: &mut SqliteConnection, email: &Email, now: Timestamp) -> QueryResult<Beside> {
    if let Some(code) = operator_code::in_force(c, email, now)? {
        return Ok(Beside::OperatorCode(code));
    }
    Ok(if operator_code::is_any_in_force(c, now)? {
        Beside::SameWork
    } else {
        Beside::Nothing
    })
}
