use crate::accounts::changes::{ChangeError, find};
use crate::cli::output::{aligned, moment_or, print, print_json, print_table};
use crate::cli::{Failure, context, say};
use crate::config::{OperatorConfig, Settings, Storage};
use crate::db::activity;
use crate::db::listings::{self, ListedAccount};

/// Lists the accounts that a search finds.
pub(super) fn all(settings: &Settings, search: &str, json: bool) -> Result<(), Failure> {
    let database = context::database(&Storage::from_settings(settings)?)?;
    let found = database.read_in_place(|c| listings::accounts(c, search))?;
    if json {
        return print_json(&found);
    }
    if found.is_empty() {
        return say(match search {
            "" => "There are no accounts. Add one with `vestibule account add`.".to_owned(),
            _ => "No account has that in its address or name.".to_owned(),
        });
    }
    let line = |one: ListedAccount| {
        let state = state(&one).to_owned();
        let added = moment_or(Some(one.created_at), "");
        [one.email, one.name, one.role, state, added]
    };
    print_table(
        ["Address", "Name", "Role", "State", "Added"],
        found.into_iter().map(line),
    )
}

/// Shows one account.
pub(super) fn one(settings: &Settings, email: &str, json: bool) -> Result<(), Failure> {
    let address = context::address(email)?;
    let upkeep = OperatorConfig::from_settings(settings)?;
    let database = context::database(&upkeep.storage)?;
    let in_force = context::in_force(&upkeep);
    let found = database.read_in_place(|c| {
        let (Some(account), Ok(row)) = (listings::account(c, &address)?, find(c, &address)?) else {
            return Ok(None);
        };
        let last_sign_in = activity::last_sign_in(c, &row)?;
        let id = Some(row.account_id());
        let sessions = listings::sessions(c, id, in_force)?.len();
        Ok(Some((account, last_sign_in, sessions)))
    })?;
    let (found, last_sign_in, sessions) = found
        .ok_or_else(|| Failure::Failed(format!("{address}: {}", ChangeError::NoSuchAccount)))?;
    if json {
        return print_json(&[found]);
    }
    let lines = [
        ("Number", found.id.to_string()),
        ("Address", found.email),
        ("Name", found.name),
        ("Role", found.role),
        ("Added", moment_or(Some(found.created_at), "")),
        ("Confirmed", moment_or(found.confirmed_at, "not yet")),
        ("Suspended", moment_or(found.suspended_at, "no")),
        ("Moved to WorkOS", moment_or(found.moved_at, "not yet")),
        ("Last sign-in", moment_or(last_sign_in, "none known")),
        ("Sessions", sessions.to_string()),
    ];
    let lines = lines.map(|(what, value)| [what.to_owned(), value]);
    print(aligned(&lines).as_bytes())
}

/// What decides whether they get in.
fn state(account: &ListedAccount) -> &'static str {
    match account {
        ListedAccount {
            suspended_at: Some(_),
            ..
        } => "suspended",
        ListedAccount {
            confirmed_at: None, ..
        } => "not confirmed",
        ListedAccount {
            moved_at: Some(_), ..
        } => "moved to WorkOS",
        _ => "confirmed",
    }
}
