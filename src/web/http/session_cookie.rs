//! The session cookie, which actix-session signs, reads and sets.

use std::collections::HashMap;

use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionInsertError, SessionMiddleware};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use anyhow::anyhow;

use super::cookies::Cookies;
use crate::domain::Token;
use crate::sign_in::session::Lifetimes;

/// Key in actix-session's state: the token that the browser sent in a cookie with a valid signature.
const SENT_TOKEN: &str = "sent_token";
/// Key in actix-session's state: the token of a session that began in this request.
const NEW_TOKEN: &str = "new_token";

/// actix-session's store. `sign_in` begins and ends sessions in the transaction of the sign-in or sign-out, and the
/// middleware `Authenticate` finds them. This store only hands on the cookie's token, and sets the cookie.
#[derive(Debug, Clone, Copy)]
pub struct CookieStore;

/// Builds the session middleware of a route.
#[derive(Clone)]
pub struct SessionLayer {
    name: &'static str,
    secure: bool,
    key: Key,
    max_age: Duration,
}

impl SessionLayer {
    /// `None` when `cookies` has no key.
    pub fn new(lifetimes: Lifetimes, cookies: &Cookies) -> Option<Self> {
        let max_age = Duration::try_from(lifetimes.max).ok()?;
        Some(Self {
            name: cookies.session_name(),
            secure: cookies.are_secure(),
            key: cookies.keys().first()?.clone(),
            max_age,
        })
    }

    pub fn middleware(&self) -> SessionMiddleware<CookieStore> {
        let lifecycle = PersistentSession::default()
            .session_ttl(self.max_age)
            .session_ttl_extension_policy(TtlExtensionPolicy::OnStateChanges);
        SessionMiddleware::builder(CookieStore, self.key.clone())
            .cookie_name(self.name.to_owned())
            .cookie_secure(self.secure)
            .cookie_http_only(true)
            .cookie_same_site(SameSite::Lax)
            .cookie_path("/".to_owned())
            .cookie_content_security(CookieContentSecurity::Signed)
            .session_lifecycle(lifecycle)
            .build()
    }
}

/// The token that the browser sent. `None` without a session cookie, and for a cookie without a valid signature.
pub fn sent_token(session: &Session) -> Option<Token> {
    let entries = session.entries();
    entries.get(SENT_TOKEN).and_then(|text| Token::parse(text))
}

/// Sets the cookie of a new session, in place of an older one.
pub fn issue_session_cookie(session: &Session, token: &Token) -> Result<(), SessionInsertError> {
    session.clear();
    session.renew();
    session.insert(NEW_TOKEN, token.expose())
}

impl SessionStore for CookieStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        let token = (SENT_TOKEN.to_owned(), key.as_ref().to_owned());
        Ok(Some(HashMap::from([token])))
    }

    async fn save(
        &self,
        state: HashMap<String, String>,
        _: &Duration,
    ) -> Result<SessionKey, SaveError> {
        new_key(&state).map_err(SaveError::Other)
    }

    async fn update(
        &self,
        _: SessionKey,
        state: HashMap<String, String>,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        new_key(&state).map_err(UpdateError::Other)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, _: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(())
    }
}

/// actix-session writes its values as JSON.
fn new_key(state: &HashMap<String, String>) -> Result<SessionKey, anyhow::Error> {
    let text = state
        .get(NEW_TOKEN)
        .ok_or_else(|| anyhow!("no session began in this request"))?;
    let token: String = serde_json::from_str(text)?;
    Ok(SessionKey::try_from(token)?)
}
