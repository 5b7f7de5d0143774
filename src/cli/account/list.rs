use crate::cli::context::{address, session_lifetimes};
use crate::cli::failure::Failure;
use crate::cli::output::{aligned, moment_or, print, print_json, print_table, say};
use crate::clock::Clock;
use crate::config::{OperatorConfig, Settings, Storage};
use crate::operations::database::open_existing_database;
use crate::operations::operator_accounts::{AccountListing, account_details, list_accounts};

pub(super) fn all(settings: &Settings, search: &str, json: bool) -> Result<(), Failure> {
    let database = open_existing_database(&Storage::from_settings(settings)?)?;
    let found = list_accounts(&database, search)?;
    if json {
        return print_json(&found);
    }
    if found.is_empty() {
        return say(match search {
            "" => "There are no accounts. Add one with `vestibule account add`.",
            _ => "No account has that in its address or name.",
        });
    }
    let line = |one: AccountListing| {
        let state = state(&one).to_owned();
        let added = moment_or(Some(one.created_at), "");
        [
            one.email.to_string(),
            one.name,
            one.role.to_string(),
            state,
            added,
        ]
    };
    print_table(
        ["Address", "Name", "Role", "State", "Added"],
        found.into_iter().map(line),
    )
}

pub(super) fn one(settings: &Settings, email: &str, json: bool) -> Result<(), Failure> {
    let address = address(email)?;
    let config = OperatorConfig::from_settings(settings)?;
    let database = open_existing_database(&config.storage)?;
    let lifetimes = session_lifetimes(&config);
    let details = account_details(&database, &address, lifetimes, Clock::system().now())
        .map_err(|e| Failure::about(&address, e))?;
    let account = details.account;
    if json {
        return print_json(&[account]);
    }
    let lines = [
        ("Number", account.id.to_string()),
        ("Address", account.email.to_string()),
        ("Name", account.name),
        ("Role", account.role.to_string()),
        ("Added", moment_or(Some(account.created_at), "")),
        ("Confirmed", moment_or(account.confirmed_at, "not yet")),
        ("Suspended", moment_or(account.suspended_at, "no")),
        ("Moved to WorkOS", moment_or(account.moved_at, "not yet")),
        (
            "Last sign-in",
            moment_or(details.last_sign_in, "none known"),
        ),
        ("Sessions", details.sessions.to_string()),
    ];
    let lines = lines.map(|(what, value)| [what.to_owned(), value]);
    print(aligned(&lines).as_bytes())
}

/// The one fact that decides how the account can sign in.
fn state(account: &AccountListing) -> &'static str {
    match account {
        AccountListing {
            suspended_at: Some(_),
            ..
        } => "suspended",
        AccountListing {
            confirmed_at: None, ..
        } => "not confirmed",
        AccountListing {
            moved_at: Some(_), ..
        } => "moved to WorkOS",
        _ => "confirmed",
    }
}
