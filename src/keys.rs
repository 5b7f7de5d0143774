//! The secret key in use and the one before it: loaded from the settings or from files.

mod files;
pub mod rotation;
pub mod token_cipher;

use std::path::Path;

use crate::domain::SecretKey;

pub use files::{Exposure, KEY_FILE, KeyError, PREVIOUS_KEY_FILE};

/// Both keys can read; only the current key writes.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Signs, hashes and encrypts everything new.
    pub current: SecretKey,
    /// Reads what was written before the last rotation.
    pub previous: Option<SecretKey>,
}

impl Keys {
    /// The current key first.
    pub fn all(&self) -> impl Iterator<Item = &SecretKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

/// Loads the keys for a server. A key from the settings takes precedence over its file in
/// `data_dir`. Creates the current key's file if neither exists.
///
/// # Errors
/// [`KeyError::Exposed`]: no file was read or created.
pub fn load_or_create(
    configured: Option<SecretKey>,
    configured_previous: Option<SecretKey>,
    data_dir: &Path,
) -> Result<Keys, KeyError> {
    check_exposure(configured.as_ref(), configured_previous.as_ref(), data_dir)?;
    let current = match configured {
        Some(key) => key,
        None => files::load_or_create(data_dir)?,
    };
    let previous = load_previous(configured_previous, data_dir)?;
    Ok(Keys { current, previous })
}

/// Does the same without creating a file. Returns `None` if there is no current key.
pub fn load(
    configured: Option<SecretKey>,
    configured_previous: Option<SecretKey>,
    data_dir: &Path,
) -> Result<Option<Keys>, KeyError> {
    let current = match configured {
        Some(key) => Some(key),
        None => files::read(&data_dir.join(KEY_FILE))?,
    };
    let previous = load_previous(configured_previous, data_dir)?;
    Ok(current.map(|current| Keys { current, previous }))
}

/// Whether other users of the machine can read or replace the key files that [`load_or_create`] would use
/// (SECURITY rule 41).
pub fn check_exposure(
    configured: Option<&SecretKey>,
    configured_previous: Option<&SecretKey>,
    data_dir: &Path,
) -> Result<(), KeyError> {
    if configured.is_none() {
        files::check_exposure(&data_dir.join(KEY_FILE))?;
    }
    let previous = data_dir.join(PREVIOUS_KEY_FILE);
    if configured_previous.is_none() && previous.exists() {
        files::check_exposure(&previous)?;
    }
    Ok(())
}

fn load_previous(
    configured: Option<SecretKey>,
    data_dir: &Path,
) -> Result<Option<SecretKey>, KeyError> {
    match configured {
        Some(key) => Ok(Some(key)),
        None => files::read(&data_dir.join(PREVIOUS_KEY_FILE)),
    }
}
