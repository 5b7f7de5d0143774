use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use rand::CryptoRng;
use sha2::Sha256;
use thiserror::Error;

const BYTES: usize = 64;

/// The master secret of an installation. HKDF (RFC 5869) derives a separate key from it for each purpose.
#[derive(Clone)]
pub struct SecretKey([u8; BYTES]);

/// The text is not 64 bytes in base64. The message does not repeat the text, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "must be 64 random bytes in base64, such as `openssl rand -base64 64 | tr -d '\\n'` prints"
)]
pub struct InvalidSecretKey;

impl SecretKey {
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; BYTES];
        random.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Parses base64. White space and line breaks in it are ignored.
    pub fn parse(text: &str) -> Result<Self, InvalidSecretKey> {
        let text: String = text.split_whitespace().collect();
        let bytes = STANDARD.decode(text).map_err(|_| InvalidSecretKey)?;
        Ok(Self(bytes.try_into().map_err(|_| InvalidSecretKey)?))
    }

    /// The text for the key file, and for no other use.
    pub fn expose(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The key that signs and encrypts cookies.
    pub fn cookie_key(&self) -> [u8; 64] {
        self.derive(b"vestibule cookies")
    }

    /// The secret input of each code's hash. Without it, a stolen database cannot be searched for codes.
    pub fn pepper(&self) -> [u8; 32] {
        self.derive(b"vestibule code pepper")
    }

    /// The key that encrypts a provider's tokens.
    pub fn token_key(&self) -> [u8; 32] {
        self.derive(b"vestibule provider tokens")
    }

    /// The MAC key of the `state` of a sign-in with a provider.
    pub fn state_key(&self) -> [u8; 64] {
        self.derive(b"vestibule sign-in states")
    }

    /// The MAC key of the link “This wasn’t me”.
    pub fn not_me_key(&self) -> [u8; 64] {
        self.derive(b"vestibule disowned codes")
    }

    fn derive<const N: usize>(&self, purpose: &[u8]) -> [u8; N] {
        let mut key = [0; N];
        let expanded = Hkdf::<Sha256>::new(None, &self.0).expand(purpose, &mut key);
        debug_assert!(expanded.is_ok(), "HKDF gives up to 8160 bytes");
        key
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(……)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_survives_its_text_and_never_prints_itself() {
        let key = SecretKey::generate(&mut rand::rng());
        let same = SecretKey::parse(&key.expose()).unwrap();
        assert_eq!(beginnings(&key), beginnings(&same));
        assert_eq!(format!("{key:?}"), "SecretKey(……)");
    }

    #[test]
    fn no_two_purposes_and_no_two_installations_share_a_key() {
        let [one, other] = [(); 2].map(|()| SecretKey::generate(&mut rand::rng()));
        let all: HashSet<_> = [beginnings(&one), beginnings(&other)]
            .concat()
            .into_iter()
            .collect();
        assert_eq!(all.len(), 10);
    }

    fn beginnings(key: &SecretKey) -> [Vec<u8>; 5] {
        [
            key.cookie_key()[..32].to_vec(),
            key.pepper().to_vec(),
            key.token_key().to_vec(),
            key.state_key()[..32].to_vec(),
            key.not_me_key()[..32].to_vec(),
        ]
    }

    #[test]
    fn a_short_key_is_refused() {
        for text in ["", "c2hvcnQ=", "not base64!"] {
            assert_eq!(SecretKey::parse(text).unwrap_err(), InvalidSecretKey);
        }
    }
}
