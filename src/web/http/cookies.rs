//! The cookies of the challenge, of the known browser and of the provider's logout page.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, Key, SameSite};

use crate::domain::{Token, TokenHash};
use crate::keys::Keys;
use crate::sign_in::known_browsers::KNOWN_FOR;

/// Longer than a challenge, so that the page of an expired challenge can still name its address.
const CHALLENGE_AGE: Duration = Duration::hours(1);
/// As long as the database keeps the URL of the provider's logout page.
const PROVIDER_LOGOUT_AGE: Duration = Duration::minutes(10);

/// Names and keys of the cookies.
///
/// The prefix `__Host-` binds a cookie to one host over https (RFC 6265bis, 4.1.3.2). Browsers refuse
/// it on `http://localhost`, where the names have no prefix.
pub struct Cookies {
    secure: bool,
    session: &'static str,
    challenge: &'static str,
    device: &'static str,
    provider_logout: &'static str,
    keys: Vec<Key>,
}

impl Cookies {
    /// `https` is false for `http://localhost` only.
    pub fn new(https: bool, keys: &Keys) -> Self {
        let [session, challenge, device, provider_logout] = if https {
            [
                "__Host-session",
                "__Host-challenge",
                "__Host-device",
                "__Host-way-out",
            ]
        } else {
            ["session", "challenge", "device", "way-out"]
        };
        let keys = keys.all().map(|key| Key::from(&key.cookie_key())).collect();
        Self {
            secure: https,
            session,
            challenge,
            device,
            provider_logout,
            keys,
        }
    }

    pub fn session_name(&self) -> &'static str {
        self.session
    }

    pub fn are_secure(&self) -> bool {
        self.secure
    }

    /// The current key first, then the previous one.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// A session cookie that was signed again under the current key.
    pub fn renewed_session(
        &self,
        signed: Cookie<'static>,
        max_age: std::time::Duration,
    ) -> Cookie<'static> {
        let age = Duration::try_from(max_age).unwrap_or(Duration::ZERO);
        self.cookie(self.session, signed.value().to_owned(), age)
    }

    /// The hash of this browser's challenge token.
    pub fn challenge(&self, request: &HttpRequest) -> Option<TokenHash> {
        let cookie = request.cookie(self.challenge)?;
        Token::parse(cookie.value()).map(|token| token.hash())
    }

    /// Binds a challenge to this browser (SECURITY rule 2).
    pub fn bind_challenge(&self, token: &Token) -> Cookie<'static> {
        self.cookie(self.challenge, token.expose().to_owned(), CHALLENGE_AGE)
    }

    pub fn forget_challenge(&self) -> Cookie<'static> {
        let mut cookie = self.cookie(self.challenge, String::new(), Duration::ZERO);
        cookie.make_removal();
        cookie
    }

    /// The hash of this browser's token. No key is involved: the database says for which accounts the browser is known.
    pub fn browser_token(&self, request: &HttpRequest) -> Option<TokenHash> {
        let cookie = request.cookie(self.device)?;
        Token::parse(cookie.value()).map(|token| token.hash())
    }

    pub fn remember_browser(&self, token: &Token) -> Cookie<'static> {
        let age = Duration::try_from(KNOWN_FOR).unwrap_or(Duration::MAX);
        self.cookie(self.device, token.expose().to_owned(), age)
    }

    /// The hash of the token that takes the URL of the provider's logout page.
    pub fn provider_logout(&self, request: &HttpRequest) -> Option<TokenHash> {
        let cookie = request.cookie(self.provider_logout)?;
        Token::parse(cookie.value()).map(|token| token.hash())
    }

    pub fn remember_provider_logout(&self, token: &Token) -> Cookie<'static> {
        let value = token.expose().to_owned();
        self.cookie(self.provider_logout, value, PROVIDER_LOGOUT_AGE)
    }

    pub fn forget_provider_logout(&self) -> Cookie<'static> {
        let mut cookie = self.cookie(self.provider_logout, String::new(), Duration::ZERO);
        cookie.make_removal();
        cookie
    }

    fn cookie(&self, name: &'static str, value: String, age: Duration) -> Cookie<'static> {
        Cookie::build(name, value)
            .path("/")
            .secure(self.secure)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(age)
            .finish()
    }
}
