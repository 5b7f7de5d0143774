use std::io::{IsTerminal, Write, stderr, stdin};

use super::{change, changes};
use crate::cli::{Failure, context, say};
use crate::config::{Settings, Storage};
use crate::domain::Email;

/// Removes an account, once somebody has said yes.
pub(super) fn run(settings: &Settings, email: &str, yes: bool) -> Result<(), Failure> {
    if !yes {
        make_sure(settings, &context::address(email)?)?;
    }
    let account = change(settings, email, changes::delete)?;
    say(format!("{} is deleted.", account.email))
}

fn make_sure(settings: &Settings, address: &Email) -> Result<(), Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::Misused(
            "Nobody can be asked here. Add --yes to delete without being asked.".to_owned(),
        ));
    }
    let database = context::database(&Storage::from_settings(settings)?)?;
    database
        .read_in_place(|c| changes::find(c, address))?
        .map_err(|denied| Failure::Failed(format!("{address}: {denied}")))?;
    let failed = |e: std::io::Error| Failure::Failed(e.to_string());
    write!(
        stderr(),
        "Delete {address}, with its sessions and its link to WorkOS? There is no way back. [y/N] "
    )
    .map_err(failed)?;
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(failed)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::Failed("Nothing was deleted.".to_owned())),
    }
}
