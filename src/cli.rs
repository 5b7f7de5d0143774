//! The command line: one file per subcommand.

mod account;
mod backup;
mod code;
mod completions;
mod context;
mod doctor;
mod files;
mod key;
mod limits;
mod migrate;
mod output;
mod progress;
mod restore;
mod serve;
mod sessions;
mod test_mail;

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Problems, Settings, log_format};
use crate::db::DatabaseError;
use crate::keys::KeyError;
use crate::logging;

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
    /// Finds out what is wrong, and says what to do; sends no mail and changes nothing
    Doctor {
        /// An array of {check, ok, reason, next} in place of lines; ok is null where it cannot be told
        #[arg(long)]
        json: bool,
    },
    /// Runs pending migrations, lists all, or reverts the newest
    Migrate(migrate::Options),
    /// Says who may sign in
    #[command(subcommand)]
    Account(account::Command),
    /// Shows who is signed in, and ends sessions
    #[command(subcommand)]
    Sessions(sessions::Command),
    /// Writes a script that completes these commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Shows a one-time code on this terminal, for the day mail and WorkOS are both down
    Code {
        /// The address of a confirmed account
        email: String,
    },
    /// Shows or clears the limits of an address
    #[command(subcommand)]
    Limits(limits::Command),
    /// Sends one mail now, and shows what the mail server says
    TestMail {
        /// The address to send it to
        to: String,
    },
    /// Changes the secret key
    #[command(subcommand)]
    Key(key::Command),
    /// Copies the database to a file, while a server runs or not
    Backup {
        /// The file to make; it must not be there yet
        file: PathBuf,
    },
    /// Puts a backup in the place of the database, and ends every session in it
    Restore {
        /// A file that `backup` made
        file: PathBuf,
    },
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

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::Failed(error.to_string())
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
    let Arguments { command, settings } = Arguments::parse();
    let format = log_format(&settings);
    logging::init(format.as_ref().copied().unwrap_or_default());
    let outcome = match (command.unwrap_or(Command::Serve), format) {
        // It reports every problem with the settings in one message.
        (Command::Serve, _) => serve::run(&settings),
        (_, Err(problems)) => Err(problems.into()),
        (command, Ok(_)) => run_command(command, &settings),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(message)) => told(&message, 1),
        Err(Failure::Misused(message)) => told(&message, 2),
    }
}

fn run_command(command: Command, settings: &Settings) -> Result<(), Failure> {
    match command {
        Command::Serve => serve::run(settings),
        Command::Doctor { json } => doctor::run(settings, json),
        Command::Migrate(options) => migrate::run(settings, &options),
        Command::Account(command) => account::run(settings, command),
        Command::Sessions(command) => sessions::run(settings, command),
        Command::Completions { shell } => completions::run(shell),
        Command::TestMail { to } => test_mail::run(settings, &to),
        Command::Key(command) => key::run(settings, &command),
        Command::Backup { file } => backup::run(settings, &file),
        Command::Restore { file } => restore::run(settings, &file),
        Command::Limits(command) => limits::run(settings, command),
        Command::Code { email } => code::run(settings, &email),
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
