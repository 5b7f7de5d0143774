//! `vestibule backup`

use std::fs;
use std::path::Path;

use super::context;
use super::files::{Draft, folder_of, showing_progress};
use super::{Failure, say};
use crate::config::{Settings, Storage};
use crate::db::engine::paths;
use crate::domain::words;
use crate::keys::KEY_FILE;

/// Copies the database to a file that is not there yet, while a server runs or not.
pub(super) fn run(settings: &Settings, file: &Path) -> Result<(), Failure> {
    let storage = Storage::from_settings(settings)?;
    let shown = file.display();
    if !storage.database.exists() {
        return Err(context::no_database(&storage));
    }
    if file.exists() {
        return Err(Failure::Failed(format!(
            "{shown} is there already. Nothing was written: name another file."
        )));
    }
    let name = file
        .file_name()
        .ok_or_else(|| Failure::Misused(format!("{shown} is not the name of a file.")))?;
    let draft = format!(".{}.{}", name.to_string_lossy(), std::process::id());
    let failed = |e: String| Failure::Failed(format!("No backup was made: {e}."));
    let draft = Draft::make(folder_of(file).join(draft))
        .map_err(|e| failed(format!("{shown} cannot be made: {e}")))?;
    let whole = fs::metadata(&storage.database).map_or(0, |file| file.len());
    let accounts = showing_progress(draft.path(), whole, || {
        paths::copy(&storage.database, draft.path())?;
        paths::check(draft.path())?;
        paths::count_accounts(draft.path())
    })
    .map_err(|e| failed(format!("{}: {e}", storage.database.display())))?;
    draft
        .put_at_free(file)
        .map_err(|e| failed(format!("{shown} cannot be made: {e}")))?;
    let size = words::size(fs::metadata(file).map_or(0, |file| file.len()));
    let accounts = words::counted(accounts, "account", "accounts");
    let key = storage.data_dir.join(KEY_FILE);
    say(format!(
        "{shown} holds the database as it was at this moment: {accounts}, {size}. It was opened and is whole.\n\
         Not in it: the secret key ({}, or SECRET_KEY) and the outbox. Keep a copy of the key, and keep it apart from the backup.",
        key.display()
    ))
}
