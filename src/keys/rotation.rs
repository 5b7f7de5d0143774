//! Replaces the secret key and keeps the old one readable (SECURITY rule 29).

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::files::{KEY_FILE, KeyError, PREVIOUS_KEY_FILE, read, replace};
use crate::domain::SecretKey;

#[derive(Debug, Error)]
pub enum RotationError {
    /// No server has created a key yet.
    #[error("there is no key")]
    NoKey,
    /// Sessions that may still be valid need the previous key for this much longer.
    #[error("the previous key is still needed")]
    PreviousInUse(Duration),
    #[error(transparent)]
    File(#[from] KeyError),
}

/// Creates a new key file in `data_dir`; the current key becomes the previous one.
///
/// The old previous key is forgotten. It must have been the previous key for at least
/// `min_previous_age`, unless `force` is set.
///
/// # Errors
/// After every error the current key is still in one of the two files.
pub fn rotate(
    data_dir: &Path,
    min_previous_age: Duration,
    force: bool,
) -> Result<(), RotationError> {
    let path = data_dir.join(KEY_FILE);
    let previous_path = data_dir.join(PREVIOUS_KEY_FILE);
    let current = read(&path)?.ok_or(RotationError::NoKey)?;
    // A rotation that was interrupted between the two writes left the current key in both files.
    let was_interrupted = matches!(
        read(&previous_path),
        Ok(Some(previous)) if previous.expose() == current.expose()
    );
    if let Some(left) = remaining_use(&previous_path, min_previous_age)?
        && !force
        && !was_interrupted
    {
        return Err(RotationError::PreviousInUse(left));
    }
    replace(&previous_path, &current)?;
    replace(&path, &SecretKey::generate(&mut rand::rng()))?;
    Ok(())
}

/// Removes the previous key and creates a new key file in `data_dir`, so that no older key is accepted.
///
/// # Errors
/// The current key is still in force. The previous one may be gone.
pub fn replace_and_forget(data_dir: &Path) -> Result<SecretKey, RotationError> {
    let previous = data_dir.join(PREVIOUS_KEY_FILE);
    match fs::remove_file(&previous) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            let path = previous;
            return Err(KeyError::Replace { path, source }.into());
        }
        _ => {}
    }
    let key = SecretKey::generate(&mut rand::rng());
    replace(&data_dir.join(KEY_FILE), &key)?;
    Ok(key)
}

/// How much longer the previous key is needed, by the modification time of its file.
fn remaining_use(path: &Path, min_age: Duration) -> Result<Option<Duration>, KeyError> {
    let modified = match fs::metadata(path).and_then(|file| file.modified()) {
        Ok(modified) => modified,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(KeyError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    let age = SystemTime::now()
        .duration_since(modified)
        .unwrap_or_default();
    Ok(min_age.checked_sub(age).filter(|left| !left.is_zero()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_previous_key_that_cannot_be_looked_at_is_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name| folder.path().join(name);
        let current = SecretKey::generate(&mut rand::rng()).expose();
        fs::write(place(KEY_FILE), &current).unwrap();
        symlink(place(PREVIOUS_KEY_FILE), place(PREVIOUS_KEY_FILE)).unwrap();
        let refused = rotate(folder.path(), Duration::ZERO, true).unwrap_err();
        assert!(
            refused.to_string().contains("secret.key.previous"),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(place(KEY_FILE)).unwrap(), current);
    }
}
