//! Accepts session cookies signed with `SECRET_KEY_PREVIOUS` and replaces their signature (SECURITY rule 29).

use std::time::Duration;

use actix_web::cookie::{Cookie, CookieJar};
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{CACHE_CONTROL, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use crate::web::http::cookies::Cookies;

/// Signs a session cookie again that carries a signature of an older key. This happens before actix-session
/// reads the cookie, since actix-session knows only one key. Returns the cookie for [`send_renewed`].
pub(super) fn renew_older_signature(
    request: &mut ServiceRequest,
    cookies: &Cookies,
) -> Option<Cookie<'static>> {
    let header = request
        .headers()
        .get(COOKIE)
        .and_then(|value| value.to_str().ok())?;
    let (header, renewed) = sign_again(header, cookies)?;
    request.headers_mut().insert(COOKIE, header);
    Some(renewed)
}

/// Sends the renewed cookie to the browser, so that its next request does not need the older key. The cookie is
/// left out when the response already sets a session cookie, and when a shared cache may store the
/// response.
pub(super) fn send_renewed(
    renewed: Cookie<'static>,
    cookies: &Cookies,
    lifetime: Duration,
    headers: &mut HeaderMap,
) {
    let uncached = headers
        .get(CACHE_CONTROL)
        .is_some_and(|value| value == "no-store");
    let session = format!("{}=", cookies.session_name());
    let sets_session = headers
        .get_all(SET_COOKIE)
        .any(|line| line.as_bytes().starts_with(session.as_bytes()));
    if !uncached || sets_session {
        return;
    }
    let cookie = cookies.renewed_session(renewed, lifetime);
    if let Ok(line) = HeaderValue::from_str(&cookie.encoded().to_string()) {
        headers.append(SET_COOKIE, line);
    }
}

/// The `Cookie` header with the renewed session cookie, and that cookie. `None` when no older key has signed
/// the session cookie.
fn sign_again(header: &str, cookies: &Cookies) -> Option<(HeaderValue, Cookie<'static>)> {
    let (current, older) = cookies.keys().split_first()?;
    let name = cookies.session_name();
    let mut jar = CookieJar::new();
    let others: Vec<&str> = header
        .split(';')
        .map(str::trim)
        .filter(|pair| match Cookie::parse_encoded(*pair) {
            Ok(cookie) if cookie.name() == name => {
                jar.add_original(cookie.into_owned());
                false
            }
            _ => true,
        })
        .collect();
    let token = older.iter().find_map(|key| jar.signed(key).get(name))?;
    jar.signed_mut(current)
        .add(Cookie::new(name, token.value().to_owned()));
    let renewed = jar.get(name)?.clone();
    let pair = renewed.stripped().encoded().to_string();
    let pairs: Vec<&str> = others.into_iter().chain([pair.as_str()]).collect();
    let header = HeaderValue::from_str(&pairs.join("; ")).ok()?;
    Some((header, renewed))
}
