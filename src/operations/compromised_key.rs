//! Replaces a secret key that others may know, and ends everything that it protects (SECURITY rule 41).

use thiserror::Error;

use super::data_dir::{DataDirError, acquire_server_lock};
use super::database::{OpenError, open_database};
use crate::config::Storage;
use crate::db::{
    DatabaseError, QueryResult, SqliteConnection, challenges, known_browsers, operator_codes,
    pending_revocations, provider_logouts, sessions,
};
use crate::keys::rotation::{RotationError, replace_and_forget};
use crate::keys::token_cipher::{TokenCipher, TokenKind};
use crate::keys::{Keys, load};

#[derive(Debug, Error)]
pub enum CompromisedKeyError {
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// No cookie of the old key is accepted, but its sessions' rows and their provider sessions are still there.
    #[error(
        "The key is new, but the sessions in the database have not ended. Run the command again"
    )]
    Open(#[source] OpenError),
    #[error(
        "The key is new, but the sessions in the database have not ended. Run the command again"
    )]
    Write(#[source] DatabaseError),
}

/// Generates a new key and forgets the old ones. Ends all sessions and codes, and forgets all known browsers. Returns how
/// many sessions have ended. Refused while a server runs, because it would still use the old key.
pub fn replace_compromised_key(storage: &Storage) -> Result<usize, CompromisedKeyError> {
    let old = load(None, None, &storage.data_dir)
        .map_err(RotationError::from)?
        .ok_or(RotationError::NoKey)?;
    let _lock = acquire_server_lock(storage, "a server")?;
    let current = replace_and_forget(&storage.data_dir)?;
    if !storage.database.exists() {
        return Ok(0);
    }
    let new = Keys {
        current,
        previous: None,
    };
    let ciphers = [TokenCipher::new(&old), TokenCipher::new(&new)];
    open_database(storage)
        .map_err(CompromisedKeyError::Open)?
        .write_blocking(|c| end_everything(c, &ciphers))
        .map_err(CompromisedKeyError::Write)
}

/// A trigger queues the revocation of each provider session. The queue's tokens are then encrypted with the new key.
fn end_everything(c: &mut SqliteConnection, [old, new]: &[TokenCipher; 2]) -> QueryResult<usize> {
    let ended = sessions::delete_all(c)?;
    known_browsers::delete_all(c)?;
    challenges::delete_all(c)?;
    operator_codes::delete_all(c)?;
    provider_logouts::delete_all(c)?;
    for row in pending_revocations::all(c)? {
        let kind = TokenKind::RefreshToken;
        let token = row
            .refresh_token
            .and_then(|encrypted| old.decrypt(row.session_id, kind, &encrypted))
            .and_then(|token| new.encrypt(row.session_id, kind, &token));
        pending_revocations::set_refresh_token(c, row.id, token.as_deref())?;
    }
    Ok(ended)
}
