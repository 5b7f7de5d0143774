//! Activity as a file for spreadsheets, read and sent piece by piece.

use actix_web::web::{Bytes, Data};
use futures_util::Stream;
use futures_util::stream::unfold;

use crate::accounts::activity::{ActivityRow, Filter};
use crate::domain::Timestamp;
use crate::error::AppError;
use crate::logging;
use crate::web::http::state::AppState;

/// The most rows of a file.
const MOST_ROWS: i64 = 100_000;
/// Rows of a piece.
const AT_ONCE: i64 = 1_000;
const COLUMNS: [&str; 8] = [
    "at", "kind", "email", "actor", "ip", "browser", "outcome", "detail",
];

/// How far a file has got.
pub(super) struct Export {
    state: Data<AppState>,
    filter: Filter,
    left: i64,
}

impl Export {
    /// The file's pieces, the first with the names of the columns.
    pub(super) fn of(
        state: Data<AppState>,
        filter: Filter,
    ) -> impl Stream<Item = Result<Bytes, AppError>> {
        let begin = Self {
            state,
            filter,
            left: MOST_ROWS,
        };
        // The body is sent after the middleware has finished.
        let id = logging::request_id();
        unfold(Some(begin), move |state| {
            let piece = async {
                let mut export = state?;
                let is_first = export.left == MOST_ROWS;
                match export.next_piece(is_first).await {
                    Ok(piece) => Some((Ok(piece), (export.left > 0).then_some(export))),
                    Err(error) => {
                        log::error!("a file of activity ends too early: {error}");
                        Some((Err(error), None))
                    }
                }
            };
            logging::scope(id, piece)
        })
    }

    async fn next_piece(&mut self, is_first: bool) -> Result<Bytes, AppError> {
        let at_most = AT_ONCE.min(self.left);
        let rows = self
            .state
            .activity
            .rows(self.filter.clone(), at_most)
            .await?;
        let count = i64::try_from(rows.len()).unwrap_or(at_most);
        self.left = if count < at_most {
            0
        } else {
            self.left - count
        };
        if let Some(last) = rows.last() {
            self.filter.older_than = Some(last.id);
        }
        written(is_first, &rows).map_err(|e| AppError::Internal(e.to_string()))
    }
}

fn written(with_columns: bool, rows: &[ActivityRow]) -> csv::Result<Bytes> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_columns {
        writer.write_record(COLUMNS)?;
    }
    for row in rows {
        let cells = [
            &Timestamp(row.at).rfc3339(),
            &row.kind,
            &row.email,
            &row.actor,
            &row.ip,
            &row.browser,
            &row.outcome,
            &row.detail,
        ];
        writer.write_record(cells.map(|cell| defused(cell)))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| csv::Error::from(e.into_error()))?;
    Ok(bytes.into())
}

/// What a formula begins with.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A spreadsheet runs a cell that begins like a formula, and visitors choose what stands in some: an
/// apostrophe makes it text (OWASP, CSV injection). In many countries a spreadsheet takes a semicolon
/// for the end of a cell.
fn defused(cell: &str) -> String {
    let mut defused = String::with_capacity(cell.len());
    let mut begins = true;
    for letter in cell.chars() {
        if begins && FORMULA.contains(&letter) {
            defused.push('\'');
        }
        defused.push(letter);
        begins = matches!(letter, ';' | '\t' | '\r' | '\n') || begins && letter == '"';
    }
    defused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_becomes_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(defused(formula), format!("'{formula}"));
        }
        for (formula, text) in [
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("450 later;=1+1", "450 later;'=1+1"),
            ("later\t@SUM(A1)", "later\t'@SUM(A1)"),
            ("later;\"=1\"", "later;\"'=1\""),
        ] {
            assert_eq!(defused(formula), text);
        }
        for harmless in [
            "",
            "mira@acme.test",
            "a=b",
            "a; b=c",
            "2026-11-23T12:00:00Z",
        ] {
            assert_eq!(defused(harmless), harmless);
        }
    }
}
