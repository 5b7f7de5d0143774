//! The session cookie: actix-session over our own database.

use std::collections::HashMap;
use std::sync::Arc;

use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionInsertError, SessionMiddleware};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use anyhow::anyhow;
use log::error;

use super::cookies::Cookies;
use crate::domain::{Token, TokenHash};
use crate::sign_in::session::Sessions;

/// Key in actix-session's state: the hash of the token that the store has authenticated. Empty when the database did
/// not answer.
const AUTHENTICATED: &str = "authenticated";
/// Key in actix-session's state: the provider's access token has expired.
const TOKEN_EXPIRED: &str = "token_expired";
/// Key in actix-session's state: the token of a session that began in this request.
const NEW_TOKEN: &str = "new_token";

/// actix-session's store. `sign_in` begins and ends sessions in the transaction of the sign-in or
/// sign-out. This store only authenticates the cookie and sets it.
#[derive(Clone)]
pub struct DatabaseStore {
    sessions: Arc<Sessions>,
}

/// Builds the session middleware of a route.
#[derive(Clone)]
pub struct SessionLayer {
    store: DatabaseStore,
    name: &'static str,
    secure: bool,
    key: Key,
    max_age: Duration,
}

/// The result of authenticating a request by its session cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticated {
    Session(TokenHash),
    Nobody,
    /// The database did not answer.
    Unavailable,
}

impl SessionLayer {
    /// `None` when `cookies` has no key.
    pub fn new(sessions: Arc<Sessions>, cookies: &Cookies) -> Option<Self> {
        let max_age = Duration::try_from(sessions.lifetimes().max).ok()?;
        Some(Self {
            store: DatabaseStore { sessions },
            name: cookies.session_name(),
            secure: cookies.are_secure(),
            key: cookies.keys().first()?.clone(),
            max_age,
        })
    }

    pub fn middleware(&self) -> SessionMiddleware<DatabaseStore> {
        let lifecycle = PersistentSession::default()
            .session_ttl(self.max_age)
            .session_ttl_extension_policy(TtlExtensionPolicy::OnStateChanges);
        SessionMiddleware::builder(self.store.clone(), self.key.clone())
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

/// Reads what the store found for this request.
pub fn authenticated(session: &Session) -> Authenticated {
    match session.entries().get(AUTHENTICATED) {
        None => Authenticated::Nobody,
        Some(text) => {
            TokenHash::from_text(text).map_or(Authenticated::Unavailable, Authenticated::Session)
        }
    }
}

/// The session whose access token at the provider has expired.
pub fn with_expired_token(session: &Session) -> Option<TokenHash> {
    if !session.entries().contains_key(TOKEN_EXPIRED) {
        return None;
    }
    match authenticated(session) {
        Authenticated::Session(hash) => Some(hash),
        Authenticated::Nobody | Authenticated::Unavailable => None,
    }
}

/// Sets the cookie of a new session, in place of an older one.
pub fn issue_session_cookie(session: &Session, token: &Token) -> Result<(), SessionInsertError> {
    session.clear();
    session.renew();
    session.insert(NEW_TOKEN, token.expose())
}

impl SessionStore for DatabaseStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        let Some(token) = Token::parse(key.as_ref()) else {
            return Ok(None);
        };
        let hash = token.hash();
        let mut state = HashMap::new();
        match self.sessions.authenticate(hash) {
            Ok(None) => return Ok(None),
            Ok(Some(live)) => {
                state.insert(AUTHENTICATED.to_owned(), hash.to_text());
                if self.sessions.token_has_expired(&live) {
                    state.insert(TOKEN_EXPIRED.to_owned(), String::new());
                }
            }
            // An error here would become a bare 500. The extractors turn the key into a 503 page.
            Err(e) => {
                error!("a session could not be looked up: {e}");
                state.insert(AUTHENTICATED.to_owned(), String::new());
            }
        }
        Ok(Some(state))
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
