//! `vestibule key`

use clap::Subcommand;

use super::failure::Failure;
use super::output::say;
use crate::config::{OperatorConfig, Settings};
use crate::domain::words;
use crate::keys::rotation::{RotationError, rotate};
use crate::keys::{KEY_FILE, PREVIOUS_KEY_FILE};
use crate::operations::compromised_key::{CompromisedKeyError, replace_compromised_key};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Generate a new secret key; the previous key is still accepted, and no one is signed out
    Rotate {
        /// Rotate even if the previous key is still needed
        #[arg(long)]
        force: bool,
        /// The key is known to others: sign everyone out, forget known browsers, and keep no previous key; refused
        /// while a server runs
        #[arg(long, conflicts_with = "force")]
        compromised: bool,
    },
}

pub(super) fn run(settings: &Settings, command: &Command) -> Result<(), Failure> {
    let Command::Rotate { force, compromised } = command;
    let config = OperatorConfig::from_settings(settings)?;
    if *compromised {
        return replace_compromised(&config);
    }
    if config.secret_key.is_some() {
        return Err(Failure::Misused(
            "SECRET_KEY is set, so there is no key file to rotate. Set SECRET_KEY_PREVIOUS to the present value of \
             SECRET_KEY, and SECRET_KEY to a new one, from `openssl rand -base64 64 | tr -d '\\n'`. Then restart the \
             server. No one is signed out."
                .to_owned(),
        ));
    }
    if config.secret_key_previous.is_some() {
        return Err(Failure::Misused(format!(
            "SECRET_KEY_PREVIOUS is set, so the server would not read {PREVIOUS_KEY_FILE}, and everyone would be \
             signed out. Unset it first."
        )));
    }
    let data_dir = &config.storage.data_dir;
    let (present, previous) = (data_dir.join(KEY_FILE), data_dir.join(PREVIOUS_KEY_FILE));
    let longest = words::exactly(config.session_max);
    match rotate(data_dir, config.session_max, *force) {
        Ok(()) => say(format!(
            "{} holds a new key. The previous key is in {} and is still accepted, so no one is signed out; keep it for \
             {longest} (SESSION_MAX) at least.\n\
             A running server still uses the previous key: start it again now.",
            present.display(),
            previous.display()
        )),
        Err(RotationError::NoKey) => Err(Failure::Failed(format!(
            "There is no key to rotate: {} does not exist. The first start of the server creates it.",
            present.display()
        ))),
        Err(RotationError::PreviousInUse(left)) => Err(Failure::Failed(format!(
            "Nothing was changed: the last rotation was less than {longest} (SESSION_MAX) ago, and the previous key, in \
             {}, may still be needed for {}. With --force it is forgotten now, which signs out everybody who has not \
             used the console since the last rotation.",
            previous.display(),
            words::rounded_up(left)
        ))),
        Err(e @ RotationError::File(_)) => Err(e.into()),
    }
}

fn replace_compromised(config: &OperatorConfig) -> Result<(), Failure> {
    if config.secret_key.is_some() || config.secret_key_previous.is_some() {
        return Err(Failure::Misused(
            "SECRET_KEY or SECRET_KEY_PREVIOUS is set. Set SECRET_KEY to a new value, from `openssl rand -base64 64 | tr \
             -d '\\n'`, unset SECRET_KEY_PREVIOUS, and restart the server: the old key is then worth nothing, and everyone \
             is signed out."
                .to_owned(),
        ));
    }
    let ended = replace_compromised_key(&config.storage).map_err(|e| match e {
        CompromisedKeyError::Open(_) | CompromisedKeyError::Write(_) => e.into(),
        _ => Failure::because("The key was not replaced", &e),
    })?;
    say(format!(
        "{} holds a new key, and no older key is accepted. {} ended, and known browsers are forgotten. Start the server \
         again.",
        config.storage.data_dir.join(KEY_FILE).display(),
        words::counted(ended, "session has", "sessions have")
    ))
}
