//! `vestibule account`

use clap::Subcommand;

use super::{Failure, say};
use crate::auth::accounts::{self, Actor};
use crate::clock::Clock;
use crate::config::{Settings, Storage};
use crate::db::accounts::NewAccount;
use crate::domain::{Email, Role};
use crate::server::open_database;

const LONGEST_NAME: usize = 200;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds a confirmed account: from now on this address gets sign-in codes
    Add {
        /// The address that codes go to
        email: String,
        /// What the person is called
        #[arg(long, default_value = "")]
        name: String,
        /// “member” or “admin”
        #[arg(long, default_value = "member")]
        role: String,
    },
}

pub(super) fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { email, name, role } => add(settings, &email, name.trim(), &role),
    }
}

fn add(settings: &Settings, email: &str, name: &str, role: &str) -> Result<(), Failure> {
    let address = Email::parse(email).map_err(|_| {
        Failure::Misused(format!("“{}” is no email address.", email.escape_debug()))
    })?;
    let role: Role = role.parse().map_err(Failure::Misused)?;
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Failure::Misused(format!(
            "The name must be one line of at most {LONGEST_NAME} characters."
        )));
    }
    let database = open_database(&Storage::from_settings(settings)?)?;
    let now = Clock::system().now();
    let new = NewAccount {
        email: &address,
        name,
        role,
        confirmed: true,
    };
    let added = database
        .write_blocking(|c| accounts::add(c, &Actor::command_line(), &new, now))
        .map_err(|e| Failure::Failed(e.to_string()))?;
    match added {
        Ok(_) => say(format!("{address} may sign in now, as {role}.")),
        Err(_) => Err(Failure::Failed(format!(
            "{address} has an account already. Nothing was changed."
        ))),
    }
}
