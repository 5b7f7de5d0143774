//! The table `identities`: who somebody is at a provider.

use diesel::prelude::*;

use super::accounts::AccountRow;
use super::schema::{accounts, identities};
use crate::domain::{AccountId, Timestamp};

/// Finds the account of a provider's subject.
///
/// # Errors
/// When the query fails.
pub fn find_account(
    connection: &mut SqliteConnection,
    provider: &str,
    subject: &str,
) -> QueryResult<Option<AccountRow>> {
    identities::table
        .inner_join(accounts::table)
        .filter(identities::provider.eq(provider))
        .filter(identities::subject.eq(subject))
        .select(AccountRow::as_select())
        .get_result(connection)
        .optional()
}

/// Whether an account is somebody at this provider already.
///
/// # Errors
/// When the query fails.
pub fn is_linked(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    provider: &str,
) -> QueryResult<bool> {
    let theirs = identities::table
        .filter(identities::account_id.eq(account_id.0))
        .filter(identities::provider.eq(provider));
    diesel::select(diesel::dsl::exists(theirs)).get_result(connection)
}

/// Links an account to a provider's subject.
///
/// # Errors
/// When the query fails.
pub fn link(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    provider: &str,
    subject: &str,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(identities::table)
        .values((
            identities::account_id.eq(account_id.0),
            identities::provider.eq(provider),
            identities::subject.eq(subject),
            identities::linked_at.eq(now.0),
        ))
        .execute(connection)?;
    Ok(())
}

/// Forgets whoever an account was at any provider.
///
/// # Errors
/// When the query fails.
pub fn unlink(connection: &mut SqliteConnection, account_id: AccountId) -> QueryResult<()> {
    let theirs = identities::account_id.eq(account_id.0);
    diesel::delete(identities::table.filter(theirs)).execute(connection)?;
    Ok(())
}
