//! Reads one line of the file: assigns its cells to columns and parses them.

use thiserror::Error;

use crate::accounts::changes::NewAccount;
use crate::domain::{Email, InvalidEmail, InvalidName, PersonName, Role, printable_up_to};

/// The part of a cell that an error message repeats, in characters.
const SHOWN: usize = 60;
/// The unknown columns that an error message names. It counts the others.
const MAX_NAMED: usize = 5;

/// A row that can become an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// The line number in the file, from 1.
    pub line: usize,
    pub account: NewAccount,
}

/// Why a file cannot be imported at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileError {
    #[error("The file is empty.")]
    Empty,
    #[error("The file has no rows below the first line.")]
    NoRows,
    #[error("The file is larger than 5 MB. Import it in parts.")]
    TooLarge,
    #[error("The file has more than 50,000 rows. Import it in parts.")]
    TooManyRows,
    /// A spreadsheet's native format, or another encoding. The number is that of the line.
    #[error("Line {0} isn’t UTF-8 text. In a spreadsheet, save the file as “CSV UTF-8”.")]
    NotUtf8(usize),
    #[error(
        "The first line must name the columns: email, and where you have them name, role, confirmed."
    )]
    NoEmailColumn,
    #[error(
        "{} cannot be imported. Leave {} out: the columns are email, name, role, confirmed.",
        some_of(.0), if .0.len() == 1 { "it" } else { "them" }
    )]
    UnknownColumns(Vec<String>),
    #[error("On the first line, which names the columns, a quotation mark is not closed.")]
    OpenQuote,
    #[error("The column {0} is there twice.")]
    ColumnTwice(&'static str),
}

/// Why a row cannot be imported. Texts from the file are shortened and printable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowError {
    #[error(
        "A quotation mark is not closed on this line. A field begins and ends on the same line."
    )]
    OpenQuote,
    #[error("Fields are missing: {missing} of {columns}.")]
    MissingFields { missing: usize, columns: usize },
    #[error(
        "The first line has no name for {0}. Put quotation marks around a field with a comma, semicolon or tab in it."
    )]
    UnnamedField(String),
    #[error("There is no address.")]
    NoAddress,
    #[error("{0} is too long to be an email address.")]
    AddressTooLong(String),
    #[error("{0} is not an email address.")]
    NotAnAddress(String),
    #[error("{0} is on line {1} already.")]
    AddressTwice(Email, usize),
    #[error("The name is too long. Use at most 200 characters.")]
    NameTooLong,
    #[error("The name has hidden characters in it.")]
    HiddenCharacters,
    #[error("{0} is not a role. Write “member” or “admin”.")]
    UnknownRole(String),
    #[error("{0} under confirmed is neither “yes” nor “no”.")]
    NeitherYesNorNo(String),
}

/// The index of each column.
pub(super) struct Columns {
    email: usize,
    name: Option<usize>,
    role: Option<usize>,
    confirmed: Option<usize>,
    count: usize,
}

impl Columns {
    /// Reads the first line.
    pub(super) fn named_by(first: &[String]) -> Result<Self, FileError> {
        let named = |name: &'static str| {
            let mut found = (0..first.len()).filter(|i| first[*i].eq_ignore_ascii_case(name));
            match (found.next(), found.next()) {
                (column, None) => Ok(column),
                _ => Err(FileError::ColumnTwice(name)),
            }
        };
        let columns = Self {
            email: named("email")?.ok_or(FileError::NoEmailColumn)?,
            name: named("name")?,
            role: named("role")?,
            confirmed: named("confirmed")?,
            count: first.len(),
        };
        let unknown: Vec<_> = (0..first.len())
            .filter(|i| !columns.has(*i) && !first[*i].is_empty())
            .map(|i| shown(&first[i]))
            .collect();
        if !unknown.is_empty() {
            return Err(FileError::UnknownColumns(unknown));
        }
        Ok(columns)
    }

    fn has(&self, i: usize) -> bool {
        i == self.email || [self.name, self.role, self.confirmed].contains(&Some(i))
    }

    pub(super) fn row(&self, cells: &[String], line: usize) -> Result<ImportRow, RowError> {
        self.check_shape(cells)?;
        let cell = |column: Option<usize>| {
            let cell = column.and_then(|i| cells.get(i));
            cell.map(String::as_str).unwrap_or_default()
        };
        let account = NewAccount {
            email: email(cell(Some(self.email)))?,
            name: name(cell(self.name))?,
            role: role(cell(self.role))?,
            confirmed: confirmed(cell(self.confirmed))?,
        };
        Ok(ImportRow { line, account })
    }

    /// A row with a missing field could be misread, for example as “confirmed”.
    fn check_shape(&self, cells: &[String]) -> Result<(), RowError> {
        if cells.len() < self.count {
            return Err(RowError::MissingFields {
                missing: self.count - cells.len(),
                columns: self.count,
            });
        }
        let unnamed = (0..cells.len()).find(|i| !self.has(*i) && !cells[*i].is_empty());
        match unnamed {
            Some(i) => Err(RowError::UnnamedField(shown(&cells[i]))),
            None => Ok(()),
        }
    }
}

fn email(cell: &str) -> Result<Email, RowError> {
    Email::parse(cell).map_err(|e| match e {
        InvalidEmail::Empty => RowError::NoAddress,
        InvalidEmail::TooLong => RowError::AddressTooLong(shown(cell)),
        InvalidEmail::Malformed => RowError::NotAnAddress(shown(cell)),
    })
}

fn name(cell: &str) -> Result<String, RowError> {
    let name = PersonName::parse(cell).map_err(|e| match e {
        InvalidName::TooLong => RowError::NameTooLong,
        InvalidName::NotOneLine => RowError::HiddenCharacters,
    })?;
    Ok(name.as_str().to_owned())
}

fn role(cell: &str) -> Result<Role, RowError> {
    match cell.to_ascii_lowercase().as_str() {
        "" => Ok(Role::Member),
        word => word.parse().map_err(|_| RowError::UnknownRole(shown(cell))),
    }
}

fn confirmed(cell: &str) -> Result<bool, RowError> {
    match cell.to_ascii_lowercase().as_str() {
        "" | "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(RowError::NeitherYesNorNo(shown(cell))),
    }
}

/// A cell in quotation marks, shortened and printable.
fn shown(cell: &str) -> String {
    format!("“{}”", printable_up_to(SHOWN, cell))
}

fn some_of(columns: &[String]) -> String {
    let named = columns.iter().take(MAX_NAMED).map(String::as_str);
    let named = named.collect::<Vec<_>>().join(", ");
    match columns.len().saturating_sub(MAX_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
