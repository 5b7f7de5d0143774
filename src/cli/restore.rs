//! `vestibule restore`

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use log::warn;

use super::files::{Draft, keep_as, showing_progress};
use super::{Failure, say};
use crate::clock::Clock;
use crate::config::{Settings, Storage};
use crate::db::engine::paths::{self, Adopted, BESIDE, InUse, with_beside, with_end};
use crate::domain::{Timestamp, words};
use crate::keys::KEY_FILE;
use crate::server::{acquire_server_lock, create_data_dir};

/// Puts a backup in the place of the database, and ends every session in it.
pub(super) fn run(settings: &Settings, file: &Path) -> Result<(), Failure> {
    let storage = Storage::from_settings(settings)?;
    let shown = file.display();
    let failed = |e: String| Failure::Failed(format!("Nothing was restored: {e}."));
    // SQLite would make a missing file, and takes some names for addresses.
    let source = fs::canonicalize(file).map_err(|e| failed(format!("{shown}: {e}")))?;
    if fs::canonicalize(&storage.database).is_ok_and(|present| present == source) {
        return Err(failed(format!("{shown} is the database itself")));
    }
    create_data_dir(&storage).map_err(failed)?;
    let _alone = acquire_server_lock(&storage, "a server").map_err(failed)?;
    let now = Clock::system().now();
    let draft = Draft::make(with_end(&storage.database, ".restoring")).map_err(|e| {
        failed(format!(
            "{} cannot be written to: {e}",
            storage.data_dir.display()
        ))
    })?;
    let adopted = prepare(&source, &draft, now).map_err(|e| failed(format!("{shown}: {e}")))?;
    let present = &storage.database;
    let mut not_carried_over = None;
    let mut aside = None;
    if present.exists() {
        paths::settle(present).map_err(|InUse| {
            let shown = present.display();
            failed(format!("another process has {shown} open. End it first"))
        })?;
        not_carried_over = paths::carry_over_revocations(draft.path(), present).err();
        aside = Some(put_aside(present, now).map_err(failed)?);
    }
    draft
        .put_over(present)
        .map_err(|e| failed(format!("{} cannot be replaced: {e}", present.display())))?;
    if let Some(aside) = &aside {
        shut(aside);
    }
    if let Some(why) = not_carried_over {
        warn!(
            "sessions of the database before are left to end by themselves at the provider: {}: {why}",
            present.display()
        );
    }
    say(describe(&storage, file, adopted, aside.as_deref()))
}

/// Everything that can go wrong with the backup does so before anything of the present database is
/// touched.
fn prepare(source: &Path, draft: &Draft, now: Timestamp) -> Result<Adopted, String> {
    let whole = fs::metadata(source).map_or(0, |file| file.len());
    showing_progress(draft.path(), whole, || {
        paths::copy(source, draft.path())?;
        paths::check(draft.path())?;
        let adopted = paths::adopt(draft.path(), now)?;
        paths::check(draft.path())?;
        Ok(adopted)
    })
}

/// Keeps the present database under another name. It stays in its own place, too, until the new one
/// takes that in one step; its log must not, since SQLite would take it for the new one's.
fn put_aside(database: &Path, now: Timestamp) -> Result<PathBuf, String> {
    let stamp = now.rfc3339().replace(':', "");
    let aside = with_end(database, &format!(".before-{stamp}"));
    let moved = || -> io::Result<()> {
        keep_as(database, &aside)?;
        for end in BESIDE {
            match fs::rename(with_end(database, end), with_end(&aside, end)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    };
    moved().map_err(|e| {
        let (shown, aside) = (database.display(), aside.display());
        format!("{shown} cannot be kept as {aside}: {e}")
    })?;
    Ok(aside)
}

/// What an earlier version or Diesel's own tool has made may be for everybody to read.
fn shut(aside: &Path) {
    for path in with_beside(aside) {
        match fs::set_permissions(&path, Permissions::from_mode(0o600)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                warn!("{} may be read by others: {e}", path.display());
            }
            _ => {}
        }
    }
}

fn describe(storage: &Storage, file: &Path, adopted: Adopted, aside: Option<&Path>) -> String {
    let mut lines = format!(
        "{} is the database now, with {}. In it {} ended, and every code: whoever was signed in signs in \
         again.",
        file.display(),
        words::counted(adopted.accounts, "account", "accounts"),
        words::counted(adopted.sessions_ended, "session was", "sessions were")
    );
    if let Some(aside) = aside {
        lines.push_str(&format!(
            "\nThe one before it is kept as {}.",
            aside.display()
        ));
    }
    let key = storage.data_dir.join(KEY_FILE);
    if !key.exists() {
        lines.push_str(&format!(
            "\nThere is no {}: unless SECRET_KEY is set, put the key that belongs to this backup there before the \
             server starts, or it makes a new one.",
            key.display()
        ));
    }
    lines + "\nStart the server again."
}
