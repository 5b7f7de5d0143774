//! Tokens of a provider, encrypted for the one session that holds them (SECURITY rule 23).

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::Rng;

use super::Keys;
use crate::domain::SessionId;

const NONCE_BYTES: usize = 12;

/// Seals with the current key, opens with that and the one before it.
pub struct Seal {
    ciphers: Vec<Aes256Gcm>,
}

/// What is sealed: a text of one kind cannot pass for one of another.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Gets new tokens.
    RefreshToken,
    /// A hint for the logout.
    IdToken,
}

impl Seal {
    /// With keys of their own, derived from `SECRET_KEY`.
    pub fn new(keys: &Keys) -> Self {
        let cipher = |key: &crate::domain::SecretKey| Aes256Gcm::new(&key.token_key().into());
        Self {
            ciphers: keys.all().map(cipher).collect(),
        }
    }

    /// Encrypts a token for a session; `None` only if the cipher fails, which is a defect.
    pub fn encrypt(&self, session: SessionId, kind: Kind, token: &str) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let bound = bound_to(session, kind);
        let payload = Payload {
            msg: token.as_bytes(),
            aad: &bound,
        };
        let sealed = self
            .ciphers
            .first()?
            .encrypt(&Nonce::from(nonce), payload)
            .ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts a token; `None` when it was sealed for another session, or under a key that is gone.
    pub fn decrypt(&self, session: SessionId, kind: Kind, sealed: &[u8]) -> Option<String> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let bound = bound_to(session, kind);
        let opened = self.ciphers.iter().find_map(|cipher| {
            cipher
                .decrypt(
                    &Nonce::from(*nonce),
                    Payload {
                        msg: text,
                        aad: &bound,
                    },
                )
                .ok()
        })?;
        String::from_utf8(opened).ok()
    }
}

fn bound_to(session: SessionId, kind: Kind) -> Vec<u8> {
    format!("{kind:?} of session {}", session.0).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SecretKey;

    // SECURITY rule 23: a copied row does not decrypt under another session's id.
    #[test]
    fn a_token_opens_for_its_own_session_and_kind_alone() {
        let [old, new] = [(); 2].map(|()| SecretKey::generate(&mut rand::rng()));
        let seal = Seal::new(&Keys {
            current: old.clone(),
            previous: None,
        });
        let sealed = seal
            .encrypt(SessionId(7), Kind::RefreshToken, "secret")
            .unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        let open = |seal: &Seal, id, kind| seal.decrypt(SessionId(id), kind, &sealed);
        assert_eq!(
            open(&seal, 7, Kind::RefreshToken).as_deref(),
            Some("secret")
        );
        assert_eq!(open(&seal, 8, Kind::RefreshToken), None);
        assert_eq!(open(&seal, 7, Kind::IdToken), None);

        let rolled = Seal::new(&Keys {
            current: new.clone(),
            previous: Some(old),
        });
        assert_eq!(
            open(&rolled, 7, Kind::RefreshToken).as_deref(),
            Some("secret")
        );
        let gone = Seal::new(&Keys {
            current: new,
            previous: None,
        });
        assert_eq!(open(&gone, 7, Kind::RefreshToken), None);
    }
}
