//! The table `identities`: a provider's subjects and the accounts they are linked to.

use diesel::prelude::*;

use super::accounts::AccountRow;
use super::schema::{accounts, identities};
use crate::domain::{AccountId, Timestamp};

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

/// Whether the account is linked to any subject of this provider.
pub fn is_linked(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    provider: &str,
) -> QueryResult<bool> {
    let theirs = identities::table
        .filter(identities::account_id.eq(account_id))
        .filter(identities::provider.eq(provider));
    diesel::select(diesel::dsl::exists(theirs)).get_result(connection)
}

pub fn link(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    provider: &str,
    subject: &str,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(identities::table)
        .values((
            identities::account_id.eq(account_id),
            identities::provider.eq(provider),
            identities::subject.eq(subject),
            identities::linked_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// Removes the account's links to every provider.
pub fn unlink(connection: &mut SqliteConnection, account_id: AccountId) -> QueryResult<()> {
    let theirs = identities::account_id.eq(account_id);
    diesel::delete(identities::table.filter(theirs)).execute(connection)?;
    Ok(())
}
