//! `vestibule key`

use clap::Subcommand;

use super::{Failure, say};
use crate::config::{OperatorConfig, Settings};
use crate::domain::words;
use crate::keys::rotation::{RotationError, rotate};
use crate::keys::{KEY_FILE, PREVIOUS_KEY_FILE};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes a new secret key; the one before it is still read, and nobody is signed out
    Rotate {
        /// Even if the key before the present one is still needed
        #[arg(long)]
        force: bool,
    },
}

pub(super) fn run(settings: &Settings, command: &Command) -> Result<(), Failure> {
    let Command::Rotate { force } = command;
    let upkeep = OperatorConfig::from_settings(settings)?;
    if upkeep.secret_key.is_some() {
        return Err(Failure::Misused(
            "SECRET_KEY is set, so the key is not in a file that could be changed here. Set SECRET_KEY_PREVIOUS to \
             the value that SECRET_KEY has now, and SECRET_KEY to a new one, such as `openssl rand -base64 64 | tr -d \
             '\\n'` prints. Then start the server again: nobody is signed out."
                .to_owned(),
        ));
    }
    if upkeep.secret_key_previous.is_some() {
        return Err(Failure::Misused(format!(
            "SECRET_KEY_PREVIOUS is set, so the server would not read the key that {PREVIOUS_KEY_FILE} is to keep, and \
             everybody would be signed out. Unset it first."
        )));
    }
    let data_dir = &upkeep.storage.data_dir;
    let (present, previous) = (data_dir.join(KEY_FILE), data_dir.join(PREVIOUS_KEY_FILE));
    let longest = words::exactly(upkeep.session_max);
    match rotate(data_dir, upkeep.session_max, *force) {
        Ok(()) => say(format!(
            "{} holds a new key. The one before it is in {} and is still read, so nobody is signed out; keep it for \
             {longest} (SESSION_MAX) at least.\n\
             A server that runs still has the old key alone: start it again now.",
            present.display(),
            previous.display()
        )),
        Err(RotationError::NoKey) => Err(Failure::Failed(format!(
            "There is no key to change: {} does not exist. The first start of the server makes it.",
            present.display()
        ))),
        Err(RotationError::PreviousInUse(left)) => Err(Failure::Failed(format!(
            "Nothing was changed: the key was changed less than {longest} (SESSION_MAX) ago, and the one before it, in \
             {}, may still be needed for {}. To forget that one now, with --force, signs out whoever has been signed \
             in since before the last change and has not come back.",
            previous.display(),
            words::rounded_up(left)
        ))),
        Err(e @ RotationError::File(_)) => Err(Failure::Failed(e.to_string())),
    }
}
