//! `vestibule migrate`

use super::{Failure, say};
use crate::config::{Settings, Storage};
use crate::server::open_database;

/// Runs pending migrations.
pub(super) fn run(settings: &Settings) -> Result<(), Failure> {
    let storage = Storage {
        auto_migrate: true,
        ..Storage::from_settings(settings)?
    };
    open_database(&storage)?;
    say(format!("{} is up to date.", storage.database.display()))
}
