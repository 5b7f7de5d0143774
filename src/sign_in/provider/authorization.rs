use std::fmt;

use openidconnect::{Nonce, PkceCodeChallenge, PkceCodeVerifier};
use serde::{Deserialize, Serialize};

/// The secrets of one sign-in. Only its browser may keep them, and only encrypted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowSecrets {
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    verifier: String,
}

/// An authorization request (RFC 6749, 4.1.1) that is ready to be sent.
#[derive(Debug, Clone)]
pub struct AuthorizationRequest {
    /// Where to redirect the browser.
    pub url: String,
    /// Needed to complete the sign-in at the callback.
    pub secrets: FlowSecrets,
}

/// The parameters of the callback that complete a sign-in.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Callback {
    /// The authorization code. It can be exchanged once.
    pub code: String,
    /// The issuer (RFC 9207), where the provider sends it.
    #[serde(default)]
    pub iss: Option<String>,
}

impl FlowSecrets {
    /// Generates nonce and PKCE verifier. The challenge belongs in the authorization URL.
    pub(super) fn generate(state: String, with_nonce: bool) -> (Self, PkceCodeChallenge) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let secrets = Self {
            state,
            nonce: with_nonce.then(|| Nonce::new_random_len(32).secret().clone()),
            verifier: verifier.into_secret(),
        };
        (secrets, challenge)
    }

    /// The callback must repeat this.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The ID token must repeat this. Without a nonce no ID token is accepted.
    pub(super) fn nonce(&self) -> Option<Nonce> {
        self.nonce.clone().map(Nonce::new)
    }

    pub(super) fn verifier(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(self.verifier.clone())
    }
}

impl fmt::Debug for FlowSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowSecrets(……)")
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

    pub(in super::super) fn example() -> FlowSecrets {
        FlowSecrets::generate("state".to_owned(), true).0
    }

    // SECURITY rule 17: new each time.
    #[test]
    fn every_flow_has_its_own_nonce_and_verifier() {
        let (one, other) = (example(), example());
        assert_ne!(one.nonce, other.nonce);
        assert_ne!(one.verifier, other.verifier);
        assert!(one.verifier.len() >= 43);
        let without_nonce = FlowSecrets::generate("state".to_owned(), false).0;
        assert_eq!(without_nonce.nonce, None);
    }

    // SECURITY rule 4: no code or token in a log.
    #[test]
    fn a_flow_survives_its_cookie_and_hides_in_a_log() {
        let flow = example();
        let text = serde_json::to_string(&flow).unwrap();
        assert_eq!(serde_json::from_str::<FlowSecrets>(&text).unwrap(), flow);
        assert_eq!(format!("{flow:?}"), "FlowSecrets(……)");
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
