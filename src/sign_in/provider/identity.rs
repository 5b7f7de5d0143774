use std::fmt;

use openidconnect::RefreshToken;

use crate::domain::{
    AuthenticationMethod, Email, PersonName, Timestamp, printable_up_to, shows_nothing,
};

/// In characters.
const MAX_ACTOR: usize = 200;
/// In characters.
const MAX_REASON: usize = 300;

/// The user whom the provider has authenticated.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The provider's identifier of the user (`sub`). It never changes and is never reused.
    pub subject: String,
    /// `None` if the provider sent no valid address.
    pub email: Option<Email>,
    pub email_verified: bool,
    /// May be empty.
    pub name: PersonName,
    /// The `WorkOS` organization that the user signed in to.
    pub organization: Option<String>,
    pub impersonator: Option<Impersonator>,
    pub authentication: Option<AuthenticationMethod>,
    pub tokens: Tokens,
}

/// The `WorkOS` admin who impersonates the user. The texts are cut to the length that the activity log stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonator {
    pub email: String,
    /// As the admin gave it at `WorkOS`; may be empty.
    pub reason: String,
}

impl Impersonator {
    pub(super) fn new(email: &str, reason: &str) -> Self {
        Self {
            email: printable_up_to(MAX_ACTOR, email),
            reason: printable_up_to(MAX_REASON, reason),
        }
    }
}

/// The answer to a refresh.
#[derive(Debug, Clone)]
pub struct Refreshed {
    pub tokens: Tokens,
    pub user: ReportedUser,
}

/// What the answer to a refresh says of its user. `None`: nothing.
#[derive(Debug, Clone, Default)]
pub struct ReportedUser {
    /// `Some(None)`: the user is in no organization.
    pub organization: Option<Option<String>>,
    pub email: Option<Email>,
    pub email_verified: Option<bool>,
}

#[derive(Clone)]
pub struct Tokens {
    pub access_expires_at: Timestamp,
    /// Can be used once.
    pub refresh_token: Option<RefreshToken>,
    /// The provider's identifier of the session (`sid`).
    pub session_id: Option<String>,
    /// Sent to the logout page as `id_token_hint`.
    pub id_token: Option<String>,
}

/// A session to end at the provider.
#[derive(Clone, Default)]
pub struct ProviderSession {
    /// The provider's identifier of the session (`sid`).
    pub session_id: Option<String>,
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

/// Joins the parts that are present.
pub(super) fn full_name(parts: &[Option<&str>]) -> PersonName {
    let parts: Vec<_> = parts
        .iter()
        .flatten()
        .map(|part| part.trim())
        .filter(|part| !shows_nothing(part))
        .collect();
    PersonName::from_foreign(&parts.join(" "))
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
        for (parts, name) in [
            ([Some("Mira "), Some("Bell")], "Mira Bell"),
            ([None, Some("Bell")], "Bell"),
            ([Some(" "), None], ""),
            ([Some("\u{200b}"), Some("\u{3164} ")], ""),
        ] {
            assert_eq!(full_name(&parts).as_str(), name);
        }
    }
}
