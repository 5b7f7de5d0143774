//! What commands list: a table for a person, or JSON for a program.

use std::io::{ErrorKind, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Failure;
use crate::domain::{Timestamp, printable};

/// Between two columns.
const GAP: usize = 2;

/// Writes to standard output. A reader that has seen enough, such as `head`, is no failure.
pub(super) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Failure::Failed(e.to_string())),
        _ => Ok(()),
    }
}

/// Writes an array of objects.
pub(super) fn print_json<T: Serialize>(rows: &[T]) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(rows).map_err(|e| Failure::Failed(e.to_string()))?;
    text.push(b'\n');
    print(&text)
}

/// Writes a table with a line of heads.
pub(super) fn print_table<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<(), Failure> {
    let lines: Vec<_> = std::iter::once(heads.map(str::to_owned))
        .chain(rows)
        .collect();
    print(aligned(&lines).as_bytes())
}

/// Lines whose columns begin at the same place, by the width that a terminal gives each character.
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

/// A moment in words, or other words where there is none.
pub(super) fn moment_or(at: Option<i64>, otherwise: &str) -> String {
    at.map_or_else(|| otherwise.to_owned(), |at| Timestamp(at).describe())
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
