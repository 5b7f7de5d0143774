use std::fmt;

use openidconnect::{Nonce, PkceCodeChallenge, PkceCodeVerifier};
use serde::{Deserialize, Serialize};

/// A sign-in on its way: to be kept by this browser alone, where nobody can read it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    verifier: String,
}

/// A sign-in that has just begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
    /// What to remember until it comes back.
    pub flow: Flow,
}

/// What the browser brought back, of what a [`Flow`] is completed with.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Callback {
    /// To be exchanged, once.
    pub code: String,
    /// Who says so (RFC 9207), where the provider names itself.
    #[serde(default)]
    pub iss: Option<String>,
}

impl Flow {
    /// A new one, and the challenge for the authorization URL.
    pub(super) fn draw(state: String, with_nonce: bool) -> (Self, PkceCodeChallenge) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = Self {
            state,
            nonce: with_nonce.then(|| Nonce::new_random_len(32).secret().clone()),
            verifier: verifier.into_secret(),
        };
        (flow, challenge)
    }

    /// What the callback has to repeat.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// What the ID token has to repeat. A flow without one matches no token.
    pub(super) fn nonce(&self) -> Option<Nonce> {
        self.nonce.clone().map(Nonce::new)
    }

    pub(super) fn verifier(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(self.verifier.clone())
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flow(……)")
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("code", &"……")
            .field("iss", &self.iss)
            .finish()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn example() -> Flow {
        Flow::draw("state".to_owned(), true).0
    }

    // SECURITY rule 17: new each time.
    #[test]
    fn every_flow_has_its_own_nonce_and_verifier() {
        let (one, other) = (example(), example());
        assert_ne!(one.nonce, other.nonce);
        assert_ne!(one.verifier, other.verifier);
        assert!(one.verifier.len() >= 43);
        assert_eq!(Flow::draw("state".to_owned(), false).0.nonce, None);
    }

    // SECURITY rule 4: no code or token in a log.
    #[test]
    fn a_flow_survives_its_cookie_and_hides_in_a_log() {
        let flow = example();
        let text = serde_json::to_string(&flow).unwrap();
        assert_eq!(serde_json::from_str::<Flow>(&text).unwrap(), flow);
        assert_eq!(format!("{flow:?}"), "Flow(……)");
        let callback = Callback {
            code: "s3cret".to_owned(),
            iss: None,
        };
        assert_eq!(
            format!("{callback:?}"),
            "Callback { code: \"……\", iss: None }"
        );
    }
}
