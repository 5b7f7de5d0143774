//! What several commands read from their arguments and settings.

use super::failure::Failure;
use crate::config::OperatorConfig;
use crate::domain::{Email, printable};
use crate::keys::{self, Keys};
use crate::sign_in::session::Lifetimes;

/// Parses the address that a command names.
pub(super) fn address(email: &str) -> Result<Email, Failure> {
    Email::parse(email)
        .map_err(|_| Failure::Misused(format!("“{}” is not an email address.", printable(email))))
}

/// The server's keys.
pub(super) fn keys(config: &OperatorConfig) -> Result<Keys, Failure> {
    let data_dir = &config.storage.data_dir;
    keys::load(
        config.secret_key.clone(),
        config.secret_key_previous.clone(),
        data_dir,
    )?
    .ok_or_else(|| {
        Failure::Failed(format!(
            "There is no secret key: SECRET_KEY is not set, and {} does not exist. A code has to be made with \
             the server’s own key. Run this in the server’s folder, with the server’s settings.",
            data_dir.join(keys::KEY_FILE).display()
        ))
    })
}

/// Runs a future to its end on this thread.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map(|runtime| runtime.block_on(work))
        .map_err(|e| Failure::because("The command could not start", &e))
}

pub(super) fn session_lifetimes(config: &OperatorConfig) -> Lifetimes {
    Lifetimes {
        idle: config.session_idle,
        max: config.session_max,
    }
}
