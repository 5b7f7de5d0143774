//! Sign-ins that are under way at the provider. Each has its own encrypted cookie.

use std::cmp::Reverse;

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieJar, Key, SameSite};

use super::cookies::Cookies;
use crate::sign_in::oidc::SignInFlow;

/// Several tabs may sign in at the same time. Past this number the oldest flow is dropped.
const MAX_FLOWS: usize = 5;
/// The oldest flows are also dropped past this size of all flows together, in bytes. Many proxies refuse a request
/// whose cookies have more than 8 kB (SECURITY rule 40).
const MAX_BYTES: usize = 4_000;
/// A response removes at most this many flows, so that its head stays small.
const MAX_REMOVALS: usize = 8;
const AGE: Duration = Duration::minutes(10);
/// How many characters of the state are in the cookie's name.
const NAME_CHARS: usize = 10;

/// The flows that one request's browser keeps.
pub struct FlowCookies<'a> {
    cookies: &'a Cookies,
    prefix: &'static str,
    sent: Vec<Cookie<'static>>,
}

impl<'a> FlowCookies<'a> {
    /// Selects the cookies by name. Decrypts nothing yet.
    pub fn of(request: &HttpRequest, cookies: &'a Cookies) -> Self {
        let prefix = if cookies.are_secure() {
            "__Host-flow-"
        } else {
            "flow-"
        };
        let sent = request.cookies().map_or_else(
            |_| Vec::new(),
            |all| {
                all.iter()
                    .filter(|cookie| cookie.name().starts_with(prefix))
                    .cloned()
                    .collect()
            },
        );
        Self {
            cookies,
            prefix,
            sent,
        }
    }

    /// Whether this browser began a sign-in whose callback has not come.
    pub fn any_unfinished(&self) -> bool {
        !self.sent.is_empty()
    }

    pub fn find(&self, state: &str) -> Option<SignInFlow> {
        let name = self.name(state)?;
        let cookie = self.sent.iter().find(|cookie| cookie.name() == name)?;
        self.decrypt(cookie).filter(|flow| flow.state() == state)
    }

    /// All flows that can be decrypted.
    pub fn all(&self) -> impl Iterator<Item = SignInFlow> {
        self.sent.iter().filter_map(|cookie| self.decrypt(cookie))
    }

    /// The cookies to set for a new flow. Removes the oldest flows when there are too many, or when they are too large.
    pub fn keep(&self, flow: &SignInFlow) -> Vec<Cookie<'static>> {
        let kept = self
            .name(flow.state())
            .zip(serde_json::to_string(flow).ok())
            .and_then(|(name, text)| {
                let mut jar = CookieJar::new();
                jar.private_mut(self.key()?)
                    .add(self.cookie(name.clone(), text));
                jar.get(&name).cloned()
            });
        let mut older: Vec<_> = self
            .sent
            .iter()
            .map(|cookie| (self.decrypt(cookie).map(|flow| flow.started_at), cookie))
            .collect();
        older.sort_by_key(|(started_at, _)| Reverse(*started_at));
        let mut bytes = kept.as_ref().map_or(0, sent_bytes);
        let remaining = older
            .iter()
            .take(MAX_FLOWS - 1)
            .take_while(|(_, cookie)| {
                bytes += sent_bytes(cookie);
                bytes <= MAX_BYTES
            })
            .count();
        let dropped = older
            .into_iter()
            .skip(remaining)
            .rev()
            .take(MAX_REMOVALS)
            .map(|(_, cookie)| self.removal(cookie.name()));
        dropped.chain(kept).collect()
    }

    /// Removes the flow of a state, because a state is used once.
    pub fn forget(&self, state: &str) -> Option<Cookie<'static>> {
        self.name(state).map(|name| self.removal(&name))
    }

    fn decrypt(&self, cookie: &Cookie<'static>) -> Option<SignInFlow> {
        let mut jar = CookieJar::new();
        jar.add_original(cookie.clone());
        let keys = self.cookies.keys();
        let text = keys
            .iter()
            .find_map(|key| jar.private(key).get(cookie.name()))?;
        serde_json::from_str(text.value()).ok()
    }

    fn name(&self, state: &str) -> Option<String> {
        let start = state.get(..NAME_CHARS)?;
        let plain = start
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        plain.then(|| format!("{}{start}", self.prefix))
    }

    fn key(&self) -> Option<&Key> {
        self.cookies.keys().first()
    }

    fn removal(&self, name: &str) -> Cookie<'static> {
        let mut cookie = self.cookie(name.to_owned(), String::new());
        cookie.make_removal();
        cookie
    }

    fn cookie(&self, name: String, value: String) -> Cookie<'static> {
        Cookie::build(name, value)
            .path("/")
            .secure(self.cookies.are_secure())
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(AGE)
            .finish()
    }
}

/// The size of a cookie in the browser's requests.
fn sent_bytes(cookie: &Cookie<'static>) -> usize {
    cookie.encoded().stripped().to_string().len()
}
