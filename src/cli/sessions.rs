//! `vestibule sessions`

use clap::{ArgGroup, Subcommand};

use super::output::{print_json, print_table};
use super::{Failure, context, say};
use crate::accounts::changes::{self, Actor, ChangeError};
use crate::accounts::end_sessions;
use crate::clock::Clock;
use crate::config::{OperatorConfig, Settings, Storage};
use crate::db::listings::{self, ListedSession};
use crate::domain::{Method, SessionId, Timestamp, words};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the sessions in force, the newest first
    List {
        /// Those of this address alone
        email: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Ends a session, or all sessions of an account; they are refused on their very next request
    #[command(group(ArgGroup::new("which").required(true)))]
    End {
        /// The session's number, as `sessions list` shows it
        #[arg(group = "which")]
        id: Option<i64>,
        /// Every session of this address
        #[arg(long, value_name = "EMAIL", group = "which")]
        all: Option<String>,
    },
}

pub(super) fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { email, json } => list(settings, email.as_deref(), json),
        Command::End {
            all: Some(email), ..
        } => end_all(settings, &email),
        Command::End { id, .. } => end_one(settings, SessionId(id.unwrap_or_default())),
    }
}

fn list(settings: &Settings, email: Option<&str>, json: bool) -> Result<(), Failure> {
    let address = email.map(context::address).transpose()?;
    let upkeep = OperatorConfig::from_settings(settings)?;
    let database = context::database(&upkeep.storage)?;
    let in_force = context::in_force(&upkeep);
    let found = database.read_in_place(|c| {
        let account = match &address {
            None => None,
            Some(address) => match changes::find(c, address)? {
                Ok(account) => Some(account.account_id()),
                Err(denied) => return Ok(Err(denied)),
            },
        };
        listings::sessions(c, account, in_force).map(Ok)
    })?;
    let found = found.map_err(|denied| refused(email.unwrap_or_default(), &denied))?;
    if json {
        return print_json(&found);
    }
    if found.is_empty() {
        return say(match address {
            Some(address) => format!("{address} is not signed in."),
            None => "Nobody is signed in.".to_owned(),
        });
    }
    let heads = [
        "ID",
        "Address",
        "How",
        "Browser",
        "IP",
        "Signed in",
        "Last seen",
    ];
    print_table(heads, found.into_iter().map(line))
}

fn line(session: ListedSession) -> [String; 7] {
    let how = match Method::from_word(&session.method) {
        Some(Method::EmailCode) => "email code".to_owned(),
        Some(Method::WorkOs) => "WorkOS".to_owned(),
        None => session.method,
    };
    [
        session.id.to_string(),
        session.email,
        how,
        session.browser,
        session.ip,
        Timestamp(session.created_at).describe(),
        Timestamp(session.last_seen_at).describe(),
    ]
}

fn end_one(settings: &Settings, id: SessionId) -> Result<(), Failure> {
    let database = context::database(&Storage::from_settings(settings)?)?;
    let now = Clock::system().now();
    let ended = database
        .write_blocking(|c| end_sessions::one(c, &Actor::command_line(), id, now))?
        .ok_or_else(|| {
            Failure::Failed(format!(
                "There is no session {}. `vestibule sessions list` shows those that there are.",
                id.0
            ))
        })?;
    let (account, session) = ended;
    say(format!(
        "The session of {} with {} is ended.",
        account.email, session.browser
    ))
}

fn end_all(settings: &Settings, email: &str) -> Result<(), Failure> {
    let address = context::address(email)?;
    let database = context::database(&Storage::from_settings(settings)?)?;
    let now = Clock::system().now();
    let actor = Actor::command_line();
    let ended = database
        .write_blocking(|c| match changes::find(c, &address)? {
            Ok(account) => end_sessions::all_of(c, &actor, &account, now).map(Ok),
            Err(denied) => Ok(Err(denied)),
        })?
        .map_err(|denied| refused(email, &denied))?;
    say(match ended {
        0 => format!("{address} was not signed in anywhere."),
        _ => format!(
            "{} of {address} ended.",
            words::counted(ended, "session", "sessions")
        ),
    })
}

fn refused(email: &str, why: &ChangeError) -> Failure {
    Failure::Failed(format!("{email}: {why}"))
}
