use std::fmt;

use openidconnect::RefreshToken;

use super::error::tidy;
use crate::domain::{Email, Timestamp, shows_nothing};

/// Who has signed in, as far as the provider vouches for it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The provider's key for this person; for ever the same, and never somebody else's.
    pub subject: String,
    /// Their address, if it is one.
    pub email: Option<Email>,
    /// Whether the provider has made sure of the address.
    pub email_verified: bool,
    /// What they are called; may be empty.
    pub name: String,
    /// The organization they have signed in to.
    pub organization: Option<String>,
    /// The address of the admin who is looking through this person's eyes.
    pub impersonator: Option<String>,
    /// What the session lives on.
    pub tokens: Tokens,
}

/// What a provider's session lives on.
#[derive(Clone)]
pub struct Tokens {
    /// When to refresh.
    pub access_expires_at: Timestamp,
    /// What to refresh with, once.
    pub refresh_token: Option<RefreshToken>,
    /// The provider's name for the session.
    pub session_id: Option<String>,
    /// The hint for its logout page.
    pub id_token: Option<String>,
}

/// A session at the provider that is to end.
#[derive(Clone, Default)]
pub struct ProviderSession {
    /// The provider's name for it.
    pub session_id: Option<String>,
    /// The newest refresh token.
    pub refresh_token: Option<RefreshToken>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens(until {}, ……)", self.access_expires_at.0)
    }
}

impl fmt::Debug for ProviderSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderSession(……)")
    }
}

/// One name from its parts, those that are there.
pub(super) fn full_name(parts: &[Option<&str>]) -> String {
    let parts: Vec<_> = parts
        .iter()
        .flatten()
        .map(|part| part.trim())
        .filter(|part| !shows_nothing(part))
        .collect();
    tidy(&parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    // SECURITY rule 4: no token in a log.
    #[test]
    fn tokens_hide_in_a_log() {
        let refresh_token = Some(RefreshToken::new("s3cret".to_owned()));
        let tokens = Tokens {
            access_expires_at: Timestamp(0),
            refresh_token: refresh_token.clone(),
            session_id: Some("s3cret".to_owned()),
            id_token: Some("s3cret".to_owned()),
        };
        let session = ProviderSession {
            session_id: Some("s3cret".to_owned()),
            refresh_token,
        };
        assert_eq!(format!("{tokens:?}"), "Tokens(until 0, ……)");
        assert_eq!(format!("{session:?}"), "ProviderSession(……)");
    }

    #[test]
    fn a_name_is_made_of_the_parts_that_are_there() {
        assert_eq!(full_name(&[Some("Mira "), Some("Bell")]), "Mira Bell");
        assert_eq!(full_name(&[None, Some("Bell")]), "Bell");
        assert_eq!(full_name(&[Some(" "), None]), "");
        assert_eq!(full_name(&[Some("\u{200b}"), Some("\u{3164} ")]), "");
    }
}
