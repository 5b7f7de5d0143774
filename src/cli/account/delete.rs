use std::io::{IsTerminal, Write, stderr, stdin};

use super::change;
use crate::accounts::changes::Change;
use crate::cli::context;
use crate::cli::failure::Failure;
use crate::cli::output::say;
use crate::config::{Settings, Storage};
use crate::operations::database::open_existing_database;
use crate::operations::operator_accounts::check_account_exists;

/// Asks for a confirmation first, unless `yes` is set.
pub(super) fn run(settings: &Settings, email: &str, yes: bool) -> Result<(), Failure> {
    if !yes {
        ask(settings, email)?;
    }
    let account = change(settings, email, Change::Delete)?;
    say(format!("{} is deleted.", account.email))
}

fn ask(settings: &Settings, email: &str) -> Result<(), Failure> {
    let address = context::address(email)?;
    if !stdin().is_terminal() {
        return Err(Failure::Misused(
            "There is no terminal to ask for a confirmation. Add --yes to delete without one."
                .to_owned(),
        ));
    }
    let database = open_existing_database(&Storage::from_settings(settings)?)?;
    check_account_exists(&database, &address).map_err(|e| Failure::about(&address, e))?;
    write!(
        stderr(),
        "Delete {address}, with its sessions and its link to WorkOS? This cannot be undone. [y/N] "
    )?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::Failed("Nothing was deleted.".to_owned())),
    }
}
