use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use sha2::{Digest, Sha256};

const BYTES: usize = 32;
const TEXT_LENGTH: usize = 43;

/// The token of a session or a challenge, which a browser holds: 256 random bits (ASVS 7.2.3).
pub struct Token(String);

/// The SHA-256 of a [`Token`]. The database stores it and finds the row by it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; BYTES]);

impl Token {
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; BYTES];
        random.fill_bytes(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Parses the text of a cookie; `None` when it does not have the form of a token.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == TEXT_LENGTH
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        plain.then(|| Self(text.to_owned()))
    }

    /// The text for the cookie, and for no other use. Its length is always the same.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl TokenHash {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// `None` for anything but 32 bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// The hash in URL-safe base64.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`TokenHash::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(……)")
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(……)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SECURITY rule 10: at least 128 bits, never the same twice.
    #[test]
    fn tokens_are_long_and_different_and_come_back_from_their_text() {
        let one = Token::generate(&mut rand::rng());
        let other = Token::generate(&mut rand::rng());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), TEXT_LENGTH);
        assert_eq!(Token::parse(one.expose()).unwrap().hash(), one.hash());
        assert_eq!(
            TokenHash::from_text(&one.hash().to_text()),
            Some(one.hash())
        );
    }

    // SECURITY rule 4: no token in a log.
    #[test]
    fn a_printed_token_hides_itself() {
        let token = Token::generate(&mut rand::rng());
        assert_eq!(
            format!("{token:?} {:?}", token.hash()),
            "Token(……) TokenHash(……)"
        );
    }

    #[test]
    fn every_letter_of_the_alphabet_is_taken() {
        assert!(Token::parse(&format!("-_09azAZ{}", "x".repeat(35))).is_some());
    }

    #[test]
    fn a_text_that_is_no_token_is_refused() {
        for text in ["", "abc", &"a".repeat(44), &"é".repeat(43), &" ".repeat(43)] {
            assert!(Token::parse(text).is_none());
        }
    }
}
