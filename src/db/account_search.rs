//! Admins’ search in the table `accounts`: ordered by address, page by page.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;

use super::accounts::AccountRow;
use super::schema::accounts;
use crate::domain::{AccountId, Timestamp};

/// In bytes. No address and no name is longer. SQLite refuses patterns far longer than this.
pub(super) const LONGEST_TEXT: usize = 1_000;

/// The default finds every account.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A part of the address or of the name. ASCII case does not matter.
    pub text: String,
    /// The last address of the page before.
    pub after: Option<String>,
}

type Condition = Box<dyn BoxableExpression<accounts::table, Sqlite, SqlType = Bool>>;

/// Accounts ordered by address.
pub fn find(
    connection: &mut SqliteConnection,
    search: &Search,
    at_most: i64,
) -> QueryResult<Vec<AccountRow>> {
    let mut query = accounts::table
        .select(AccountRow::as_select())
        .order(accounts::email.asc())
        .limit(at_most)
        .into_boxed();
    if let Some(condition) = contains(&search.text) {
        query = query.filter(condition);
    }
    if let Some(after) = &search.after {
        query = query.filter(accounts::email.gt(after.clone()));
    }
    query.load(connection)
}

/// How many accounts match a text, on all pages together.
pub fn count(connection: &mut SqliteConnection, text: &str) -> QueryResult<i64> {
    let mut query = accounts::table.count().into_boxed();
    if let Some(condition) = contains(text) {
        query = query.filter(condition);
    }
    query.get_result(connection)
}

/// # Errors
/// `NotFound` when there is no such account.
pub fn created_at(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<Timestamp> {
    accounts::table
        .find(id)
        .select(accounts::created_at)
        .get_result(connection)
}

fn contains(text: &str) -> Option<Condition> {
    if text.is_empty() {
        return None;
    }
    if text.len() > LONGEST_TEXT {
        return Some(Box::new(false.into_sql::<Bool>()));
    }
    let pattern = format!("%{}%", escaped(text));
    let email = accounts::email.like(pattern.clone()).escape('\\');
    let name = accounts::name.like(pattern).escape('\\');
    Some(Box::new(email.or(name)))
}

/// Escapes the wildcards of `LIKE`: an address may contain an underscore.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
