//! A sign-in that is under way at the provider, as its browser keeps it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::{ReturnTo, Timestamp};
use crate::sign_in::provider::FlowSecrets;

/// How long a user may take at the provider.
pub(super) const LIFETIME: Duration = Duration::from_mins(10);
const PUBLIC_ID_BYTES: usize = 6;

/// The browser keeps this in an encrypted cookie.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignInFlow {
    /// State, PKCE verifier and nonce.
    pub provider: FlowSecrets,
    /// Where the browser goes after the sign-in.
    #[serde(with = "as_text")]
    pub return_to: ReturnTo,
    #[serde(with = "as_millis")]
    pub started_at: Timestamp,
}

impl SignInFlow {
    pub fn state(&self) -> &str {
        self.provider.state()
    }

    pub fn has_expired(&self, now: Timestamp) -> bool {
        now.since(self.started_at) >= LIFETIME
    }

    /// Distinguishes the flows of one browser. It is not secret: it may appear in a URL.
    pub fn public_id(&self) -> String {
        let hash = Sha256::digest(self.state());
        URL_SAFE_NO_PAD.encode(&hash[..PUBLIC_ID_BYTES])
    }
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
