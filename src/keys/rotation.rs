//! A new secret key in the place of the present one, which is still read (SECURITY rule 29).

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::{KEY_FILE, PREVIOUS_KEY_FILE, read, write_private};
use crate::domain::SecretKey;

/// Why the key was not changed.
#[derive(Debug, Error)]
pub enum NotRotated {
    /// No server has made one yet.
    #[error("there is no key")]
    NoKey,
    /// The key before the present one still reads sessions that may be in force, for this long.
    #[error("the key before is still needed")]
    TooSoon(Duration),
    /// A file cannot be read or written; in words for the operator.
    #[error("{0}")]
    File(String),
}

/// Makes a new key file in `data_dir`; the present key becomes the previous one. The key before that
/// is forgotten, so it must have been the previous one for at least `needed_for`, unless `at_once`.
///
/// # Errors
/// See [`NotRotated`]. Whatever happens in between, the present key is in one of the two files.
pub fn rotate(data_dir: &Path, needed_for: Duration, at_once: bool) -> Result<(), NotRotated> {
    let path = data_dir.join(KEY_FILE);
    let previous_path = data_dir.join(PREVIOUS_KEY_FILE);
    let present = read(&path)
        .map_err(NotRotated::File)?
        .ok_or(NotRotated::NoKey)?;
    // An earlier attempt may have ended between the two files: its older key is the present one.
    let was_cut_short = matches!(
        read(&previous_path),
        Ok(Some(previous)) if previous.expose() == present.expose()
    );
    if let Some(left) = still_needed(&previous_path, needed_for)?
        && !at_once
        && !was_cut_short
    {
        return Err(NotRotated::TooSoon(left));
    }
    replace(&previous_path, &present)?;
    replace(&path, &SecretKey::generate(&mut rand::rng()))?;
    Ok(())
}

/// How much longer the key before the present one is needed.
fn still_needed(path: &Path, needed_for: Duration) -> Result<Option<Duration>, NotRotated> {
    let changed = match fs::metadata(path).and_then(|file| file.modified()) {
        Ok(changed) => changed,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(describe(path, &e)),
    };
    let age = SystemTime::now()
        .duration_since(changed)
        .unwrap_or_default();
    Ok(needed_for.checked_sub(age).filter(|left| !left.is_zero()))
}

/// Written whole beside its place and then put there, so that no start ever finds half a key.
fn replace(path: &Path, key: &SecretKey) -> Result<(), NotRotated> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let put = write_private(&draft, &key.expose())
        .and_then(|()| fs::rename(&draft, path))
        .and_then(|()| sync_folder_of(path));
    put.map_err(|e| {
        let _not_there = fs::remove_file(&draft);
        describe(path, &e)
    })
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn describe(path: &Path, e: &io::Error) -> NotRotated {
    NotRotated::File(format!("{} cannot be changed: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_previous_key_that_cannot_be_looked_at_is_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name| folder.path().join(name);
        let present = SecretKey::generate(&mut rand::rng()).expose();
        fs::write(place(KEY_FILE), &present).unwrap();
        symlink(place(PREVIOUS_KEY_FILE), place(PREVIOUS_KEY_FILE)).unwrap();
        let refused = rotate(folder.path(), Duration::ZERO, true).unwrap_err();
        assert!(
            refused.to_string().contains("secret.key.previous"),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(place(KEY_FILE)).unwrap(), present);
    }
}
