//! `vestibule restore`

use std::path::Path;

use super::failure::Failure;
use super::output::say;
use super::progress::FileProgress;
use crate::clock::Clock;
use crate::config::{Settings, Storage};
use crate::domain::words;
use crate::keys::KEY_FILE;
use crate::operations::restore::{Restored, restore};

pub(super) fn run(settings: &Settings, file: &Path) -> Result<(), Failure> {
    let storage = Storage::from_settings(settings)?;
    let restored = restore(&storage, file, Clock::system().now(), FileProgress::start)
        .map_err(|e| Failure::because("Nothing was restored", &e))?;
    say(describe(&storage, file, &restored))
}

fn describe(storage: &Storage, file: &Path, restored: &Restored) -> String {
    let mut lines = format!(
        "{} is the database now, with {}. In it {} ended, and every open code: everybody has to sign in again.",
        file.display(),
        words::counted(restored.accounts, "account", "accounts"),
        words::counted(restored.sessions_ended, "session was", "sessions were")
    );
    if let Some(kept_as) = &restored.kept_as {
        lines.push_str(&format!(
            "\nThe replaced database is kept as {}.",
            kept_as.display()
        ));
    }
    let key = storage.data_dir.join(KEY_FILE);
    if !key.exists() {
        lines.push_str(&format!(
            "\nThere is no {}. Unless SECRET_KEY is set, put the key that belongs to this backup there before you \
             start the server; otherwise the server creates a new key.",
            key.display()
        ));
    }
    lines + "\nStart the server again."
}
