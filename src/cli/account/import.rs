use std::fs::File;
use std::io::{Read, Write, stderr};
use std::path::Path;

use crate::accounts::changes::Actor;
use crate::accounts::import::{self, BadLine, LARGEST_FILE, Rows};
use crate::cli::progress::Progress;
use crate::cli::{Failure, say};
use crate::clock::Clock;
use crate::config::{Settings, Storage};
use crate::domain::words;
use crate::server::open_database;

/// What came of a file.
#[derive(Default)]
struct Imported {
    added: usize,
    /// Addresses that had an account, which was left as it is.
    already_there: usize,
}

/// Adds the accounts of a file.
pub(super) fn run(settings: &Settings, file: &Path, skip_bad: bool) -> Result<(), Failure> {
    let storage = Storage::from_settings(settings)?;
    let Rows { good, bad } = read(file)?;
    name_each(&bad)?;
    if !bad.is_empty() && !skip_bad {
        return Err(Failure::Failed(format!(
            "Nothing was added: {} bad. Correct the file, or leave such lines out with --skip-bad.",
            words::counted(bad.len(), "line is", "lines are")
        )));
    }
    let database = open_database(&storage)?;
    let actor = Actor::command_line();
    let now = Clock::system().now();
    let progress = Progress::start("Adding accounts", good.len());
    let imported = database.write_blocking(|c| {
        let mut imported = Imported::default();
        for row in &good {
            match import::add_one(c, &actor, row, now)? {
                Ok(_) => imported.added += 1,
                Err(_) => imported.already_there += 1,
            }
            progress.step();
        }
        Ok(imported)
    })?;
    drop(progress);
    say(describe(imported, bad.len()))
}

/// A file that never ends is not read to its end.
fn read(file: &Path) -> Result<Rows, Failure> {
    let shown = file.display();
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|open| open.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes))
        .map_err(|e| Failure::Failed(format!("{shown} cannot be read: {e}")))?;
    import::read(&bytes).map_err(|e| Failure::Failed(format!("{shown}: {e}")))
}

fn name_each(bad: &[BadLine]) -> Result<(), Failure> {
    let mut lines = String::new();
    for BadLine { line, why } in bad {
        lines.push_str(&format!("line {line}: {why}\n"));
    }
    stderr()
        .write_all(lines.as_bytes())
        .map_err(|e| Failure::Failed(e.to_string()))
}

fn describe(imported: Imported, bad: usize) -> String {
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
