//! The table `challenges`: one row for each requested code.

use diesel::prelude::*;

use super::schema::challenges;
use crate::domain::{
    AccountId, ChallengeId, CodeHash, CodeSalt, Email, HashedCode, KnownBrowserId, ReturnTo,
    SessionId, Timestamp, TokenHash,
};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = challenges, check_for_backend(diesel::sqlite::Sqlite))]
pub struct ChallengeRow {
    pub id: ChallengeId,
    /// The address as it was typed.
    pub email: Email,
    /// `None` when the address has no account that gets codes.
    pub account_id: Option<AccountId>,
    pub code_hash: CodeHash,
    pub code_salt: CodeSalt,
    pub return_to: ReturnTo,
    /// How many codes were tried against the code in force.
    pub tries: i64,
    /// When the code in force was made.
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// When the code was used.
    pub consumed_at: Option<Timestamp>,
    /// When the owner of the mailbox ended the challenge before it was used.
    pub disowned_at: Option<Timestamp>,
    /// When the owner of the mailbox said that another person had used the code.
    pub reported_at: Option<Timestamp>,
    /// The session that the code began. It may have ended.
    pub session_id: Option<SessionId>,
    /// The known browser that asked for the code in force; `None` for an unknown one.
    pub known_browser_id: Option<KnownBrowserId>,
}

impl ChallengeRow {
    /// Neither used nor disowned. The code may have expired.
    pub fn is_open(&self) -> bool {
        self.consumed_at.is_none() && self.disowned_at.is_none()
    }

    pub fn code(&self) -> HashedCode {
        HashedCode {
            hash: self.code_hash,
            salt: self.code_salt,
        }
    }
}

#[derive(Debug)]
pub struct NewChallenge<'a> {
    /// The hash of the token in the browser's cookie.
    pub token_hash: TokenHash,
    /// The address as it was typed.
    pub email: &'a Email,
    pub return_to: &'a ReturnTo,
    pub code: NewCode<'a>,
}

/// The first code of a challenge, or one that replaces an older code.
#[derive(Debug)]
pub struct NewCode<'a> {
    /// `None` when the address has no account that gets codes.
    pub account_id: Option<AccountId>,
    pub code: &'a HashedCode,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// The known browser that asks; `None` for an unknown one.
    pub known_browser_id: Option<KnownBrowserId>,
}

pub fn insert(
    connection: &mut SqliteConnection,
    new: &NewChallenge<'_>,
) -> QueryResult<ChallengeId> {
    diesel::insert_into(challenges::table)
        .values((
            challenges::token_hash.eq(new.token_hash),
            challenges::email.eq(new.email),
            challenges::account_id.eq(new.code.account_id),
            challenges::code_hash.eq(new.code.code.hash),
            challenges::code_salt.eq(new.code.code.salt),
            challenges::return_to.eq(new.return_to),
            challenges::issued_at.eq(new.code.issued_at),
            challenges::expires_at.eq(new.code.expires_at),
            challenges::known_browser_id.eq(new.code.known_browser_id),
        ))
        .returning(challenges::id)
        .get_result(connection)
}

pub fn find(
    connection: &mut SqliteConnection,
    token_hash: TokenHash,
) -> QueryResult<Option<ChallengeRow>> {
    challenges::table
        .filter(challenges::token_hash.eq(token_hash))
        .select(ChallengeRow::as_select())
        .get_result(connection)
        .optional()
}

pub fn find_by_id(
    connection: &mut SqliteConnection,
    id: ChallengeId,
) -> QueryResult<Option<ChallengeRow>> {
    challenges::table
        .find(id)
        .select(ChallengeRow::as_select())
        .get_result(connection)
        .optional()
}

/// Replaces the code and resets its tries. `false` when the challenge was used or disowned: nothing is
/// changed then.
pub fn replace_code(
    connection: &mut SqliteConnection,
    id: ChallengeId,
    new: &NewCode<'_>,
) -> QueryResult<bool> {
    let open = challenges::table
        .find(id)
        .filter(challenges::consumed_at.is_null())
        .filter(challenges::disowned_at.is_null());
    let changed = diesel::update(open)
        .set((
            challenges::account_id.eq(new.account_id),
            challenges::code_hash.eq(new.code.hash),
            challenges::code_salt.eq(new.code.salt),
            challenges::tries.eq(0),
            challenges::issued_at.eq(new.issued_at),
            challenges::expires_at.eq(new.expires_at),
            challenges::known_browser_id.eq(new.known_browser_id),
        ))
        .execute(connection)?;
    Ok(changed == 1)
}

pub fn count_try(connection: &mut SqliteConnection, id: ChallengeId) -> QueryResult<()> {
    diesel::update(challenges::table.find(id))
        .set(challenges::tries.eq(challenges::tries + 1))
        .execute(connection)?;
    Ok(())
}

/// Takes back a try that was not compared, unless the code has been replaced since.
pub fn uncount_try(
    connection: &mut SqliteConnection,
    id: ChallengeId,
    uncompared: CodeHash,
) -> QueryResult<()> {
    let same_code = challenges::table
        .find(id)
        .filter(challenges::code_hash.eq(uncompared))
        .filter(challenges::tries.gt(0));
    diesel::update(same_code)
        .set(challenges::tries.eq(challenges::tries - 1))
        .execute(connection)?;
    Ok(())
}

/// Marks the challenge as used. `true` for exactly one caller, and only while its code is still the one
/// that was compared.
pub fn consume(
    connection: &mut SqliteConnection,
    id: ChallengeId,
    compared: CodeHash,
    now: Timestamp,
) -> QueryResult<bool> {
    let open = challenges::table
        .find(id)
        .filter(challenges::consumed_at.is_null())
        .filter(challenges::disowned_at.is_null())
        .filter(challenges::code_hash.eq(compared))
        .filter(challenges::expires_at.gt(now));
    let changed = diesel::update(open)
        .set(challenges::consumed_at.eq(now))
        .execute(connection)?;
    Ok(changed == 1)
}

/// Records the session that a used code has begun.
pub fn set_session(
    connection: &mut SqliteConnection,
    id: ChallengeId,
    session: SessionId,
) -> QueryResult<()> {
    diesel::update(challenges::table.find(id))
        .set(challenges::session_id.eq(session))
        .execute(connection)?;
    Ok(())
}

/// Ends an open challenge: its code no longer works, and it gets no new one. `false` when the challenge
/// was used or disowned before.
pub fn disown(
    connection: &mut SqliteConnection,
    id: ChallengeId,
    now: Timestamp,
) -> QueryResult<bool> {
    let open = challenges::table
        .find(id)
        .filter(challenges::consumed_at.is_null())
        .filter(challenges::disowned_at.is_null());
    let changed = diesel::update(open)
        .set(challenges::disowned_at.eq(now))
        .execute(connection)?;
    Ok(changed == 1)
}

/// Marks a used challenge as used by another person. `false` when it was not used, or was reported before.
pub fn report(
    connection: &mut SqliteConnection,
    id: ChallengeId,
    now: Timestamp,
) -> QueryResult<bool> {
    let used = challenges::table
        .find(id)
        .filter(challenges::consumed_at.is_not_null())
        .filter(challenges::reported_at.is_null());
    let changed = diesel::update(used)
        .set(challenges::reported_at.eq(now))
        .execute(connection)?;
    Ok(changed == 1)
}

/// Deletes the challenges before the `most` newest, up to the challenge `newest`, except used ones. Ids only grow.
pub fn delete_all_but_newest(
    connection: &mut SqliteConnection,
    newest: ChallengeId,
    most: i64,
) -> QueryResult<()> {
    let oldest_kept = ChallengeId(newest.0 - most);
    let evicted = challenges::table
        .filter(challenges::id.le(oldest_kept))
        .filter(challenges::consumed_at.is_null());
    diesel::delete(evicted).execute(connection)?;
    Ok(())
}

/// Counts the challenges that were not used.
pub fn count(connection: &mut SqliteConnection) -> QueryResult<i64> {
    challenges::table
        .filter(challenges::consumed_at.is_null())
        .count()
        .get_result(connection)
}

pub fn delete_all(connection: &mut SqliteConnection) -> QueryResult<()> {
    diesel::delete(challenges::table).execute(connection)?;
    Ok(())
}

/// A used challenge stays, so that its code can be reported (SECURITY rule 42).
pub fn delete_unused(connection: &mut SqliteConnection, token_hash: TokenHash) -> QueryResult<()> {
    let this = challenges::table
        .filter(challenges::token_hash.eq(token_hash))
        .filter(challenges::consumed_at.is_null());
    diesel::delete(this).execute(connection)?;
    Ok(())
}

/// Deletes up to `at_most` challenges whose code expired before `before`, was used before `used_before`, or was made
/// after `latest`: the clock was set back since.
pub fn delete_expired(
    connection: &mut SqliteConnection,
    before: Timestamp,
    used_before: Timestamp,
    latest: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let is_over = challenges::consumed_at
        .is_null()
        .or(challenges::consumed_at.lt(used_before));
    let expired = challenges::expires_at
        .lt(before)
        .and(is_over.assume_not_null());
    let expired = challenges::table
        .filter(expired.or(challenges::issued_at.gt(latest)))
        .select(challenges::id)
        .limit(at_most)
        .load::<ChallengeId>(connection)?;
    diesel::delete(challenges::table.filter(challenges::id.eq_any(expired))).execute(connection)
}
