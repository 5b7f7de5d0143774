//! actix-session over our own database.

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

/// In the state: the hash of the token that the store has just recognised.
const RECOGNISED: &str = "recognised";
/// In the state: the token of a session that was begun in this request.
const BEGUN: &str = "begun";
/// In the state: the database gave no answer, so nobody is recognised and nobody turned away.
const UNAVAILABLE: &str = "unavailable";

/// The store that actix-session asks. Sessions are begun and ended by `auth`, in the transaction
/// of the sign-in or the sign-out; here the cookie only follows.
#[derive(Clone)]
pub struct DatabaseStore {
    sessions: Arc<Sessions>,
}

/// Makes the middleware for each route that looks at sessions.
#[derive(Clone)]
pub struct SessionLayer {
    store: DatabaseStore,
    name: &'static str,
    secure: bool,
    key: Key,
    max_age: Duration,
}

/// What a request's cookie says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticated {
    /// This session is in force.
    Session(TokenHash),
    /// Nobody is signed in.
    Nobody,
    /// The database gave no answer.
    Unavailable,
}

impl SessionLayer {
    /// A layer with the names and the current key of `cookies`.
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

    /// The middleware.
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

/// What the store found for this request.
pub fn authenticated(session: &Session) -> Authenticated {
    let entries = session.entries();
    if entries.contains_key(UNAVAILABLE) {
        return Authenticated::Unavailable;
    }
    entries
        .get(RECOGNISED)
        .and_then(|text| TokenHash::from_text(text))
        .map_or(Authenticated::Nobody, Authenticated::Session)
}

/// Gives the browser the cookie of a session that has been begun, in place of any older one.
///
/// # Errors
/// When the state cannot be written, which a text always can.
pub fn hand_over(session: &Session, token: &Token) -> Result<(), SessionInsertError> {
    session.clear();
    session.renew();
    session.insert(BEGUN, token.expose())
}

impl SessionStore for DatabaseStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        let Some(token) = Token::parse(key.as_ref()) else {
            return Ok(None);
        };
        let hash = token.hash();
        let entry = match self.sessions.authenticate(hash) {
            Ok(None) => return Ok(None),
            Ok(Some(_)) => (RECOGNISED.to_owned(), hash.to_text()),
            // An error here would be a bare 500: the extractors make a 503 with words of it.
            Err(e) => {
                error!("a session could not be looked up: {e}");
                (UNAVAILABLE.to_owned(), String::new())
            }
        };
        Ok(Some(HashMap::from([entry])))
    }

    async fn save(
        &self,
        state: HashMap<String, String>,
        _: &Duration,
    ) -> Result<SessionKey, SaveError> {
        begun_key(&state).map_err(SaveError::Other)
    }

    async fn update(
        &self,
        _: SessionKey,
        state: HashMap<String, String>,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        begun_key(&state).map_err(UpdateError::Other)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, _: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(())
    }
}

/// The state's values are JSON.
fn begun_key(state: &HashMap<String, String>) -> Result<SessionKey, anyhow::Error> {
    let text = state
        .get(BEGUN)
        .ok_or_else(|| anyhow!("no session was begun"))?;
    let token: String = serde_json::from_str(text)?;
    Ok(SessionKey::try_from(token)?)
}
