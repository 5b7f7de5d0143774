//! The secret key in force, and the one before it.

pub mod rotation;
pub mod sealing;

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::domain::{Device, DeviceId, Email, SecretKey, Timestamp};

/// The current key's file, in `DATA_DIR`.
pub const KEY_FILE: &str = "secret.key";
/// The file of the key before it.
pub const PREVIOUS_KEY_FILE: &str = "secret.key.previous";

/// The keys that are read; only the current one writes.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Signs, hashes and encrypts whatever is new.
    pub current: SecretKey,
    /// Still reads what was made before the key was changed.
    pub previous: Option<SecretKey>,
}

impl Keys {
    /// Both, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &SecretKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// This browser's id if it is known for this address, under either key.
    pub fn known_browser<'a>(
        &self,
        device: Option<&'a Device>,
        email: &Email,
        now: Timestamp,
    ) -> Option<&'a DeviceId> {
        let device = device?;
        self.all().find_map(|key| device.known_for(email, key, now))
    }
}

/// The keys in force: those given, and otherwise those in the files of `data_dir`. The file of the
/// current one is made if there is none.
///
/// # Errors
/// In words for the operator.
pub fn in_force(
    given: Option<SecretKey>,
    given_previous: Option<SecretKey>,
    data_dir: &Path,
) -> Result<Keys, String> {
    let current = match given {
        Some(key) => key,
        None => load_or_make(data_dir)?,
    };
    let previous = previous(given_previous, data_dir)?;
    Ok(Keys { current, previous })
}

/// The same, where a server has made the key before; `None` when there is no key at all.
///
/// # Errors
/// In words for the operator.
pub fn in_force_already(
    given: Option<SecretKey>,
    given_previous: Option<SecretKey>,
    data_dir: &Path,
) -> Result<Option<Keys>, String> {
    let current = match given {
        Some(key) => Some(key),
        None => read(&data_dir.join(KEY_FILE))?,
    };
    let previous = previous(given_previous, data_dir)?;
    Ok(current.map(|current| Keys { current, previous }))
}

fn previous(given: Option<SecretKey>, data_dir: &Path) -> Result<Option<SecretKey>, String> {
    match given {
        Some(key) => Ok(Some(key)),
        None => read(&data_dir.join(PREVIOUS_KEY_FILE)),
    }
}

/// The key in a file; `None` when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<SecretKey>, String> {
    let shown = path.display();
    match fs::read_to_string(path) {
        Ok(text) => SecretKey::parse(&text)
            .map(Some)
            .map_err(|e| format!("the key in {shown} {e}")),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("the key file {shown} cannot be read: {e}")),
    }
}

/// Reads the key file in `data_dir`, and makes it, for the owner's eyes only, if there is none.
///
/// # Errors
/// In words for the operator.
pub fn load_or_make(data_dir: &Path) -> Result<SecretKey, String> {
    let path = data_dir.join(KEY_FILE);
    let shown = path.display();
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    // Written whole beside its place and then linked there, so that no start ever finds half a
    // key, and of two starts at once one key wins.
    let draft = data_dir.join(format!(".secret.key.{}", std::process::id()));
    let made = write_private(&draft, &SecretKey::generate(&mut rand::rng()).expose())
        .and_then(|()| put_unless_there(&draft, &path))
        .map_err(|e| format!("the key file {shown} cannot be made: {e}"));
    let cleared = fs::remove_file(&draft);
    made?;
    cleared.map_err(|e| format!("{} cannot be removed: {e}", draft.display()))?;
    read(&path)?.ok_or_else(|| format!("the key file {shown} is gone again"))
}

fn put_unless_there(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        put => put,
    }
}

pub(super) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = load_or_make(folder.path()).unwrap();
        let again = load_or_make(folder.path()).unwrap();
        assert_eq!(first.expose(), again.expose());
        let mode = fs::metadata(folder.path().join("secret.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_two_starts_at_once_the_first_key_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for draft in ["one", "two"] {
            fs::write(place(draft), draft).unwrap();
            put_unless_there(&place(draft), &place("secret.key")).unwrap();
        }
        assert_eq!(fs::read_to_string(place("secret.key")).unwrap(), "one");
        let nowhere = place("no folder").join("secret.key");
        assert!(put_unless_there(&place("two"), &nowhere).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_said_and_no_key_is_made() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("secret.key")).unwrap();
        let message = load_or_make(folder.path()).unwrap_err();
        assert!(message.contains("secret.key cannot be read"), "{message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_key_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.key"), "half a ke").unwrap();
        let message = load_or_make(folder.path()).unwrap_err();
        assert!(
            message.contains("secret.key") && !message.contains("half a ke"),
            "{message}"
        );
        assert_eq!(
            fs::read_to_string(folder.path().join("secret.key")).unwrap(),
            "half a ke"
        );
    }
}
