//! A sign-in that is under way at the provider.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::{ReturnTo, SecretKey, Timestamp};
use crate::keys::Keys;
use crate::sign_in::provider;

/// How long a sign-in may take at the provider.
pub(super) const LIFETIME: Duration = Duration::from_mins(10);
const RANDOM_BYTES: usize = 16;
const MAC_BYTES: usize = 16;
const MARK_BYTES: usize = 6;

/// What this browser keeps, encrypted, until it is back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flow {
    /// The provider's part: state, PKCE verifier, nonce.
    pub provider: provider::Flow,
    /// Where to go afterwards.
    #[serde(with = "as_text")]
    pub return_to: ReturnTo,
    /// When it began.
    #[serde(with = "as_millis")]
    pub started_at: Timestamp,
}

impl Flow {
    /// Whether it took too long.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now.since(self.started_at) >= LIFETIME
    }

    /// Tells it from the other flows of the same browser, in an address that anyone may read.
    pub fn mark(&self) -> String {
        let hash = Sha256::digest(self.provider.state());
        URL_SAFE_NO_PAD.encode(&hash[..MARK_BYTES])
    }
}

/// Writes and reads states. A state tells when and at which address its sign-in began, under a MAC,
/// so that a callback without its flow can say why the flow is missing.
#[derive(Clone)]
pub struct StateOrigin {
    keys: Keys,
}

/// Why a callback has no flow in this browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackMismatch {
    /// It began too long ago.
    Expired,
    /// It began at another address than this one, as localhost is another than 127.0.0.1.
    OtherAddress,
    /// It began here, in another browser, or was used already.
    OtherBrowser,
    /// It is no state of ours.
    Unknown,
}

impl StateOrigin {
    /// With keys of their own, derived from `SECRET_KEY`.
    pub fn new(keys: Keys) -> Self {
        Self { keys }
    }

    /// A new state for a sign-in that begins now at `host`.
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
        let Some((body, mac_text)) = state.rsplit_once('.') else {
            return CallbackMismatch::Unknown;
        };
        let ours = URL_SAFE_NO_PAD.decode(mac_text).is_ok_and(|claimed| {
            claimed.len() == MAC_BYTES
                && self
                    .keys
                    .all()
                    .any(|key| mac(key, body).verify_truncated_left(&claimed).is_ok())
        });
        let mut parts = body.split('.').skip(1);
        let started_at = parts
            .next()
            .and_then(|millis| millis.parse().ok())
            .map(Timestamp);
        let origin = parts
            .next()
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        match (ours, started_at, origin) {
            (true, Some(_), Some(origin)) if origin != host.as_bytes() => {
                CallbackMismatch::OtherAddress
            }
            (true, Some(at), Some(_)) if now.since(at) >= LIFETIME => CallbackMismatch::Expired,
            (true, Some(_), Some(_)) => CallbackMismatch::OtherBrowser,
            _ => CallbackMismatch::Unknown,
        }
    }
}

fn mac(key: &SecretKey, body: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new(&key.state_key().into());
    mac.update(body.as_bytes());
    mac
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::domain::ReturnTo;

    pub(super) fn serialize<S: Serializer>(path: &ReturnTo, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(path.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<ReturnTo, D::Error> {
        Ok(ReturnTo::parse(&String::deserialize(d)?))
    }
}

mod as_millis {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::domain::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(at.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
        Ok(Timestamp(i64::deserialize(d)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SECURITY rule 17, and the everyday mistake: localhost against 127.0.0.1.
    #[test]
    fn a_callback_without_its_flow_says_why() {
        let keys = |key: &SecretKey| Keys {
            current: key.clone(),
            previous: None,
        };
        let [key, other] = [(); 2].map(|()| SecretKey::generate(&mut rand::rng()));
        let states = StateOrigin::new(keys(&key));
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
        let foreign = StateOrigin::new(keys(&other));
        assert_eq!(
            foreign.explain(&state, "localhost:8080", now),
            CallbackMismatch::Unknown
        );
        for text in ["", "x", "a.b.c.d", "....", &state.replace('.', "")] {
            assert_eq!(
                states.explain(text, "localhost:8080", now),
                CallbackMismatch::Unknown
            );
        }
    }
}
