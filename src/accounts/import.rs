//! Accounts from a CSV file: read, previewed, then added.

mod columns;
mod file;

use super::changes::{self, Actor};
use crate::db::accounts::find_by_email;
use crate::db::{QueryResult, SqliteConnection, TransactionError};
use crate::domain::Timestamp;

pub use columns::{FileError, ImportRow, RowError};
pub use file::{BadLine, MAX_IMPORT_SIZE, MAX_ROWS, Rows, read};

/// What an import would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// Would be added.
    pub new: Vec<ImportRow>,
    /// Would be left as they are: their addresses already have accounts.
    pub already_there: Vec<ImportRow>,
    /// Would be left out.
    pub bad: Vec<BadLine>,
}

pub fn preview(c: &mut SqliteConnection, rows: Rows) -> QueryResult<Preview> {
    let mut preview = Preview {
        bad: rows.bad,
        ..Preview::default()
    };
    for row in rows.good {
        match find_by_email(c, &row.account.email)? {
            Some(_) => preview.already_there.push(row),
            None => preview.new.push(row),
        }
    }
    Ok(preview)
}

/// Adds the account of a row and records it. `false`: the address already has an account, which is left as it
/// is.
pub fn add_new(
    c: &mut SqliteConnection,
    actor: &Actor,
    row: &ImportRow,
    now: Timestamp,
) -> QueryResult<bool> {
    match changes::import(c, actor, &row.account, now) {
        Ok(_) => Ok(true),
        // Nothing was written for this row, so the transaction with the rows before it goes on.
        Err(TransactionError::Refused(_)) => Ok(false),
        Err(TransactionError::Query(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests;
