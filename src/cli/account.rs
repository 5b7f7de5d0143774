//! `vestibule account`

mod delete;
mod import;
mod list;

use std::path::PathBuf;

use clap::Subcommand;

use super::{Failure, context, say};
use crate::accounts::changes::{self, Actor, ChangeError};
use crate::clock::Clock;
use crate::config::{Settings, Storage};
use crate::db::accounts::{AccountRow, NewAccount};
use crate::db::{QueryResult, SqliteConnection};
use crate::domain::{AccountId, PersonName, Role, Timestamp};
use crate::server::open_database;

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
    /// Adds the accounts of a CSV file; those that exist already are left as they are
    ///
    /// The first line names the columns, in any order: email and, where you have them, name, role
    /// (member or admin; empty: member) and confirmed (yes or no; empty: yes). When a line is bad,
    /// nothing is added.
    Import {
        /// The file, in UTF-8; at most 5 MB and 50,000 rows
        file: PathBuf,
        /// Adds the good lines although others are bad
        #[arg(long)]
        skip_bad: bool,
    },
    /// Lists accounts, in the order of their addresses
    List {
        /// Those with this in their address or name
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true
        )]
        search: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows all of an account
    Show {
        /// Its address
        email: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Vouches for an address that came unconfirmed: from now on it gets sign-in codes
    Confirm {
        /// Its address
        email: String,
    },
    /// Shuts an account, and ends its sessions at once
    Suspend {
        /// Its address
        email: String,
    },
    /// Opens a suspended account again
    Restore {
        /// Its address
        email: String,
    },
    /// Says what an account may do
    Role {
        /// Its address
        email: String,
        /// “member”, or “admin”, who lets others in and out
        role: String,
    },
    /// Removes an account with all that belongs to it; asks first
    Delete {
        /// Its address
        email: String,
        /// Does not ask
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
    let address = context::address(email)?;
    let role: Role = role.parse().map_err(Failure::Misused)?;
    let name = PersonName::parse(name).map_err(|e| Failure::Misused(format!("The name: {e}")))?;
    let database = open_database(&Storage::from_settings(settings)?)?;
    let now = Clock::system().now();
    let new = NewAccount {
        email: &address,
        name: name.as_str(),
        role,
        confirmed: true,
    };
    match database.write_blocking(|c| changes::add(c, &Actor::command_line(), &new, now))? {
        Ok(_) => say(format!(
            "{address} may sign in now, as {}.",
            with_article(role)
        )),
        Err(_) => Err(Failure::Failed(format!(
            "{address} has an account already. Nothing was changed."
        ))),
    }
}

fn with_article(role: Role) -> &'static str {
    match role {
        Role::Member => "a member",
        Role::Admin => "an admin",
    }
}

fn confirm(settings: &Settings, email: &str) -> Result<(), Failure> {
    let account = change(settings, email, changes::confirm)?;
    let but = match account.suspended_at {
        Some(_) => " It is still suspended.",
        None => "",
    };
    say(format!("{} is confirmed.{but}", account.email))
}

fn suspend(settings: &Settings, email: &str) -> Result<(), Failure> {
    let account = change(settings, email, changes::suspend)?;
    say(format!(
        "{} is suspended, and signed out everywhere.",
        account.email
    ))
}

fn restore(settings: &Settings, email: &str) -> Result<(), Failure> {
    let account = change(settings, email, changes::restore)?;
    let but = match account.confirmed_at {
        Some(_) => "may sign in again",
        None => "is no longer suspended, and not confirmed yet",
    };
    say(format!("{} {but}.", account.email))
}

fn change_role(settings: &Settings, email: &str, role: &str) -> Result<(), Failure> {
    let role: Role = role.parse().map_err(Failure::Misused)?;
    let account = change(settings, email, |c, actor, id, now| {
        changes::change_role(c, actor, id, role, now)
    })?;
    let role = with_article(role);
    say(format!("{} is {role} now.", account.email))
}

/// Does one of the verbs to the account of an address; gives the account as it was before.
fn change(
    settings: &Settings,
    email: &str,
    verb: impl FnOnce(
        &mut SqliteConnection,
        &Actor,
        AccountId,
        Timestamp,
    ) -> QueryResult<Result<AccountRow, ChangeError>>,
) -> Result<AccountRow, Failure> {
    let address = context::address(email)?;
    let database = context::database(&Storage::from_settings(settings)?)?;
    let now = Clock::system().now();
    let outcome = database.write_blocking(|c| match changes::find(c, &address)? {
        Ok(account) => verb(c, &Actor::command_line(), account.account_id(), now),
        Err(denied) => Ok(Err(denied)),
    })?;
    outcome.map_err(|denied| Failure::Failed(format!("{address}: {denied}")))
}
