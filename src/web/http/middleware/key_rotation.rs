use std::time::Duration;

use actix_web::cookie::{Cookie, CookieJar};
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{CACHE_CONTROL, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use crate::web::http::cookies::Cookies;

/// Signs a session cookie anew that was signed with `SECRET_KEY_PREVIOUS`, before actix-session,
/// which knows one key, sees it: nobody is signed out by a new key (SECURITY rule 29). Gives the
/// cookie, for [`hand_back`].
pub(super) fn take_over_older_signature(
    request: &mut ServiceRequest,
    cookies: &Cookies,
) -> Option<Cookie<'static>> {
    let header = request
        .headers()
        .get(COOKIE)
        .and_then(|value| value.to_str().ok())?;
    let (header, renewed) = sign_anew(header, cookies)?;
    request.headers_mut().insert(COOKIE, header);
    Some(renewed)
}

/// Gives the browser the cookie as it was signed anew, so that the one who comes back does not need
/// the older key any more. Not where the answer has a session cookie of its own, and never where the
/// answer may be kept for somebody else.
pub(super) fn hand_back(
    renewed: Cookie<'static>,
    cookies: &Cookies,
    lasts: Duration,
    headers: &mut HeaderMap,
) {
    let personal = headers
        .get(CACHE_CONTROL)
        .is_some_and(|value| value == "no-store");
    let its_own = format!("{}=", cookies.session_name());
    let has_its_own = headers
        .get_all(SET_COOKIE)
        .any(|line| line.as_bytes().starts_with(its_own.as_bytes()));
    if !personal || has_its_own {
        return;
    }
    let cookie = cookies.renewed_session(renewed, lasts);
    if let Ok(line) = HeaderValue::from_str(&cookie.encoded().to_string()) {
        headers.append(SET_COOKIE, line);
    }
}

/// The header with the session's cookie signed anew, and that cookie; `None` when there is nothing
/// to do.
fn sign_anew(header: &str, cookies: &Cookies) -> Option<(HeaderValue, Cookie<'static>)> {
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
