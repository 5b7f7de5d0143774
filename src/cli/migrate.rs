//! `vestibule migrate`

use super::failure::Failure;
use super::output::{moment_or, print_json, print_table, say};
use crate::config::{Settings, Storage};
use crate::operations::database::{
    MigrationStatus, OpenError, RevertError, migration_status, open_database,
    revert_newest_migration,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// List each migration and when it was run; change nothing
    #[arg(long)]
    status: bool,
    /// Print JSON
    #[arg(long, requires = "status")]
    json: bool,
    /// Revert the newest migration, and lose what its tables hold; refused while a server runs
    #[arg(long, conflicts_with = "status")]
    revert: bool,
}

/// Runs pending migrations, or follows the options.
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
    let list = migration_status(storage)?;
    if json {
        return print_json(&list);
    }
    let line = |one: MigrationStatus| [one.name, moment_or(one.run_on, "not yet")];
    print_table(["Migration", "Run"], list.into_iter().map(line))
}

fn revert(storage: &Storage) -> Result<(), Failure> {
    let name = revert_newest_migration(storage).map_err(|e| match e {
        RevertError::Open(e @ OpenError::Missing(_)) => e.into(),
        e => Failure::because("Nothing was reverted", &e),
    })?;
    say(format!(
        "{name} is reverted. This version of Vestibule runs it again at the next start, unless AUTO_MIGRATE is false."
    ))
}
