//! The keys that a provider of the tests signs with.

use openidconnect::JsonWebKeyId;
use openidconnect::core::CoreRsaPrivateSigningKey;

/// One of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    A,
    B,
}

impl Key {
    /// Its `kid`.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "key-a",
            Self::B => "key-b",
        }
    }

    /// The key itself.
    pub fn load(self) -> CoreRsaPrivateSigningKey {
        let pem = match self {
            Self::A => include_str!("keys/test-only-a.pem"),
            Self::B => include_str!("keys/test-only-b.pem"),
        };
        // Without its heading.
        let pem = &pem[pem.find("-----BEGIN").unwrap()..];
        CoreRsaPrivateSigningKey::from_pem(pem, None::<JsonWebKeyId>).unwrap()
    }
}
