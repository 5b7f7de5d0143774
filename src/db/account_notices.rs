//! The table `account_notices`: mails about changes to an account that the mail queue has yet to write.

use diesel::prelude::*;

use super::schema::account_notices;
use crate::domain::{AccountId, AccountNotice, AccountNoticeId, Stored, Timestamp};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = account_notices, check_for_backend(diesel::sqlite::Sqlite))]
pub struct AccountNoticeRow {
    pub id: AccountNoticeId,
    pub account_id: AccountId,
    pub kind: Stored<AccountNotice>,
    /// When the account was changed.
    pub created_at: Timestamp,
}

pub fn add(
    connection: &mut SqliteConnection,
    account_id: AccountId,
    kind: AccountNotice,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(account_notices::table)
        .values((
            account_notices::account_id.eq(account_id),
            account_notices::kind.eq(kind),
            account_notices::created_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// The oldest notices.
pub fn oldest(
    connection: &mut SqliteConnection,
    at_most: i64,
) -> QueryResult<Vec<AccountNoticeRow>> {
    account_notices::table
        .order(account_notices::id.asc())
        .limit(at_most)
        .select(AccountNoticeRow::as_select())
        .load(connection)
}

pub fn delete(connection: &mut SqliteConnection, id: AccountNoticeId) -> QueryResult<()> {
    diesel::delete(account_notices::table.find(id)).execute(connection)?;
    Ok(())
}

pub fn delete_of_account(
    connection: &mut SqliteConnection,
    account_id: AccountId,
) -> QueryResult<()> {
    let theirs = account_notices::account_id.eq(account_id);
    diesel::delete(account_notices::table.filter(theirs)).execute(connection)?;
    Ok(())
}
