//! AES-256-GCM for the provider's tokens at rest (SECURITY rule 23).

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::Rng;

use super::Keys;
use crate::domain::SessionId;

const NONCE_BYTES: usize = 12;

/// Encrypts with the current key. Decrypts with the current key and the previous one.
///
/// Each ciphertext is bound to its session and token kind as additional authenticated data, so a
/// copied row does not decrypt under another session.
pub struct TokenCipher {
    ciphers: Vec<Aes256Gcm>,
}

#[derive(Debug, Clone, Copy)]
pub enum TokenKind {
    RefreshToken,
    /// Kept as `id_token_hint` for the provider's logout page.
    IdToken,
    /// The URL of the provider's logout page.
    LogoutUrl,
}

impl TokenCipher {
    /// Derives one AES key from each secret key.
    pub fn new(keys: &Keys) -> Self {
        let cipher = |key: &crate::domain::SecretKey| Aes256Gcm::new(&key.token_key().into());
        Self {
            ciphers: keys.all().map(cipher).collect(),
        }
    }

    /// Returns nonce and ciphertext. `None` only if the cipher fails, which is a defect.
    pub fn encrypt(&self, session: SessionId, kind: TokenKind, token: &str) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let aad = associated_data(session, kind);
        let payload = Payload {
            msg: token.as_bytes(),
            aad: &aad,
        };
        let ciphertext = self
            .ciphers
            .first()?
            .encrypt(&Nonce::from(nonce), payload)
            .ok()?;
        Some([nonce.as_slice(), &ciphertext].concat())
    }

    /// Returns `None` for a ciphertext of another session, another kind or a key that is gone.
    pub fn decrypt(&self, session: SessionId, kind: TokenKind, sealed: &[u8]) -> Option<String> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let aad = associated_data(session, kind);
        let token = self.ciphers.iter().find_map(|cipher| {
            cipher
                .decrypt(
                    &Nonce::from(*nonce),
                    Payload {
                        msg: ciphertext,
                        aad: &aad,
                    },
                )
                .ok()
        })?;
        String::from_utf8(token).ok()
    }
}

/// The variant names are part of the stored format: renaming one makes older rows unreadable.
fn associated_data(session: SessionId, kind: TokenKind) -> Vec<u8> {
    format!("{kind:?} of session {}", session.0).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SecretKey;

    // SECURITY rule 23: a copied row does not decrypt under another session's id.
    #[test]
    fn a_token_decrypts_for_its_own_session_and_kind_alone() {
        let [old, new] = [(); 2].map(|()| SecretKey::generate(&mut rand::rng()));
        let cipher = TokenCipher::new(&Keys {
            current: old.clone(),
            previous: None,
        });
        let sealed = cipher
            .encrypt(SessionId(7), TokenKind::RefreshToken, "secret")
            .unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        let decrypt = |cipher: &TokenCipher, id, kind| cipher.decrypt(SessionId(id), kind, &sealed);
        assert_eq!(
            decrypt(&cipher, 7, TokenKind::RefreshToken).as_deref(),
            Some("secret")
        );
        assert_eq!(decrypt(&cipher, 8, TokenKind::RefreshToken), None);
        assert_eq!(decrypt(&cipher, 7, TokenKind::IdToken), None);

        let rotated = TokenCipher::new(&Keys {
            current: new.clone(),
            previous: Some(old),
        });
        assert_eq!(
            decrypt(&rotated, 7, TokenKind::RefreshToken).as_deref(),
            Some("secret")
        );
        let without_previous = TokenCipher::new(&Keys {
            current: new,
            previous: None,
        });
        assert_eq!(decrypt(&without_previous, 7, TokenKind::RefreshToken), None);
    }
}
