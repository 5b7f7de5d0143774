use std::fs::File;
use std::io::{Read, Write, stderr};
use std::path::Path;

use crate::accounts::import::{self, BadLine, MAX_IMPORT_SIZE, Rows};
use crate::cli::failure::Failure;
use crate::cli::output::say;
use crate::cli::progress::CountProgress;
use crate::clock::Clock;
use crate::config::{Settings, Storage};
use crate::domain::words;
use crate::operations::database::open_database;
use crate::operations::operator_accounts::{Imported, import_accounts};

pub(super) fn run(settings: &Settings, file: &Path, skip_bad: bool) -> Result<(), Failure> {
    let storage = Storage::from_settings(settings)?;
    let Rows { good, bad } = read(file)?;
    report_bad_lines(&bad)?;
    if !bad.is_empty() && !skip_bad {
        return Err(Failure::Failed(format!(
            "Nothing was added: {} bad. Correct the file, or leave such lines out with --skip-bad.",
            words::counted(bad.len(), "line is", "lines are")
        )));
    }
    let database = open_database(&storage)?;
    let progress = CountProgress::start("Adding accounts", good.len());
    let now = Clock::system().now();
    let imported = import_accounts(&database, &good, now, || progress.step())?;
    drop(progress);
    say(describe(&imported, bad.len()))
}

/// Reads at most one byte more than is allowed, so that an endless file ends the command too.
fn read(file: &Path) -> Result<Rows, Failure> {
    let shown = file.display();
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|open| {
            open.take(MAX_IMPORT_SIZE as u64 + 1)
                .read_to_end(&mut bytes)
        })
        .map_err(|e| Failure::about(format!("{shown} cannot be read"), e))?;
    import::read(&bytes).map_err(|e| Failure::about(shown, e))
}

fn report_bad_lines(bad: &[BadLine]) -> Result<(), Failure> {
    let mut lines = String::new();
    for BadLine { line, error } in bad {
        lines.push_str(&format!("line {line}: {error}\n"));
    }
    Ok(stderr().write_all(lines.as_bytes())?)
}

fn describe(imported: &Imported, bad: usize) -> String {
    let mut words = words::counted(imported.added, "account was added.", "accounts were added.");
    if imported.already_there > 0 {
        let there = words::counted(
            imported.already_there,
            "exists already and was left as it is.",
            "exist already and were left as they are.",
        );
        words.push_str(&format!(" {there}"));
    }
    if bad > 0 {
        let left_out = words::counted(bad, "line was left out.", "lines were left out.");
        words.push_str(&format!(" {left_out}"));
    }
    words
}
