//! The id of a request: in the log, in the `X-Request-Id` header and on error pages.

use rand::Rng;

/// Without letters that look or sound alike when they are read out.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const LENGTH: usize = 12;

/// 60 random bits as 12 characters, short enough to be read out on the phone.
#[derive(Debug, Clone, Copy)]
pub struct RequestId([u8; LENGTH]);

impl RequestId {
    pub fn generate(random: &mut impl Rng) -> Self {
        let mut drawn = [0_u8; LENGTH];
        random.fill_bytes(&mut drawn);
        Self(drawn.map(|byte| ALPHABET[usize::from(byte & 31)]))
    }

    /// `None` for a text that [`RequestId::generate`] cannot have made.
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        let ours = letters.iter().all(|byte| ALPHABET.contains(byte));
        ours.then_some(Self(letters))
    }

    pub fn as_str(&self) -> &str {
        // Every byte comes from the alphabet, which is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_of_the_alphabet_and_length_is_parsed() {
        let given = RequestId::generate(&mut rand::rng());
        assert_eq!(
            RequestId::parse(given.as_str()).unwrap().as_str(),
            given.as_str()
        );
        for text in [
            "",
            "abc",
            "abcdefgh23456",
            "ABCDEFGH2345",
            "abcdefgh 234",
            "<bcdefgh2345",
            "lo01lo01lo01",
        ] {
            assert!(RequestId::parse(text).is_none(), "{text}");
        }
    }
}
