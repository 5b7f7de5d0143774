//! Splits a CSV file into lines and cells.

use std::collections::HashMap;

use super::columns::{Columns, FileError, ImportRow, RowError};

/// In bytes.
pub const MAX_IMPORT_SIZE: usize = 5_000_000;
/// Rows below the first line.
pub const MAX_ROWS: usize = 50_000;

/// A row that cannot become an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The line number in the file, from 1.
    pub line: usize,
    pub error: RowError,
}

/// The rows of a file, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    pub good: Vec<ImportRow>,
    pub bad: Vec<BadLine>,
}

/// Reads a file. Its first line names the columns in any order: `email`, and optionally `name`, `role` (empty:
/// member) and `confirmed` (empty: yes). Each further line is one account. The separator is a comma, a
/// semicolon or a tab, as in the first line.
///
/// # Errors
/// Only for the file as a whole. Errors of single rows are in [`Rows::bad`].
pub fn read(file: &[u8]) -> Result<Rows, FileError> {
    if file.len() > MAX_IMPORT_SIZE {
        return Err(FileError::TooLarge);
    }
    let text = text_of(file)?;
    let separator = separator(&text);
    let mut lines = (1..)
        .zip(text.split('\n'))
        .filter(|(_, line)| !line.is_empty());
    let (_, first) = lines.next().ok_or(FileError::Empty)?;
    let first = cells(first, separator).ok_or(FileError::OpenQuote)?;
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
        if rows.good.len() + rows.bad.len() == MAX_ROWS {
            return Err(FileError::TooManyRows);
        }
        match row(&columns, cells, line, &mut seen) {
            Ok(row) => rows.good.push(row),
            Err(error) => rows.bad.push(BadLine { line, error }),
        }
    }
    if rows.good.is_empty() && rows.bad.is_empty() {
        return Err(FileError::NoRows);
    }
    Ok(rows)
}

/// `seen` maps each address to its line.
fn row(
    columns: &Columns,
    cells: Option<Vec<String>>,
    line: usize,
    seen: &mut HashMap<String, usize>,
) -> Result<ImportRow, RowError> {
    let cells = cells.ok_or(RowError::OpenQuote)?;
    let row = columns.row(&cells, line)?;
    let email = &row.account.email;
    if let Some(earlier) = seen.get(&email.folded()) {
        return Err(RowError::AddressTwice(email.clone(), *earlier));
    }
    seen.insert(email.folded(), line);
    Ok(row)
}

/// Removes a byte order mark and turns every line ending into `\n`.
fn text_of(file: &[u8]) -> Result<String, FileError> {
    let text = str::from_utf8(file).map_err(|e| {
        let before = &file[..e.valid_up_to()];
        FileError::NotUtf8(before.iter().filter(|byte| **byte == b'\n').count() + 1)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// The separator that occurs most often in the first line. Column names contain no separator.
fn separator(text: &str) -> char {
    let first = text.lines().find(|line| !line.trim().is_empty());
    let first = first.unwrap_or_default();
    let count = |separator: &char| first.matches(*separator).count();
    // `max_by_key` returns the last of equal counts, so the comma comes last.
    ['\t', ';', ',']
        .into_iter()
        .max_by_key(count)
        .unwrap_or(',')
}

/// The cells of one line; `None` when a quotation mark is not closed. The csv crate is not used: in its format a
/// cell may span lines, so an unclosed mark would swallow the rows below it without an error. A cell of this
/// file cannot contain a line break anyway.
fn cells(line: &str, separator: char) -> Option<Vec<String>> {
    // A doubled mark stands for one mark: it closes and opens the quotation at once.
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
