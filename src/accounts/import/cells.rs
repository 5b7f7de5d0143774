//! One line of the file: which column means what, and what may stand in it.

use super::{NewRow, Unreadable};
use crate::domain::{Email, InvalidEmail, InvalidName, PersonName, Role, printable_up_to};

/// The longest part of a cell that is shown again, in characters.
const SHOWN: usize = 60;

/// Where on a line each column is.
pub(super) struct Columns {
    email: usize,
    name: Option<usize>,
    role: Option<usize>,
    confirmed: Option<usize>,
    count: usize,
}

impl Columns {
    /// Reads the first line.
    pub(super) fn named_by(first: &[String]) -> Result<Self, Unreadable> {
        let named = |name: &'static str| {
            let mut found = (0..first.len()).filter(|i| first[*i].eq_ignore_ascii_case(name));
            match (found.next(), found.next()) {
                (column, None) => Ok(column),
                _ => Err(Unreadable::ColumnTwice(name)),
            }
        };
        let columns = Self {
            email: named("email")?.ok_or(Unreadable::NoEmailColumn)?,
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
            return Err(Unreadable::UnknownColumns(unknown));
        }
        Ok(columns)
    }

    fn has(&self, i: usize) -> bool {
        i == self.email || [self.name, self.role, self.confirmed].contains(&Some(i))
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Why it can be none, as a sentence.
    pub(super) fn row(&self, cells: &[String], line: usize) -> Result<NewRow, String> {
        self.check_shape(cells)?;
        let cell = |column: Option<usize>| {
            let cell = column.and_then(|i| cells.get(i));
            cell.map(String::as_str).unwrap_or_default()
        };
        Ok(NewRow {
            line,
            email: email(cell(Some(self.email)))?,
            name: name(cell(self.name))?,
            role: role(cell(self.role))?,
            confirmed: confirmed(cell(self.confirmed))?,
        })
    }

    /// A row that lost a field would say something else, such as “confirmed”.
    fn check_shape(&self, cells: &[String]) -> Result<(), String> {
        if cells.len() < self.count {
            return Err(format!(
                "Fields are missing: {} of {}.",
                self.count - cells.len(),
                self.count
            ));
        }
        let stray = (0..cells.len()).find(|i| !self.has(*i) && !cells[*i].is_empty());
        if let Some(i) = stray {
            return Err(format!(
                "The first line has no name for {}. Put quotation marks around a field with a comma, semicolon or tab in it.",
                shown(&cells[i])
            ));
        }
        Ok(())
    }
}

fn email(cell: &str) -> Result<Email, String> {
    Email::parse(cell).map_err(|e| match e {
        InvalidEmail::Empty => "There is no address.".to_owned(),
        InvalidEmail::TooLong => format!("{} is too long to be an email address.", shown(cell)),
        InvalidEmail::Malformed => format!("{} is not an email address.", shown(cell)),
    })
}

/// What is wrong with a name is said of the field here, where a line has several.
fn name(cell: &str) -> Result<String, String> {
    let name = PersonName::parse(cell).map_err(|e| match e {
        InvalidName::TooLong => "The name is too long. Use at most 200 characters.",
        InvalidName::NotOneLine => "The name has hidden characters in it.",
    })?;
    Ok(name.as_str().to_owned())
}

fn role(cell: &str) -> Result<Role, String> {
    match cell.to_ascii_lowercase().as_str() {
        "" => Ok(Role::Member),
        word => word
            .parse()
            .map_err(|_| format!("{} is not a role. Write “member” or “admin”.", shown(cell))),
    }
}

fn confirmed(cell: &str) -> Result<bool, String> {
    match cell.to_ascii_lowercase().as_str() {
        "" | "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(format!(
            "{} under confirmed is neither “yes” nor “no”.",
            shown(cell)
        )),
    }
}

/// A cell in quotation marks, shortened.
fn shown(cell: &str) -> String {
    format!("“{}”", printable_up_to(SHOWN, cell))
}
