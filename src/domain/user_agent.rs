/// The longest `User-Agent` that is passed on, in bytes.
const LONGEST: usize = 512;

/// A `User-Agent` header that may be passed on: visible ASCII and spaces, at most 512 bytes (SECURITY rule 32).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserAgent(String);

impl UserAgent {
    /// Leaves out every other byte, and cuts the rest.
    pub fn from_header(value: &[u8]) -> Self {
        let plain = value
            .iter()
            .filter(|byte| byte.is_ascii_graphic() || **byte == b' ');
        Self(plain.take(LONGEST).map(|byte| char::from(*byte)).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SECURITY rule 32.
    #[test]
    fn a_user_agent_is_plain_text_of_a_bounded_length() {
        for (sent, kept) in [
            (&b"Mozilla/5.0 (X11)"[..], "Mozilla/5.0 (X11)"),
            (b"Fire\tfox\xe9/1\x7f\0", "Firefox/1"),
            (b"", ""),
        ] {
            assert_eq!(UserAgent::from_header(sent).as_str(), kept);
        }
        let cut = UserAgent::from_header(&[b'a'; LONGEST + 1]);
        assert_eq!(cut.as_str().len(), LONGEST);
    }
}
