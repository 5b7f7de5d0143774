use super::check::Check;
use crate::config::OperatorConfig;
use crate::keys::{self, KEY_FILE, KeyError, PREVIOUS_KEY_FILE};

const NAME: &str = "key";

/// Whether the server can start with the present keys. No key is created, and no mode is changed.
pub(super) fn check(config: &OperatorConfig) -> Check {
    let data_dir = &config.storage.data_dir;
    let found = keys::load(
        config.secret_key.clone(),
        config.secret_key_previous.clone(),
        data_dir,
    );
    let (key, previous) = (&config.secret_key, &config.secret_key_previous);
    let exposed = keys::check_exposure(key.as_ref(), previous.as_ref(), data_dir);
    match found.and_then(|found| exposed.map(|()| found)) {
        Ok(Some(keys)) => {
            let readable = match keys.previous {
                Some(_) => "the key and the previous key can be read",
                None => "the key can be read",
            };
            Check::fine(NAME, readable)
        }
        Ok(None) => {
            let shown = data_dir.join(KEY_FILE);
            let reason = format!("there is no {} yet", shown.display());
            Check::fine(NAME, reason).and_next("The first start of the server creates it")
        }
        Err(KeyError::Exposed(exposure)) => {
            let next = format!("Run `{}`", exposure.fix());
            Check::failed(NAME, exposure.to_string(), next)
        }
        Err(error) => {
            let next = if error.path().ends_with(PREVIOUS_KEY_FILE) {
                "Let the user that runs Vestibule read the file, or remove it. Removing it signs out everybody who has not \
                 used the console since the key was rotated"
            } else {
                "Let the user that runs Vestibule read the file, or restore it from a backup. Without it the next start \
                 creates another key, and everybody is signed out"
            };
            Check::failed(NAME, error.to_string(), next)
        }
    }
}
