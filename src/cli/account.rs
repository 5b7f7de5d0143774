//! `vestibule account`

mod delete;
mod import;
mod list;

use std::path::PathBuf;

use clap::Subcommand;

use super::context::address;
use super::failure::Failure;
use super::output::say;
use crate::accounts::changes::{Change, ChangeError};
use crate::clock::Clock;
use crate::config::{Settings, Storage};
use crate::domain::{PersonName, Role};
use crate::operations::database::{open_database, open_existing_database};
use crate::operations::operator_accounts::{AccountBefore, add_account, change_account};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a confirmed account, which can sign in with email codes
    Add {
        /// The address that codes go to
        email: String,
        /// The person's name
        #[arg(long, default_value = "")]
        name: String,
        /// “member” or “admin”
        #[arg(long, default_value = "member")]
        role: String,
    },
    /// Add the accounts of a CSV file; existing accounts are left unchanged
    ///
    /// The first line names the columns, in any order: email and, where you have them, name, role
    /// (member or admin; empty: member) and confirmed (yes or no; empty: yes). When a line is bad,
    /// nothing is added.
    Import {
        /// The file, in UTF-8; at most 5 MB and 50,000 rows
        file: PathBuf,
        /// Add the good lines even if others are bad
        #[arg(long)]
        skip_bad: bool,
    },
    /// List accounts, sorted by address
    List {
        /// Only accounts with this text in their address or name
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true
        )]
        search: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an account
    Show {
        /// The account's address
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Confirm an account that was added unconfirmed, so that it gets email codes
    Confirm {
        /// The account's address
        email: String,
    },
    /// Suspend an account and end its sessions at once
    Suspend {
        /// The account's address
        email: String,
    },
    /// Restore a suspended account
    Restore {
        /// The account's address
        email: String,
    },
    /// Change the role of an account
    Role {
        /// The account's address
        email: String,
        /// “member”, or “admin”, who can manage accounts
        role: String,
    },
    /// Delete an account and its data, after a confirmation
    Delete {
        /// The account's address
        email: String,
        /// Do not ask for a confirmation
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { email, name, role } => add(settings, &email, &name, &role),
        Command::Import { file, skip_bad } => import::run(settings, &file, skip_bad),
        Command::List { search, json } => list::all(settings, search.trim(), json),
        Command::Show { email, json } => list::one(settings, &email, json),
        Command::Confirm { email } => confirm(settings, &email),
        Command::Suspend { email } => suspend(settings, &email),
        Command::Restore { email } => restore(settings, &email),
        Command::Role { email, role } => change_role(settings, &email, &role),
        Command::Delete { email, yes } => delete::run(settings, &email, yes),
    }
}

fn add(settings: &Settings, email: &str, name: &str, role: &str) -> Result<(), Failure> {
    let address = address(email)?;
    let role = parse_role(role)?;
    let name = PersonName::parse(name).map_err(|e| Failure::Misused(format!("The name: {e}")))?;
    let database = open_database(&Storage::from_settings(settings)?)?;
    match add_account(&database, &address, &name, role, Clock::system().now()) {
        Ok(()) => say(format!(
            "{address} may sign in now, as {}.",
            with_article(role)
        )),
        Err(ChangeError::AddressTaken) => Err(Failure::Failed(format!(
            "{address} has an account already. Nothing was changed."
        ))),
        Err(e) => Err(e.into()),
    }
}

fn parse_role(role: &str) -> Result<Role, Failure> {
    role.parse().map_err(Failure::misused)
}

fn with_article(role: Role) -> &'static str {
    match role {
        Role::Member => "a member",
        Role::Admin => "an admin",
    }
}

fn confirm(settings: &Settings, email: &str) -> Result<(), Failure> {
    let account = change(settings, email, Change::Confirm)?;
    let but = if account.was_suspended {
        " It is still suspended."
    } else {
        ""
    };
    say(format!("{} is confirmed.{but}", account.email))
}

fn suspend(settings: &Settings, email: &str) -> Result<(), Failure> {
    let account = change(settings, email, Change::Suspend)?;
    say(format!(
        "{} is suspended, and signed out everywhere.",
        account.email
    ))
}

fn restore(settings: &Settings, email: &str) -> Result<(), Failure> {
    let account = change(settings, email, Change::Restore)?;
    say(if account.was_confirmed {
        format!("{} may sign in again.", account.email)
    } else {
        format!(
            "{} is no longer suspended, and not confirmed yet.",
            account.email
        )
    })
}

fn change_role(settings: &Settings, email: &str, role: &str) -> Result<(), Failure> {
    let role = parse_role(role)?;
    let account = change(settings, email, Change::SetRole(role))?;
    say(format!("{} is {} now.", account.email, with_article(role)))
}

fn change(settings: &Settings, email: &str, change: Change) -> Result<AccountBefore, Failure> {
    let address = address(email)?;
    let database = open_existing_database(&Storage::from_settings(settings)?)?;
    change_account(&database, &address, change, Clock::system().now())
        .map_err(|e| Failure::about(&address, e))
}
