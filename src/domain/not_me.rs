use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{ActivityId, ChallengeId, SecretKey, Timestamp};

/// The length of the truncated MAC in bytes. 128 bits cannot be guessed.
const MARK: usize = 16;
const TEXT_BYTES: usize = 3 * 8 + MARK;

/// The content of the link “This wasn’t me” in a code's mail. It identifies one request for a code.
///
/// A MAC authenticates the link, and only the mail contains it. The link does not reveal the code. Its only use is to
/// end or report the challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotMe {
    /// The challenge. Its code may have been replaced since the mail.
    pub challenge_id: ChallengeId,
    /// The activity row of the request, with its browser and its client's address.
    pub activity_id: ActivityId,
    /// The time of the request. A restored backup can reuse ids. The time keeps an older link from matching a later
    /// request.
    pub asked_at: Timestamp,
}

impl NotMe {
    /// The text for the link.
    pub fn to_text(self, key: &SecretKey) -> String {
        let mut bytes = Vec::with_capacity(TEXT_BYTES);
        for number in [self.challenge_id.0, self.activity_id.0, self.asked_at.0] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        let mark = mac_over(&bytes, key).finalize().into_bytes();
        bytes.extend_from_slice(&mark[..MARK]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`NotMe::to_text`] wrote with this key; `None` for anything else.
    pub fn from_text(text: &str, key: &SecretKey) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, mark) = bytes.split_at_checked(TEXT_BYTES - MARK)?;
        (mark.len() == MARK).then_some(())?;
        mac_over(said, key).verify_truncated_left(mark).ok()?;
        let number = |at: usize| Some(i64::from_be_bytes(said.get(at..at + 8)?.try_into().ok()?));
        Some(Self {
            challenge_id: ChallengeId(number(0)?),
            activity_id: ActivityId(number(8)?),
            asked_at: Timestamp(number(16)?),
        })
    }
}

fn mac_over(said: &[u8], key: &SecretKey) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new(&key.not_me_key().into());
    mac.update(said);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_with_the_same_key_is_read() {
        let [key, other] = [(); 2].map(|()| SecretKey::generate(&mut rand::rng()));
        let link = NotMe {
            challenge_id: ChallengeId(7),
            activity_id: ActivityId(9),
            asked_at: Timestamp(1_795_435_200_000),
        };
        let text = link.to_text(&key);
        assert_eq!(NotMe::from_text(&text, &key), Some(link));
        assert_eq!(NotMe::from_text(&text, &other), None);

        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(NotMe::from_text(&changed, &key), None, "byte {at}");
        }
        for length in 0..bytes.len() {
            let short = URL_SAFE_NO_PAD.encode(&bytes[..length]);
            assert_eq!(NotMe::from_text(&short, &key), None, "{length} bytes");
        }
        for text in ["", "x", "not base64!", &format!("{text}AAAA")] {
            assert_eq!(NotMe::from_text(text, &key), None, "{text}");
        }
    }
}
