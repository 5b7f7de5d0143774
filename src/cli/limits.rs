//! `vestibule limits`

use clap::Subcommand;
use serde_json::{Value, json};

use super::context;
use super::failure::Failure;
use super::output::print_json;
use super::output::say;
use crate::accounts::changes::Actor;
use crate::clock::Clock;
use crate::config::{OperatorConfig, Settings};
use crate::domain::{Email, words};
use crate::operations::address_limits::{self, AddressLimits};
use crate::operations::database::open_existing_database;
use crate::sign_in::limits::Limit;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show how much of its limits an address has used
    Show {
        /// The address, with or without an account
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Reset the limits of an address, in a running server too
    Clear {
        /// The address, with or without an account
        email: String,
    },
}

pub(super) fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    let (Command::Show { email, .. } | Command::Clear { email }) = &command;
    let email = context::address(email)?;
    let config = OperatorConfig::from_settings(settings)?;
    let database = open_existing_database(&config.storage)?;
    let now = Clock::system().now();
    match command {
        Command::Show { json, .. } => {
            let found = database.read_in_place(|c| address_limits::look(c, &email, now))?;
            if json {
                return print_json(&[as_json(&email, &found)]);
            }
            say(describe(&email, &found, config.code_limit_address))
        }
        Command::Clear { .. } => {
            let actor = Actor::command_line();
            let forgotten =
                database.write_blocking(|c| address_limits::clear(c, &actor, &email, now))?;
            say(format!(
                "The limits of {email} are cleared: {} forgotten, and a running server \
                 forgets how many codes were requested. The limits of networks (CODE_LIMIT_IP, and 30 wrong \
                 codes in 10 minutes) stay; they end within 10 minutes, or with a restart.",
                words::counted(forgotten, "wrong code is", "wrong codes are")
            ))
        }
    }
}

fn as_json(email: &Email, found: &AddressLimits) -> Value {
    json!({
        "email": email.as_str(),
        "has_account": found.has_account,
        "wrong_tries_unknown_browsers": found.tries_unknown,
        "wrong_tries_known_browsers": found.tries_known,
        "wrong_tries_all_accounts": found.tries_overall,
        "requests_last_minute": found.requests_minute,
        "requests_last_day": found.requests_day,
        "cleared_at": found.cleared_at.map(|at| at.0),
    })
}

fn describe(email: &Email, found: &AddressLimits, a_minute: u32) -> String {
    let tries = Limit::WrongCodesPerAddress.rule().rate;
    let known = match found.tries_known.as_slice() {
        [] => format!("0 of {tries}"),
        [one] => format!("{one} of {tries}"),
        [most, ..] => format!("{most} of {tries} from one of {}", found.tries_known.len()),
    };
    let lines = [
        (
            "Account",
            if found.has_account { "yes" } else { "none" }.to_owned(),
        ),
        (
            "Wrong codes in 24 hours, from unknown browsers",
            format!("{} of {tries}", found.tries_unknown),
        ),
        ("Wrong codes in 24 hours, from a known browser", known),
        (
            "Wrong codes in 24 hours, from all known browsers",
            format!(
                "{} of {}",
                found.tries_known.iter().sum::<i64>(),
                Limit::WrongCodesFromKnownBrowsers.rule().rate
            ),
        ),
        (
            "Wrong codes in 24 hours, over all accounts",
            format!(
                "{} of {}",
                found.tries_overall,
                Limit::WrongCodesOverall.rule().rate
            ),
        ),
        (
            "Codes requested in the last minute",
            format!("{} of {a_minute}", found.requests_minute),
        ),
        (
            "Codes requested in the last 24 hours",
            format!(
                "{} of {}",
                found.requests_day,
                Limit::CodesPerDay.rule().rate
            ),
        ),
        (
            "Limits last cleared",
            found
                .cleared_at
                .map_or_else(|| "not in the last 24 hours".to_owned(), |at| at.describe()),
        ),
    ];
    let table: String = lines
        .iter()
        .map(|(what, how_much)| format!("  {what:<50}{how_much}\n"))
        .collect();
    format!(
        "{email}\n{table}\n\
         Not shown: a running server counts requests in memory, for each known browser, for all other browsers,\n\
         and for each network. The lines about requested codes come from the activity, over all browsers.\n\
         `vestibule limits clear {email}` clears both, here and in the running server.\n\
         The limits of networks stay."
    )
}
