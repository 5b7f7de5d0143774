//! `vestibule migrate`

use super::output::{moment_or, print_json, print_table};
use super::{Failure, context, say};
use crate::config::{Settings, Storage};
use crate::db::Database;
use crate::db::engine::migrations::{self, Listed};
use crate::server::{acquire_server_lock, create_data_dir, open_database};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Lists each migration and when it was run, and changes nothing
    #[arg(long)]
    status: bool,
    /// As JSON
    #[arg(long, requires = "status")]
    json: bool,
    /// Reverts the newest migration that was run, with all that is kept in its tables; refused while a server runs
    #[arg(long, conflicts_with = "status")]
    revert: bool,
}

/// Runs pending migrations, or does what the options say.
pub(super) fn run(settings: &Settings, options: &Options) -> Result<(), Failure> {
    let storage = Storage {
        auto_migrate: true,
        ..Storage::from_settings(settings)?
    };
    if options.status {
        return status(&storage, options.json);
    }
    if options.revert {
        return revert(&storage);
    }
    open_database(&storage)?;
    say(format!("{} is up to date.", storage.database.display()))
}

fn status(storage: &Storage, json: bool) -> Result<(), Failure> {
    let list = if storage.database.exists() {
        Database::open(&storage.database)?.with_connection(migrations::list)?
    } else {
        migrations::compiled_in()?
    };
    if json {
        return print_json(&list);
    }
    let line = |one: Listed| [one.name, moment_or(one.run_on, "not yet")];
    print_table(["Migration", "Run"], list.into_iter().map(line))
}

fn revert(storage: &Storage) -> Result<(), Failure> {
    if !storage.database.exists() {
        return Err(context::no_database(storage));
    }
    let not_done = |e| Failure::Failed(format!("Nothing was reverted: {e}."));
    create_data_dir(storage)?;
    let _alone = acquire_server_lock(storage, "a server").map_err(not_done)?;
    let name = Database::open(&storage.database)?
        .with_connection(migrations::revert)
        .map_err(not_done)?;
    say(format!(
        "{name} is reverted. This version of Vestibule runs it again when it starts, unless AUTO_MIGRATE is false."
    ))
}
