//! The OAuth `state` parameter.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::Sha256;

use super::flow::LIFETIME;
use crate::domain::{SecretKey, Timestamp};
use crate::keys::Keys;

const RANDOM_BYTES: usize = 16;
const MAC_BYTES: usize = 16;

/// Issues and reads states: random bytes, start time and host under an HMAC-SHA-256 truncated to
/// 128 bits. A callback whose flow is missing can so say why.
#[derive(Clone)]
pub struct StateSigner {
    keys: Keys,
}

/// Why a browser has no flow for the state of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackMismatch {
    /// The sign-in began more than 10 minutes ago.
    Expired,
    /// The sign-in began under another host, such as `localhost` instead of `127.0.0.1`.
    OtherAddress,
    /// The sign-in began in another browser, or its state was used before.
    OtherBrowser,
    /// This console did not issue the state.
    Unknown,
}

impl StateSigner {
    pub fn new(keys: Keys) -> Self {
        Self { keys }
    }

    /// A new state for a sign-in that begins now under `host`.
    pub fn issue(&self, host: &str, now: Timestamp) -> String {
        let mut random = [0; RANDOM_BYTES];
        rand::rng().fill_bytes(&mut random);
        let body = format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(random),
            now.0,
            URL_SAFE_NO_PAD.encode(host)
        );
        let mac = mac(&self.keys.current, &body).finalize().into_bytes();
        format!("{body}.{}", URL_SAFE_NO_PAD.encode(&mac[..MAC_BYTES]))
    }

    /// Why there is no flow for this state, in a browser that came to `host`.
    pub fn explain(&self, state: &str, host: &str, now: Timestamp) -> CallbackMismatch {
        let Some((body, claimed_mac)) = state.rsplit_once('.') else {
            return CallbackMismatch::Unknown;
        };
        let is_ours = self.verify(body, claimed_mac);
        let mut parts = body.split('.').skip(1);
        let started_at = parts
            .next()
            .and_then(|millis| millis.parse().ok())
            .map(Timestamp);
        let origin = parts
            .next()
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        match (is_ours, started_at, origin) {
            (true, Some(_), Some(origin)) if origin != host.as_bytes() => {
                CallbackMismatch::OtherAddress
            }
            (true, Some(at), Some(_)) if now.since(at) >= LIFETIME => CallbackMismatch::Expired,
            (true, Some(_), Some(_)) => CallbackMismatch::OtherBrowser,
            _ => CallbackMismatch::Unknown,
        }
    }

    /// Compares in constant time, under either key.
    fn verify(&self, body: &str, claimed_mac: &str) -> bool {
        URL_SAFE_NO_PAD.decode(claimed_mac).is_ok_and(|claimed| {
            // `verify_truncated_left` would accept a prefix of the MAC.
            claimed.len() == MAC_BYTES
                && self
                    .keys
                    .all()
                    .any(|key| mac(key, body).verify_truncated_left(&claimed).is_ok())
        })
    }
}

fn mac(key: &SecretKey, body: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new(&key.state_key().into());
    mac.update(body.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    // SECURITY rule 17, and the everyday mistake: localhost against 127.0.0.1.
    #[test]
    fn a_callback_without_its_flow_says_why() {
        let keys = |key: &SecretKey| Keys {
            current: key.clone(),
            previous: None,
        };
        let [key, other] = [(); 2].map(|()| SecretKey::generate(&mut rand::rng()));
        let states = StateSigner::new(keys(&key));
        let now = Timestamp(1_000_000_000_000);
        let state = states.issue("localhost:8080", now);
        assert_ne!(state, states.issue("localhost:8080", now));
        let explain = |host, later| states.explain(&state, host, now.plus(later));
        assert_eq!(
            explain("localhost:8080", Duration::from_secs(5)),
            CallbackMismatch::OtherBrowser
        );
        assert_eq!(
            explain("127.0.0.1:8080", Duration::from_secs(5)),
            CallbackMismatch::OtherAddress
        );
        assert_eq!(
            explain("localhost:8080", LIFETIME),
            CallbackMismatch::Expired
        );
        let foreign = StateSigner::new(keys(&other));
        assert_eq!(
            foreign.explain(&state, "localhost:8080", now),
            CallbackMismatch::Unknown
        );
        let (body, mac) = state.rsplit_once('.').unwrap();
        let half_a_mac = format!("{body}.{}", &mac[..mac.len() / 2 - 1]);
        for text in [
            "",
            "x",
            "a.b.c.d",
            "....",
            &state.replace('.', ""),
            &format!("{body}."),
            &half_a_mac,
        ] {
            assert_eq!(
                states.explain(text, "localhost:8080", now),
                CallbackMismatch::Unknown,
                "{text}"
            );
        }
    }

    #[test]
    fn the_previous_key_still_verifies_a_state() {
        let [old, new] = [(); 2].map(|()| SecretKey::generate(&mut rand::rng()));
        let now = Timestamp(1_000_000_000_000);
        let before = StateSigner::new(Keys {
            current: old.clone(),
            previous: None,
        });
        let after = StateSigner::new(Keys {
            current: new,
            previous: Some(old),
        });
        let state = before.issue("localhost:8080", now);
        assert_eq!(
            after.explain(&state, "localhost:8080", now),
            CallbackMismatch::OtherBrowser
        );
    }
}
