//! The activity log as a CSV file, read and sent in chunks.

use actix_web::web::{Bytes, Data};
use futures_util::Stream;
use futures_util::stream::unfold;

use crate::accounts::activity::{Activity, ActivityQuery};
use crate::domain::{Role, Stored, TokenHash};
use crate::error::AppError;
use crate::logging;
use crate::sign_in::session::NotAuthorized;
use crate::web::http::state::AppState;

/// The most rows in one file.
const MAX_ROWS: i64 = 100_000;
/// Rows that are read at once.
const CHUNK: i64 = 1_000;
const COLUMNS: [&str; 8] = [
    "at", "kind", "email", "actor", "ip", "browser", "outcome", "detail",
];

/// A file that is being sent.
pub(super) struct Export {
    state: Data<AppState>,
    query: ActivityQuery,
    /// The token of the admin's session. Each chunk asks for it again (SECURITY rule 31).
    session: TokenHash,
    /// Rows that may still be sent.
    left: i64,
}

impl Export {
    /// The chunks of the file. The first chunk begins with the header line.
    pub(super) fn of(
        state: Data<AppState>,
        query: ActivityQuery,
        session: TokenHash,
    ) -> impl Stream<Item = Result<Bytes, AppError>> {
        let start = Self {
            state,
            query,
            session,
            left: MAX_ROWS,
        };
        // The body is sent after the middleware has finished.
        let id = logging::request_id();
        unfold(Some(start), move |state| {
            let chunk = async {
                let mut export = state?;
                let is_first = export.left == MAX_ROWS;
                match export.next_chunk(is_first).await {
                    Ok(chunk) => Some((Ok(chunk), (export.left > 0).then_some(export))),
                    Err(error) => {
                        log::error!("an activity export failed: {error}");
                        Some((Err(error), None))
                    }
                }
            };
            logging::scope(id, chunk)
        })
    }

    async fn next_chunk(&mut self, is_first: bool) -> Result<Bytes, AppError> {
        match self.state.sessions.authenticate(self.session)? {
            Some(live) if live.role == Role::Admin => {}
            Some(_) => return Err(NotAuthorized::NotAdmin.into()),
            None => return Err(NotAuthorized::SessionEnded.into()),
        }
        let limit = CHUNK.min(self.left);
        let rows = self.state.activity.rows(self.query.clone(), limit).await?;
        let count = i64::try_from(rows.len()).unwrap_or(limit);
        self.left = if count < limit { 0 } else { self.left - count };
        if let Some(last) = rows.last() {
            self.query.older_than = Some(last.id);
        }
        to_csv(is_first, &rows).map_err(|e| AppError::Internal(e.to_string()))
    }
}

fn to_csv(with_columns: bool, rows: &[Activity]) -> csv::Result<Bytes> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_columns {
        writer.write_record(COLUMNS)?;
    }
    for row in rows {
        let at = row.at.rfc3339().to_string();
        let cells = [
            at.as_str(),
            row.kind.as_str(),
            &row.email,
            &row.actor,
            &row.ip,
            &row.browser,
            row.outcome.as_ref().map_or("", Stored::as_str),
            &row.detail,
        ];
        writer.write_record(cells.map(defused))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| csv::Error::from(e.into_error()))?;
    Ok(bytes.into())
}

/// Characters that start a formula in a spreadsheet.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Puts an apostrophe before a cell that a spreadsheet would run as a formula (OWASP, CSV injection). Visitors choose
/// the content of some cells. Spreadsheets in many locales also end a cell at a semicolon.
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
