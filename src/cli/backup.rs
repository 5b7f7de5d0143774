//! `vestibule backup`

use std::path::Path;

use super::failure::Failure;
use super::output::say;
use super::progress::FileProgress;
use crate::config::{Settings, Storage};
use crate::domain::words;
use crate::keys::KEY_FILE;
use crate::operations::backup::{BackupError, backup};

pub(super) fn run(settings: &Settings, file: &Path) -> Result<(), Failure> {
    let storage = Storage::from_settings(settings)?;
    let shown = file.display();
    if file.file_name().is_none() {
        return Err(Failure::Misused(format!(
            "{shown} is not the name of a file."
        )));
    }
    let made = backup(&storage, file, FileProgress::start).map_err(|e| match e {
        BackupError::Create { .. } | BackupError::Copy { .. } => {
            Failure::because("No backup was made", &e)
        }
        e => e.into(),
    })?;
    say(format!(
        "{shown} is a copy of the database: {}, {}. The copy was checked and is intact.\n\
         Not in it: the secret key ({}, or SECRET_KEY) and the outbox. Keep a copy of the key, apart from the backup.",
        words::counted(made.accounts, "account", "accounts"),
        words::size(made.size),
        storage.data_dir.join(KEY_FILE).display()
    ))
}
