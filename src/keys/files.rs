//! The key files in `DATA_DIR`: read, created and replaced atomically, mode 0600.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use thiserror::Error;

use crate::db::engine::paths::{folder_of, sync_folder_of};
use crate::domain::{InvalidSecretKey, SecretKey};

/// The current key's file, in `DATA_DIR`.
pub const KEY_FILE: &str = "secret.key";
/// The previous key's file, in `DATA_DIR`.
pub const PREVIOUS_KEY_FILE: &str = "secret.key.previous";

/// Mode bits that let the group or others read, write or execute.
const OPEN_TO_OTHERS: u32 = 0o077;
/// Mode bits that let the group or others write.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// In a folder with this bit, only a file's owner can replace the file.
const STICKY: u32 = 0o1000;

/// A way for other users of the machine to read or replace a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Exposure {
    #[error("other users can open the key file {}", .0.display())]
    File(PathBuf),
    #[error("other users can replace the key in the folder {}", .0.display())]
    Folder(PathBuf),
}

impl Exposure {
    /// The file or the folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Folder(path) => path,
        }
    }

    /// The command that ends the exposure.
    pub fn fix(&self) -> String {
        let mode = match self {
            Self::File(_) => "600",
            Self::Folder(_) => "700",
        };
        format!("chmod {mode} {}", self.path().display())
    }
}

/// Why a key file cannot be used. The text names the file and never its content.
#[derive(Debug, Error)]
pub enum KeyError {
    #[error("the key file {} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the key in {} {source}", path.display())]
    Invalid {
        path: PathBuf,
        source: InvalidSecretKey,
    },
    #[error("the key file {} cannot be created: {source}", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("the key file {} cannot be replaced: {source}", path.display())]
    Replace { path: PathBuf, source: io::Error },
    #[error("{}. Run `{}`", .0, .0.fix())]
    Exposed(Exposure),
}

impl KeyError {
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. }
            | Self::Invalid { path, .. }
            | Self::Create { path, .. }
            | Self::Replace { path, .. } => path,
            Self::Exposed(exposure) => exposure.path(),
        }
    }
}

/// Returns `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<SecretKey>, KeyError> {
    let path = path.to_owned();
    match fs::read_to_string(&path) {
        Ok(text) => SecretKey::parse(&text)
            .map(Some)
            .map_err(|source| KeyError::Invalid { path, source }),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyError::Read { path, source }),
    }
}

/// Checks the mode of a key file and of its folder (SECURITY rule 41). Of a symbolic link, the modes of the file and of
/// both folders are checked. A file that does not exist yet is fine; its folder is checked.
pub(super) fn check_exposure(path: &Path) -> Result<(), KeyError> {
    let mut folders = vec![folder_of(path).to_owned()];
    if let Some(mode) = mode_of(path)? {
        if mode & OPEN_TO_OTHERS != 0 {
            return Err(KeyError::Exposed(Exposure::File(path.to_owned())));
        }
        let file = path.canonicalize().map_err(|source| KeyError::Read {
            path: path.to_owned(),
            source,
        })?;
        folders.push(folder_of(&file).to_owned());
    }
    for folder in folders {
        let mode = mode_of(&folder)?.unwrap_or_default();
        if mode & WRITABLE_BY_OTHERS != 0 && mode & STICKY == 0 {
            return Err(KeyError::Exposed(Exposure::Folder(folder)));
        }
    }
    Ok(())
}

/// `None` if there is no such file or folder.
fn mode_of(path: &Path) -> Result<Option<u32>, KeyError> {
    let path = path.to_owned();
    match fs::metadata(&path) {
        Ok(metadata) => Ok(Some(metadata.mode())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyError::Read { path, source }),
    }
}

/// Reads the current key's file, and creates it first if there is none.
pub(super) fn load_or_create(data_dir: &Path) -> Result<SecretKey, KeyError> {
    let path = data_dir.join(KEY_FILE);
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    let key = SecretKey::generate(&mut rand::rng());
    if let Err(source) = create(&path, &key) {
        return Err(KeyError::Create { path, source });
    }
    // Two servers may start at once: both use the key that was created first.
    read(&path)?.ok_or_else(|| KeyError::Read {
        source: ErrorKind::NotFound.into(),
        path,
    })
}

/// Leaves an existing file as it is.
fn create(path: &Path, key: &SecretKey) -> io::Result<()> {
    match write_beside(path, key)?.persist_noclobber(path) {
        Ok(_) => sync_folder_of(path),
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e.error),
    }
}

pub(super) fn replace(path: &Path, key: &SecretKey) -> Result<(), KeyError> {
    let replaced = write_beside(path, key).and_then(|draft| {
        draft.persist(path)?;
        sync_folder_of(path)
    });
    replaced.map_err(|source| KeyError::Replace {
        path: path.to_owned(),
        source,
    })
}

/// A temporary file in the same directory, mode 0600, so that no start reads half a key.
fn write_beside(path: &Path, key: &SecretKey) -> io::Result<NamedTempFile> {
    let mut draft = NamedTempFile::with_prefix_in(".secret.key.", folder_of(path))?;
    writeln!(draft, "{}", key.expose())?;
    draft.as_file().sync_all()?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = load_or_create(folder.path()).unwrap();
        let again = load_or_create(folder.path()).unwrap();
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
        let path = folder.path().join(KEY_FILE);
        let [one, two] = [(); 2].map(|()| SecretKey::generate(&mut rand::rng()));
        create(&path, &one).unwrap();
        create(&path, &two).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().expose(), one.expose());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("no folder").join(KEY_FILE);
        assert!(create(&nowhere, &two).is_err());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_no_key_is_made() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("secret.key")).unwrap();
        let message = load_or_create(folder.path()).unwrap_err().to_string();
        assert!(message.contains("secret.key cannot be read"), "{message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_key_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.key"), "half a ke").unwrap();
        let message = load_or_create(folder.path()).unwrap_err().to_string();
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
