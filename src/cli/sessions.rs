//! `vestibule sessions`

use clap::{ArgGroup, Subcommand};

use super::context;
use super::failure::Failure;
use super::output::{print_json, print_table, say};
use crate::clock::Clock;
use crate::config::{OperatorConfig, Settings, Storage};
use crate::domain::{SessionId, words};
use crate::operations::database::open_existing_database;
use crate::operations::operator_accounts::{
    SessionListing, end_all_sessions, end_session, list_sessions,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the active sessions, the newest first
    List {
        /// Only sessions of this address
        email: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a session, or all sessions of an account; their next request is refused
    #[command(group(ArgGroup::new("which").required(true)))]
    End {
        /// The session's number, from `sessions list`
        #[arg(group = "which")]
        id: Option<i64>,
        /// Every session of this address; its known browsers are forgotten too
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
    let config = OperatorConfig::from_settings(settings)?;
    let database = open_existing_database(&config.storage)?;
    let lifetimes = context::session_lifetimes(&config);
    let now = Clock::system().now();
    let found = list_sessions(&database, address.as_ref(), lifetimes, now)
        .map_err(|e| Failure::about(email.unwrap_or_default(), e))?;
    if json {
        return print_json(&found);
    }
    if found.is_empty() {
        return say(match address {
            Some(address) => format!("{address} is not signed in."),
            None => "No one is signed in.".to_owned(),
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

fn line(session: SessionListing) -> [String; 7] {
    let how = match session.method.known() {
        Some(method) => method.describe().to_owned(),
        None => session.method.to_string(),
    };
    [
        session.id.to_string(),
        session.email.to_string(),
        how,
        session.browser,
        session.ip,
        session.created_at.describe(),
        session.last_seen_at.describe(),
    ]
}

fn end_one(settings: &Settings, id: SessionId) -> Result<(), Failure> {
    let database = open_existing_database(&Storage::from_settings(settings)?)?;
    let ended = end_session(&database, id, Clock::system().now())?.ok_or_else(|| {
        Failure::Failed(format!(
            "There is no session {}. `vestibule sessions list` shows the active ones.",
            id.0
        ))
    })?;
    say(format!(
        "The session of {} with {} is ended.",
        ended.email, ended.browser
    ))
}

fn end_all(settings: &Settings, email: &str) -> Result<(), Failure> {
    let address = context::address(email)?;
    let database = open_existing_database(&Storage::from_settings(settings)?)?;
    let ended = end_all_sessions(&database, &address, Clock::system().now())
        .map_err(|e| Failure::about(email, e))?;
    say(match ended {
        0 => format!("{address} was not signed in anywhere. Its browsers count as new now."),
        _ => format!(
            "{} of {address} ended. Its browsers count as new now.",
            words::counted(ended, "session", "sessions")
        ),
    })
}
