//! Sign-ins under way at the provider, each in an encrypted cookie of its own.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieJar, Key, SameSite};

use super::cookies::Cookies;
use crate::sign_in::oidc::Flow;

/// Several tabs may sign in at once; of more than this the oldest is given up.
const MOST_FLOWS: usize = 5;
const AGE: Duration = Duration::minutes(10);
/// How much of the state names its cookie.
const NAMED_BY: usize = 10;

/// The flows of one request's browser.
pub struct FlowCookies<'a> {
    cookies: &'a Cookies,
    prefix: &'static str,
    sent: Vec<Cookie<'static>>,
}

impl<'a> FlowCookies<'a> {
    /// Reads the names; nothing is decrypted yet.
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

    /// Whether a sign-in began in this browser and has not come back.
    pub fn any_unfinished(&self) -> bool {
        !self.sent.is_empty()
    }

    /// The flow of a state, if this browser has it.
    pub fn find(&self, state: &str) -> Option<Flow> {
        let name = self.name(state)?;
        let cookie = self.sent.iter().find(|cookie| cookie.name() == name)?;
        self.open(cookie)
            .filter(|flow| flow.provider.state() == state)
    }

    /// All flows of this browser that can be read.
    pub fn all(&self) -> impl Iterator<Item = Flow> {
        self.sent.iter().filter_map(|cookie| self.open(cookie))
    }

    /// Keeps a flow; gives up the oldest when there are too many.
    pub fn keep(&self, state: &str, flow: &Flow) -> Vec<Cookie<'static>> {
        let kept = self
            .name(state)
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
            .map(|cookie| (self.open(cookie).map(|flow| flow.started_at), cookie))
            .collect();
        older.sort_by_key(|(started_at, _)| *started_at);
        let surplus = (older.len() + 1).saturating_sub(MOST_FLOWS);
        let given_up = older
            .into_iter()
            .take(surplus)
            .map(|(_, cookie)| self.removal(cookie.name()));
        given_up.chain(kept).collect()
    }

    /// Forgets the flow of a state: it is used once.
    pub fn forget(&self, state: &str) -> Option<Cookie<'static>> {
        self.name(state).map(|name| self.removal(&name))
    }

    fn open(&self, cookie: &Cookie<'static>) -> Option<Flow> {
        let mut jar = CookieJar::new();
        jar.add_original(cookie.clone());
        let keys = self.cookies.keys();
        let text = keys
            .iter()
            .find_map(|key| jar.private(key).get(cookie.name()))?;
        serde_json::from_str(text.value()).ok()
    }

    fn name(&self, state: &str) -> Option<String> {
        let start = state.get(..NAMED_BY)?;
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
