//! The battery: what the journeys try once, tried long and often, with one table at the end.
//! `tests/battery` runs it; `cargo test --all-features` runs the brief form of some parts. The numbers are those of the rules in
//! `docs/testing.md`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that meets the unexpected has failed, and says so; the battery prints its table"
)]

pub mod backup;
pub mod crash;
pub mod crowd;
pub mod faults;
pub mod flood;
pub mod guessing;
pub mod guest;
pub mod keys;
pub mod measures;
pub mod power;
pub mod report;
pub mod timing;
pub mod wire;

#[path = "../journeys"]
mod journeys {
    pub mod support;
}

pub use journeys::support;

use std::process::ExitCode;
use std::time::Instant;

use report::{Form, Part, Row};

/// Every part, in the order of the table.
const PARTS: [Part; 9] = [
    Part {
        name: "crash",
        is_brief: true,
        run: crash::run,
    },
    Part {
        name: "power",
        is_brief: false,
        run: power::run,
    },
    Part {
        name: "faults",
        is_brief: true,
        run: faults::run,
    },
    Part {
        name: "backup",
        is_brief: false,
        run: backup::run,
    },
    Part {
        name: "keys",
        is_brief: false,
        run: keys::run,
    },
    Part {
        name: "wire",
        is_brief: true,
        run: wire::run,
    },
    Part {
        name: "flood",
        is_brief: true,
        run: flood::run,
    },
    Part {
        name: "guessing",
        is_brief: false,
        run: guessing::run,
    },
    Part {
        name: "timing",
        is_brief: true,
        run: timing::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let form = match Form::among(&arguments) {
        Some(form) => form,
        None if arguments.is_empty() => Form::Brief,
        // The name of a single test, which is in another suite.
        None => {
            println!("The battery was built and not run: tests/battery runs it.");
            return ExitCode::SUCCESS;
        }
    };
    let wanted: Vec<_> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        eprintln!(
            "There is no part “{unknown}”. The parts are: {}.",
            names.join(", ")
        );
        return ExitCode::from(2);
    }
    let rows: Vec<_> = PARTS
        .iter()
        .filter(|part| part.is_brief || form != Form::Brief)
        .filter(|part| wanted.is_empty() || wanted.iter().any(|name| *name == part.name))
        .flat_map(|part| tried(part, form))
        .collect();
    println!("\n{}", report::table(&rows));
    ExitCode::from(u8::from(rows.iter().any(Row::failed)))
}

fn tried(part: &Part, form: Form) -> Vec<Row> {
    let began = Instant::now();
    eprintln!("battery: {} …", part.name);
    let run = part.run;
    let rows = Row::each_of(part.name, || run(form));
    let failed = rows.iter().any(Row::failed);
    let outcome = if failed { "FAILED" } else { "held" };
    eprintln!(
        "battery: {} {outcome} after {} s",
        part.name,
        began.elapsed().as_secs()
    );
    rows
}
