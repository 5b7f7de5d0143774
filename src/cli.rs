//! The command line: one file per subcommand.

mod account;
mod backup;
mod code;
mod completions;
mod context;
mod doctor;
mod env_file;
mod failure;
mod key;
mod limits;
mod migrate;
mod output;
mod progress;
mod restore;
mod serve;
mod sessions;
mod test_mail;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use failure::Failure;

use crate::config::{Settings, log_format};
use crate::domain::with_causes;
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
    /// Serve the console (the default)
    Serve,
    /// Find problems and say how to fix them; sends no mail and changes nothing
    Doctor {
        /// Print a JSON array of {check, ok, reason, next}; ok is null where it is unknown
        #[arg(long)]
        json: bool,
    },
    /// Run pending migrations, list all, or revert the newest
    Migrate(migrate::Options),
    /// Manage accounts
    #[command(subcommand)]
    Account(account::Command),
    /// List and end sessions
    #[command(subcommand)]
    Sessions(sessions::Command),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Show a one-time code on this terminal, for when mail and WorkOS are both down
    Code {
        /// The address of a confirmed account
        email: String,
    },
    /// Show or clear the limits of an address
    #[command(subcommand)]
    Limits(limits::Command),
    /// Send one mail now, and show what the mail server answers
    TestMail {
        /// The address to send it to
        to: String,
    },
    /// Rotate the secret key
    #[command(subcommand)]
    Key(key::Command),
    /// Copy the database to a file, with or without a running server
    Backup {
        /// The file to create; it must not exist yet
        file: PathBuf,
    },
    /// Replace the database with a backup, and end every session in it
    Restore {
        /// A file from `vestibule backup`
        file: PathBuf,
    },
}

/// Runs the command that the arguments name. Exit code 0: success, 1: failure, 2: wrong arguments or settings.
pub fn run() -> ExitCode {
    if let Err(e) = env_file::load() {
        return told(&format!("Vestibule did not start: {}.", with_causes(&e)), 2);
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
        Command::Completions { shell } => completions::run(shell, Arguments::command()),
        Command::TestMail { to } => test_mail::run(settings, &to),
        Command::Key(command) => key::run(settings, &command),
        Command::Backup { file } => backup::run(settings, &file),
        Command::Restore { file } => restore::run(settings, &file),
        Command::Limits(command) => limits::run(settings, command),
        Command::Code { email } => code::run(settings, &email),
    }
}

fn told(message: &str, code: u8) -> ExitCode {
    // If standard error is closed, the message cannot be shown.
    let _nobody_listens = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(code)
}
