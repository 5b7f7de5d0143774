//! The table `accounts` as admins look through it: searched, in the order of addresses, page by page.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;

use super::accounts::AccountRow;
use super::schema::accounts;
use crate::domain::{AccountId, Timestamp};

/// No address and no name is longer, in bytes; SQLite refuses patterns far longer than this.
pub(super) const LONGEST_TEXT: usize = 1_000;

/// Which accounts are looked for; all where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A part of the address or of the name, in any case of its ASCII letters.
    pub text: String,
    /// Those whose address comes after this one: the page after it.
    pub after: Option<String>,
}

type Condition = Box<dyn BoxableExpression<accounts::table, Sqlite, SqlType = Bool>>;

/// Finds accounts, in the order of their addresses, up to `at_most`.
///
/// # Errors
/// When the query fails.
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

/// Counts the accounts that a text finds, on all pages.
///
/// # Errors
/// When the query fails.
pub fn count(connection: &mut SqliteConnection, text: &str) -> QueryResult<i64> {
    let mut query = accounts::table.count().into_boxed();
    if let Some(condition) = contains(text) {
        query = query.filter(condition);
    }
    query.get_result(connection)
}

/// When an account was made.
///
/// # Errors
/// When the query fails, as it does where there is no such account.
pub fn created_at(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<Timestamp> {
    accounts::table
        .find(id.0)
        .select(accounts::created_at)
        .get_result(connection)
        .map(Timestamp)
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

/// What was typed is looked for as it stands: an underscore is no wildcard in an address.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
