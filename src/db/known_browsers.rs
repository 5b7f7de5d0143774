//! The table `known_browsers`: the browsers from which each account has signed in.

use diesel::prelude::*;

use super::schema::{accounts, known_browsers};
use crate::domain::{AccountId, BrowserName, Email, KnownBrowserId, Timestamp, TokenHash};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = known_browsers, check_for_backend(diesel::sqlite::Sqlite))]
pub struct KnownBrowserRow {
    pub id: KnownBrowserId,
    /// The hash of the token in the browser's cookie.
    pub token_hash: TokenHash,
    /// Browser and system in words.
    pub browser: String,
    /// The first sign-in.
    pub created_at: Timestamp,
    /// The newest sign-in.
    pub last_seen_at: Timestamp,
}

/// An account that a browser has signed in to.
#[derive(Debug, Clone, Queryable)]
pub struct AccountOfBrowser {
    pub id: KnownBrowserId,
    pub account_id: AccountId,
    /// The account's address.
    pub email: Email,
}

#[derive(Debug)]
pub struct NewKnownBrowser<'a> {
    pub token_hash: TokenHash,
    pub account_id: AccountId,
    pub browser: &'a BrowserName,
    pub now: Timestamp,
}

/// The accounts that the browser with a token has signed in to after `seen_after`.
pub fn accounts_of(
    connection: &mut SqliteConnection,
    token_hash: TokenHash,
    seen_after: Timestamp,
) -> QueryResult<Vec<AccountOfBrowser>> {
    known_browsers::table
        .inner_join(accounts::table)
        .filter(known_browsers::token_hash.eq(token_hash))
        .filter(known_browsers::last_seen_at.gt(seen_after))
        .select((
            known_browsers::id,
            known_browsers::account_id,
            accounts::email,
        ))
        .load(connection)
}

/// The browsers that have signed in to an account after `seen_after`, the newest sign-in first.
pub fn of_account(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    seen_after: Timestamp,
) -> QueryResult<Vec<KnownBrowserRow>> {
    known_browsers::table
        .filter(known_browsers::account_id.eq(account_id))
        .filter(known_browsers::last_seen_at.gt(seen_after))
        .order((
            known_browsers::last_seen_at.desc(),
            known_browsers::id.desc(),
        ))
        .select(KnownBrowserRow::as_select())
        .load(connection)
}

/// How many browsers have signed in to an account after `seen_after`.
pub fn count(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    seen_after: Timestamp,
) -> QueryResult<i64> {
    known_browsers::table
        .filter(known_browsers::account_id.eq(account_id))
        .filter(known_browsers::last_seen_at.gt(seen_after))
        .count()
        .get_result(connection)
}

/// Gives a browser a new token for all its accounts. Returns whether the browser is known for any.
pub fn replace_token(
    connection: &mut SqliteConnection,
    older: TokenHash,
    newer: TokenHash,
) -> QueryResult<bool> {
    let this = known_browsers::token_hash.eq(older);
    let changed = diesel::update(known_browsers::table.filter(this))
        .set(known_browsers::token_hash.eq(newer))
        .execute(connection)?;
    Ok(changed > 0)
}

/// Records a sign-in of a browser to an account.
pub fn record(connection: &mut SqliteConnection, new: &NewKnownBrowser<'_>) -> QueryResult<()> {
    let seen = (
        known_browsers::browser.eq(new.browser.as_str()),
        known_browsers::last_seen_at.eq(new.now),
    );
    diesel::insert_into(known_browsers::table)
        .values((
            known_browsers::token_hash.eq(new.token_hash),
            known_browsers::account_id.eq(new.account_id),
            known_browsers::created_at.eq(new.now),
            seen,
        ))
        .on_conflict((known_browsers::token_hash, known_browsers::account_id))
        .do_update()
        .set(seen)
        .execute(connection)?;
    Ok(())
}

/// Deletes all browsers of an account except the `kept` with the newest sign-ins.
pub fn keep_newest(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    kept: i64,
) -> QueryResult<()> {
    let older = known_browsers::table
        .filter(known_browsers::account_id.eq(account_id))
        .order((
            known_browsers::last_seen_at.desc(),
            known_browsers::id.desc(),
        ))
        .select(known_browsers::id)
        .limit(i64::MAX)
        .offset(kept)
        .load::<KnownBrowserId>(connection)?;
    if !older.is_empty() {
        let older = known_browsers::id.eq_any(older);
        diesel::delete(known_browsers::table.filter(older)).execute(connection)?;
    }
    Ok(())
}

/// Deletes a browser of an account, and returns its name. `None` when the account has no browser with this key.
pub fn delete_one(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    id: KnownBrowserId,
) -> QueryResult<Option<String>> {
    let this = known_browsers::table
        .find(id)
        .filter(known_browsers::account_id.eq(account_id));
    diesel::delete(this)
        .returning(known_browsers::browser)
        .get_result(connection)
        .optional()
}

/// Deletes every browser of an account except the one with the token `spared`, and counts them.
pub fn delete_of_account(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    spared: Option<TokenHash>,
) -> QueryResult<usize> {
    let theirs = known_browsers::table.filter(known_browsers::account_id.eq(account_id));
    match spared {
        Some(hash) => {
            let others = theirs.filter(known_browsers::token_hash.ne(hash));
            diesel::delete(others).execute(connection)
        }
        None => diesel::delete(theirs).execute(connection),
    }
}

pub fn delete_all(connection: &mut SqliteConnection) -> QueryResult<()> {
    diesel::delete(known_browsers::table).execute(connection)?;
    Ok(())
}

/// Deletes up to `at_most` browsers whose newest sign-in was at `before` or earlier.
pub fn delete_unseen_since(
    connection: &mut SqliteConnection,
    before: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let unseen = known_browsers::table
        .filter(known_browsers::last_seen_at.le(before))
        .select(known_browsers::id)
        .limit(at_most)
        .load::<KnownBrowserId>(connection)?;
    diesel::delete(known_browsers::table.filter(known_browsers::id.eq_any(unseen)))
        .execute(connection)
}
