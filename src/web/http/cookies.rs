//! Our cookies beside the session's own: the challenge's and the known browser's.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieJar, Key, SameSite};

use crate::domain::{Device, Token, TokenHash};
use crate::keys::Keys;

/// The page of a challenge that has run out can still name its address for about this long.
const CHALLENGE_AGE: Duration = Duration::hours(1);
/// The next page takes it.
const WAY_OUT_AGE: Duration = Duration::minutes(10);
const DEVICE_AGE: Duration = Duration::days(180);

/// Names and keys of cookies.
///
/// `__Host-` binds a cookie to this very host over https (RFC 6265bis, 4.1.3.2); on
/// `http://localhost` browsers refuse it, and the plain name has to do.
pub struct Cookies {
    secure: bool,
    session: &'static str,
    challenge: &'static str,
    device: &'static str,
    provider_logout_url: &'static str,
    keys: Vec<Key>,
}

impl Cookies {
    /// For an https origin, or for localhost.
    pub fn new(https: bool, keys: &Keys) -> Self {
        let [session, challenge, device, provider_logout_url] = if https {
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
            provider_logout_url,
            keys,
        }
    }

    /// The session cookie's name.
    pub fn session_name(&self) -> &'static str {
        self.session
    }

    /// Whether cookies are `Secure`.
    pub fn are_secure(&self) -> bool {
        self.secure
    }

    /// The current key and the one before it, the current one first.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// A session's cookie that was signed anew, for the session's longest life.
    pub fn renewed_session(
        &self,
        signed: Cookie<'static>,
        lasts: std::time::Duration,
    ) -> Cookie<'static> {
        let age = Duration::try_from(lasts).unwrap_or(Duration::ZERO);
        self.cookie(self.session, signed.value().to_owned(), age)
    }

    /// Finds this browser's challenge.
    pub fn challenge(&self, request: &HttpRequest) -> Option<TokenHash> {
        let cookie = request.cookie(self.challenge)?;
        Token::parse(cookie.value()).map(|token| token.hash())
    }

    /// Binds a challenge to this browser (SECURITY rule 2).
    pub fn bind_challenge(&self, token: &Token) -> Cookie<'static> {
        self.cookie(self.challenge, token.expose().to_owned(), CHALLENGE_AGE)
    }

    /// Forgets the challenge.
    pub fn forget_challenge(&self) -> Cookie<'static> {
        let mut cookie = self.cookie(self.challenge, String::new(), Duration::ZERO);
        cookie.make_removal();
        cookie
    }

    /// What this browser remembers of earlier sign-ins, if we signed it.
    pub fn device(&self, request: &HttpRequest) -> Option<Device> {
        let cookie = request.cookie(self.device)?;
        let mut jar = CookieJar::new();
        jar.add_original(cookie);
        let text = self
            .keys
            .iter()
            .find_map(|key| jar.signed(key).get(self.device))?;
        Device::from_text(text.value())
    }

    /// Has this browser remember.
    pub fn remember_device(&self, device: &Device) -> Option<Cookie<'static>> {
        let mut jar = CookieJar::new();
        let key = self.keys.first()?;
        jar.signed_mut(key)
            .add(self.cookie(self.device, device.to_text(), DEVICE_AGE));
        jar.get(self.device).cloned()
    }

    /// Leads the browser, once, to where the provider's own session ends. Encrypted: the address
    /// names a session there.
    pub fn lead_out(&self, address: &str) -> Option<Cookie<'static>> {
        let mut jar = CookieJar::new();
        let key = self.keys.first()?;
        jar.private_mut(key).add(self.cookie(
            self.provider_logout_url,
            address.to_owned(),
            WAY_OUT_AGE,
        ));
        jar.get(self.provider_logout_url).cloned()
    }

    /// Where the provider's own session ends.
    pub fn provider_logout_url(&self, request: &HttpRequest) -> Option<String> {
        let cookie = request.cookie(self.provider_logout_url)?;
        let mut jar = CookieJar::new();
        jar.add_original(cookie);
        let address = self
            .keys
            .iter()
            .find_map(|key| jar.private(key).get(self.provider_logout_url))?;
        Some(address.value().to_owned())
    }

    /// It was taken.
    pub fn forget_way_out(&self) -> Cookie<'static> {
        let mut cookie = self.cookie(self.provider_logout_url, String::new(), Duration::ZERO);
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
