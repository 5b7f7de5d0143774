//! The command line: one file per subcommand.

mod account;
mod doctor;
mod migrate;
mod serve;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Problems, Settings};

/// The sign-in console that small teams host themselves.
///
/// Every setting is an environment variable, a line in a .env file, or a flag of the same name.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the console (what happens without a subcommand, too)
    Serve,
    /// Runs pending migrations
    Migrate,
    /// Finds out what is wrong, and says what to do; sends no mail and changes nothing
    Doctor {
        /// An array of {check, ok, reason, next} in place of lines; ok is null where it cannot be told
        #[arg(long)]
        json: bool,
    },
    /// Says who may sign in
    #[command(subcommand)]
    Account(account::Command),
}

/// Why a command failed, with its exit code.
enum Failure {
    /// It did not work: 1.
    Failed(String),
    /// It was used wrongly: 2.
    Misused(String),
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Misused(problems.to_string())
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// Reads the arguments, does what they say, and gives the exit code: 0 fine, 1 failed, 2 used wrongly.
pub fn run() -> ExitCode {
    if let Err(message) = read_env_file() {
        return told(&message, 2);
    }
    env_logger::Builder::from_env(
        env_logger::Env::default().default_filter_or("info,actix_server=warn,actix_http=off"),
    )
    .init();
    let arguments = Arguments::parse();
    let outcome = match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&arguments.settings),
        Command::Migrate => migrate::run(&arguments.settings),
        Command::Doctor { json } => doctor::run(&arguments.settings, json),
        Command::Account(command) => account::run(&arguments.settings, command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(message)) => told(&message, 1),
        Err(Failure::Misused(message)) => told(&message, 2),
    }
}

/// `.env` in the working directory. What the environment says already stays.
fn read_env_file() -> Result<(), String> {
    match dotenvy::from_path(".env") {
        // Its number alone: the line may hold a secret.
        Err(dotenvy::Error::LineParse(..)) => Err(format!(
            "Vestibule did not start: line {} of .env cannot be read. Write NAME=value, with quotes around a value that has spaces.",
            broken_line(&std::fs::read_to_string(".env").unwrap_or_default())
        )),
        Err(dotenvy::Error::Io(e)) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("Vestibule did not start: .env cannot be read: {e}"))
        }
        _ => Ok(()),
    }
}

/// The line after the last one up to which all can be read: a value may span several lines.
fn broken_line(text: &str) -> usize {
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let can_be_read = |count: &usize| {
        let start = lines[..*count].concat();
        dotenvy::from_read_iter(start.as_bytes()).all(|line| line.is_ok())
    };
    let good = (0..lines.len()).rev().find(can_be_read);
    good.unwrap_or(0) + 1
}

fn told(message: &str, code: u8) -> ExitCode {
    // With standard error gone there is nobody left to tell.
    let _nobody_listens = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(code)
}

/// Says a line on standard output.
fn say(line: impl Display) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}").map_err(|e| Failure::Failed(e.to_string()))
}
