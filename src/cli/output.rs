//! Standard output: lines, tables for people, JSON for programs.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::failure::Failure;
use crate::domain::{Timestamp, printable};

/// Spaces between two columns.
const GAP: usize = 2;

/// Prints a line. Unlike [`print`], a broken pipe is an error.
pub(super) fn say(line: impl Display) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Prints text. A broken pipe is no failure: a reader such as `head` has seen enough.
pub(super) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// Prints a JSON array of objects.
pub(super) fn print_json<T: Serialize>(rows: &[T]) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(rows)?;
    text.push(b'\n');
    print(&text)
}

/// Prints a table with a header line.
pub(super) fn print_table<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<(), Failure> {
    let lines: Vec<_> = std::iter::once(heads.map(str::to_owned))
        .chain(rows)
        .collect();
    print(aligned(&lines).as_bytes())
}

/// Aligns the columns by the width that a terminal gives each character.
pub(super) fn aligned<const N: usize>(lines: &[[String; N]]) -> String {
    let cells: Vec<_> = lines
        .iter()
        .map(|line| line.each_ref().map(|cell| printable(cell)))
        .collect();
    let width = |column: usize| cells.iter().map(|line| line[column].width()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &cells {
        let start = text.len();
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width - cell.width() + GAP));
        }
        text.truncate(start + text[start..].trim_end().len());
        text.push('\n');
    }
    text
}

/// The time, or `otherwise` if there is none.
pub(super) fn moment_or(at: Option<Timestamp>, otherwise: &str) -> String {
    at.map_or_else(|| otherwise.to_owned(), Timestamp::describe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_as_a_terminal_shows_them_and_nothing_moves_its_cursor() {
        let lines = [
            ["Address", "Name", "Role"],
            ["mira@acme.test", "Mira\u{1b}[2J", ""],
            ["noor@acme.test", "山田", "admin"],
            ["e@acme.test", "e\u{301}lan", "member"],
        ]
        .map(|line| line.map(str::to_owned));
        assert_eq!(
            aligned(&lines),
            "Address         Name      Role\n\
             mira@acme.test  Mira\u{fffd}[2J\n\
             noor@acme.test  山田      admin\n\
             e@acme.test     e\u{301}lan      member\n"
        );
    }
}
