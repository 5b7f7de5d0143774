use super::check::Check;
use crate::config::OperatorConfig;
use crate::keys::{self, KEY_FILE, PREVIOUS_KEY_FILE};

const NAME: &str = "key";

/// Whether the server would start with the keys that are there. Nothing is made.
pub(super) fn check(upkeep: &OperatorConfig) -> Check {
    let data_dir = &upkeep.storage.data_dir;
    let found = keys::load(
        upkeep.secret_key.clone(),
        upkeep.secret_key_previous.clone(),
        data_dir,
    );
    match found {
        Ok(Some(keys)) => {
            let before = match keys.previous {
                Some(_) => ", and so can the one before it",
                None => "",
            };
            Check::fine(NAME, format!("it can be read{before}"))
        }
        Ok(None) => {
            let shown = data_dir.join(KEY_FILE);
            let reason = format!("there is none at {} yet", shown.display());
            Check::fine(NAME, reason).and_next("The first start makes it")
        }
        Err(error) => {
            let next = if error.path().ends_with(PREVIOUS_KEY_FILE) {
                "Let the user that runs Vestibule read the file, or remove it: whoever has not come back since the key \
                 was changed is signed out then"
            } else {
                "Let the user that runs Vestibule read the file, or put the one from a backup in its place. Without it \
                 the next start makes another key, and everybody is signed out"
            };
            Check::failed(NAME, error.to_string(), next)
        }
    }
}
