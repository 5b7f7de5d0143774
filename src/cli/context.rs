//! What an operator's commands find at the place that they are called in.

use super::Failure;
use crate::clock::Clock;
use crate::config::{OperatorConfig, Storage};
use crate::db::Database;
use crate::db::listings::InForce;
use crate::domain::{Email, printable};
use crate::keys::{self, Keys};
use crate::server::open_database;

/// The address that a command names.
pub(super) fn address(email: &str) -> Result<Email, Failure> {
    Email::parse(email)
        .map_err(|_| Failure::Misused(format!("“{}” is not an email address.", printable(email))))
}

/// Opens the database, where there is one: a command that only looks must not make an empty one in
/// the wrong folder.
pub(super) fn database(storage: &Storage) -> Result<Database, Failure> {
    if !storage.database.exists() {
        return Err(no_database(storage));
    }
    Ok(open_database(storage)?)
}

pub(super) fn no_database(storage: &Storage) -> Failure {
    Failure::Failed(format!(
        "There is no database at {}. Run this in the server's folder, or set DATA_DIR as it is set for the server.",
        storage.database.display()
    ))
}

/// The keys that the server has.
pub(super) fn keys(upkeep: &OperatorConfig) -> Result<Keys, Failure> {
    let data_dir = &upkeep.storage.data_dir;
    keys::load(
        upkeep.secret_key.clone(),
        upkeep.secret_key_previous.clone(),
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

/// Runs what waits for something to its end.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map(|runtime| runtime.block_on(work))
        .map_err(|e| Failure::Failed(format!("nothing can be started: {e}")))
}

/// Which sessions have not run out by now.
pub(super) fn in_force(upkeep: &OperatorConfig) -> InForce {
    let now = Clock::system().now();
    InForce {
        begun_after: now.minus(upkeep.session_max),
        seen_after: now.minus(upkeep.session_idle),
    }
}
