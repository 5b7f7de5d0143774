//! Accounts from a CSV file: read, looked over, then added in one go.

mod cells;

use std::collections::HashMap;

use thiserror::Error;

use super::changes::{self, Actor, ChangeError};
use crate::db::accounts::{NewAccount, find_by_email};
use crate::db::{QueryResult, SqliteConnection};
use crate::domain::{AccountId, Email, Role, Timestamp};
use cells::Columns;

/// Unknown columns that are named; of the others it is said how many there are.
const MOST_NAMED: usize = 5;
/// The largest file that is read, in bytes.
pub const LARGEST_FILE: usize = 5_000_000;
/// The most rows below the first line that a file may have.
pub const MOST_ROWS: usize = 50_000;

/// A row that can become an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRow {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// The address.
    pub email: Email,
    /// What the person is called; may be empty.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether somebody vouches for the address.
    pub confirmed: bool,
}

/// A row that cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// Why, as a sentence for whoever wrote the file.
    pub why: String,
}

/// What a file has in it, each row once, in the file's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// What can become accounts.
    pub good: Vec<NewRow>,
    /// What cannot.
    pub bad: Vec<BadLine>,
}

/// What would come of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// These would be added.
    pub new: Vec<NewRow>,
    /// These have an account already, which would be left as it is.
    pub already_there: Vec<NewRow>,
    /// These would be left out.
    pub bad: Vec<BadLine>,
}

/// Why a file says nothing of accounts at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// No line has anything on it.
    #[error("The file is empty.")]
    Empty,
    /// It has a first line and nothing below.
    #[error("The file has no rows below the first line.")]
    NoRows,
    /// More bytes than are read.
    #[error("The file is larger than 5 MB. Import it in parts.")]
    TooLarge,
    /// More rows than are read.
    #[error("The file has more than 50,000 rows. Import it in parts.")]
    TooManyRows,
    /// A spreadsheet's own format, or another encoding.
    #[error("Line {0} isn’t UTF-8 text. In a spreadsheet, save the file as “CSV UTF-8”.")]
    NotUtf8(usize),
    /// The first line does not say where the addresses are.
    #[error(
        "The first line must name the columns: email, and where you have them name, role, confirmed."
    )]
    NoEmailColumn,
    /// What they mean cannot be guessed.
    #[error(
        "{} cannot be imported. Leave {} out: the columns are email, name, role, confirmed.",
        some_of(.0), if .0.len() == 1 { "it" } else { "them" }
    )]
    UnknownColumns(Vec<String>),
    /// Where the columns end cannot be told.
    #[error("On the first line, which names the columns, a quotation mark has no other.")]
    OpenQuote,
    /// It is not clear which of them counts.
    #[error("The column {0} is there twice.")]
    ColumnTwice(&'static str),
}

/// Reads a file: a first line that names the columns `email` and, in any order, `name`, `role`
/// (empty: member) and `confirmed` (empty: yes), then a row for each account. Commas, semicolons or
/// tabs stand between the fields, as the first line has them.
///
/// # Errors
/// [`Unreadable`] when it is no such file. What is wrong with single rows is in [`Rows::bad`].
pub fn read(file: &[u8]) -> Result<Rows, Unreadable> {
    if file.len() > LARGEST_FILE {
        return Err(Unreadable::TooLarge);
    }
    let text = text_of(file)?;
    let separator = separator(&text);
    let mut lines = (1..)
        .zip(text.split('\n'))
        .filter(|(_, line)| !line.is_empty());
    let (_, first) = lines.next().ok_or(Unreadable::Empty)?;
    let first = cells(first, separator).ok_or(Unreadable::OpenQuote)?;
    let columns = Columns::named_by(&first)?;
    let mut rows = Rows::default();
    let mut seen = HashMap::new();
    for (line, text) in lines {
        let cells = cells(text, separator);
        if cells
            .as_ref()
            .is_some_and(|cells| cells.iter().all(String::is_empty))
        {
            continue;
        }
        if rows.good.len() + rows.bad.len() == MOST_ROWS {
            return Err(Unreadable::TooManyRows);
        }
        match row(&columns, cells, line, &mut seen) {
            Ok(row) => rows.good.push(row),
            Err(why) => rows.bad.push(BadLine { line, why }),
        }
    }
    if rows.good.is_empty() && rows.bad.is_empty() {
        return Err(Unreadable::NoRows);
    }
    Ok(rows)
}

/// Says what would come of the rows, as the accounts are now.
///
/// # Errors
/// When a query fails.
pub fn preview(c: &mut SqliteConnection, rows: Rows) -> QueryResult<Preview> {
    let mut preview = Preview {
        bad: rows.bad,
        ..Preview::default()
    };
    for row in rows.good {
        match find_by_email(c, &row.email)? {
            Some(_) => preview.already_there.push(row),
            None => preview.new.push(row),
        }
    }
    Ok(preview)
}

/// Adds one row, and writes it down.
///
/// # Errors
/// When a query fails.
pub fn add_one(
    c: &mut SqliteConnection,
    actor: &Actor,
    row: &NewRow,
    now: Timestamp,
) -> QueryResult<Result<AccountId, ChangeError>> {
    let new = NewAccount {
        email: &row.email,
        name: &row.name,
        role: row.role,
        confirmed: row.confirmed,
    };
    let added = changes::import(c, actor, &new, now)?;
    Ok(added.map(|account| account.account_id()))
}

fn row(
    columns: &Columns,
    cells: Option<Vec<String>>,
    line: usize,
    seen: &mut HashMap<String, usize>,
) -> Result<NewRow, String> {
    let cells = cells.ok_or(
        "A quotation mark has no other on this line. A field begins and ends on the same line.",
    )?;
    let row = columns.row(&cells, line)?;
    if let Some(before) = seen.get(&row.email.folded()) {
        return Err(format!("{} is on line {before} already.", row.email));
    }
    seen.insert(row.email.folded(), line);
    Ok(row)
}

fn some_of(columns: &[String]) -> String {
    let named = columns.iter().take(MOST_NAMED).map(String::as_str);
    let named = named.collect::<Vec<_>>().join(", ");
    match columns.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// The text without what some editors put before it, and with one kind of line ending.
fn text_of(file: &[u8]) -> Result<String, Unreadable> {
    let text = str::from_utf8(file).map_err(|e| {
        let before = &file[..e.valid_up_to()];
        Unreadable::NotUtf8(before.iter().filter(|byte| **byte == b'\n').count() + 1)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// What the first line has most of; the names of the columns have none of them.
fn separator(text: &str) -> char {
    let first = text.lines().find(|line| !line.trim().is_empty());
    let first = first.unwrap_or_default();
    let count = |separator: &char| first.matches(*separator).count();
    // With equal counts the last one is taken, so the comma comes last.
    ['\t', ';', ',']
        .into_iter()
        .max_by_key(count)
        .unwrap_or(',')
}

/// The cells of one line; `None` where a quotation mark has no other. Each line is read by itself, not by the csv crate,
/// for which a cell may go on over lines: with a mark that nobody closed it would take the rows below along unsaid, and
/// no cell here may have a line break in it anyway.
fn cells(line: &str, separator: char) -> Option<Vec<String>> {
    // A doubled mark, which stands for one, opens and closes at once.
    let mut quoted = false;
    let cells = line
        .split(|c| {
            quoted ^= c == '"';
            c == separator && !quoted
        })
        .map(unquoted)
        .collect();
    (!quoted).then_some(cells)
}

fn unquoted(cell: &str) -> String {
    let cell = cell.trim();
    let within = cell.strip_prefix('"').and_then(|c| c.strip_suffix('"'));
    within.map_or_else(
        || cell.to_owned(),
        |within| within.trim().replace("\"\"", "\""),
    )
}

#[cfg(test)]
mod tests;
