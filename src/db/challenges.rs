//! The table `challenges`: codes that were asked for.

use diesel::prelude::*;

use super::schema::challenges;
use crate::domain::{AccountId, Email, Timestamp, TokenHash};

/// One challenge.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = challenges, check_for_backend(diesel::sqlite::Sqlite))]
pub struct ChallengeRow {
    /// Its key.
    pub id: i64,
    /// The address as it was typed.
    pub email: String,
    /// The account of that address, if there was one.
    pub account_id: Option<i64>,
    /// argon2id of the code.
    pub code_hash: Vec<u8>,
    /// The hash's salt.
    pub code_salt: Vec<u8>,
    /// Where to go after the sign-in.
    pub return_to: String,
    /// How many codes were tried.
    pub tries: i64,
    /// When the code in force was made.
    pub issued_at: i64,
    /// When it stops working.
    pub expires_at: i64,
    /// When it was used, or ended by its owner.
    pub consumed_at: Option<i64>,
}

/// A code as it may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedCode {
    /// argon2id, with the pepper as its secret input.
    pub hash: [u8; 32],
    /// New for each code.
    pub salt: [u8; 16],
}

impl HashedCode {
    /// What a row holds; `None` for anything of another length.
    pub fn from_columns(hash: &[u8], salt: &[u8]) -> Option<Self> {
        Some(Self {
            hash: hash.try_into().ok()?,
            salt: salt.try_into().ok()?,
        })
    }
}

/// What a new challenge is made of.
#[derive(Debug)]
pub struct NewChallenge<'a> {
    /// Finds the row again for the one browser that has the token.
    pub token_hash: TokenHash,
    /// The address as it was typed.
    pub email: &'a Email,
    /// Its account, if there is one.
    pub account_id: Option<AccountId>,
    /// The code.
    pub code: &'a HashedCode,
    /// Where to go after the sign-in.
    pub return_to: &'a str,
    /// Now.
    pub issued_at: Timestamp,
    /// When the code stops working.
    pub expires_at: Timestamp,
}

/// Writes a new challenge.
///
/// # Errors
/// When the query fails.
pub fn insert(connection: &mut SqliteConnection, new: &NewChallenge<'_>) -> QueryResult<i64> {
    diesel::insert_into(challenges::table)
        .values((
            challenges::token_hash.eq(new.token_hash.as_bytes().as_slice()),
            challenges::email.eq(new.email.as_str()),
            challenges::account_id.eq(new.account_id.map(|id| id.0)),
            challenges::code_hash.eq(new.code.hash.as_slice()),
            challenges::code_salt.eq(new.code.salt.as_slice()),
            challenges::return_to.eq(new.return_to),
            challenges::issued_at.eq(new.issued_at.0),
            challenges::expires_at.eq(new.expires_at.0),
        ))
        .returning(challenges::id)
        .get_result(connection)
}

/// Finds the challenge that a browser's token belongs to.
///
/// # Errors
/// When the query fails.
pub fn find(
    connection: &mut SqliteConnection,
    token_hash: TokenHash,
) -> QueryResult<Option<ChallengeRow>> {
    challenges::table
        .filter(challenges::token_hash.eq(token_hash.as_bytes().as_slice()))
        .select(ChallengeRow::as_select())
        .get_result(connection)
        .optional()
}

/// Finds a challenge by its key.
///
/// # Errors
/// When the query fails.
pub fn find_by_id(connection: &mut SqliteConnection, id: i64) -> QueryResult<Option<ChallengeRow>> {
    challenges::table
        .find(id)
        .select(ChallengeRow::as_select())
        .get_result(connection)
        .optional()
}

/// Puts a new code in the place of the older one, with tries of its own. A challenge that was
/// used stays used; `false` then.
///
/// # Errors
/// When the query fails.
pub fn replace_code(
    connection: &mut SqliteConnection,
    id: i64,
    account_id: Option<AccountId>,
    code: &HashedCode,
    issued_at: Timestamp,
    expires_at: Timestamp,
) -> QueryResult<bool> {
    let open = challenges::table
        .find(id)
        .filter(challenges::consumed_at.is_null());
    let changed = diesel::update(open)
        .set((
            challenges::account_id.eq(account_id.map(|id| id.0)),
            challenges::code_hash.eq(code.hash.as_slice()),
            challenges::code_salt.eq(code.salt.as_slice()),
            challenges::tries.eq(0),
            challenges::issued_at.eq(issued_at.0),
            challenges::expires_at.eq(expires_at.0),
        ))
        .execute(connection)?;
    Ok(changed == 1)
}

/// Counts one more try.
///
/// # Errors
/// When the query fails.
pub fn count_try(connection: &mut SqliteConnection, id: i64) -> QueryResult<()> {
    diesel::update(challenges::table.find(id))
        .set(challenges::tries.eq(challenges::tries + 1))
        .execute(connection)?;
    Ok(())
}

/// Takes back a try that was never compared, unless the code has been replaced meanwhile.
///
/// # Errors
/// When the query fails.
pub fn uncount_try(
    connection: &mut SqliteConnection,
    id: i64,
    uncompared_hash: &[u8],
) -> QueryResult<()> {
    let same_code = challenges::table
        .find(id)
        .filter(challenges::code_hash.eq(uncompared_hash))
        .filter(challenges::tries.gt(0));
    diesel::update(same_code)
        .set(challenges::tries.eq(challenges::tries - 1))
        .execute(connection)?;
    Ok(())
}

/// Uses the code up; `true` for exactly one caller, and only while the code is still the one that
/// was compared.
///
/// # Errors
/// When the query fails.
pub fn consume(
    connection: &mut SqliteConnection,
    id: i64,
    compared_hash: &[u8],
    now: Timestamp,
) -> QueryResult<bool> {
    let open = challenges::table
        .find(id)
        .filter(challenges::consumed_at.is_null())
        .filter(challenges::code_hash.eq(compared_hash))
        .filter(challenges::expires_at.gt(now.0));
    let changed = diesel::update(open)
        .set(challenges::consumed_at.eq(now.0))
        .execute(connection)?;
    Ok(changed == 1)
}

/// Ends a challenge that was not used: no code of it works, and it gets no new one. `false` when it
/// was used or ended before. Its end tells it from one that was used, which is always used before.
///
/// # Errors
/// When the query fails.
pub fn disown(connection: &mut SqliteConnection, id: i64, now: Timestamp) -> QueryResult<bool> {
    let open = challenges::table
        .find(id)
        .filter(challenges::consumed_at.is_null());
    let changed = diesel::update(open)
        .set((
            challenges::consumed_at.eq(now.0),
            challenges::expires_at.eq(now.0),
        ))
        .execute(connection)?;
    Ok(changed == 1)
}

/// Forgets the challenge of a browser's token.
///
/// # Errors
/// When the query fails.
pub fn delete(connection: &mut SqliteConnection, token_hash: TokenHash) -> QueryResult<()> {
    let this = challenges::token_hash.eq(token_hash.as_bytes().as_slice());
    diesel::delete(challenges::table.filter(this)).execute(connection)?;
    Ok(())
}

/// Forgets up to `at_most` challenges whose code stopped working before `before`, or was made later
/// than `latest`.
///
/// # Errors
/// When the query fails.
pub fn delete_expired(
    connection: &mut SqliteConnection,
    before: Timestamp,
    latest: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let expired = challenges::expires_at.lt(before.0);
    let expired = challenges::table
        .filter(expired.or(challenges::issued_at.gt(latest.0)))
        .select(challenges::id)
        .limit(at_most)
        .load::<i64>(connection)?;
    diesel::delete(challenges::table.filter(challenges::id.eq_any(expired))).execute(connection)
}
