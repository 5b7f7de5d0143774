use actix_web::cookie::{Cookie, CookieJar};
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{COOKIE, HeaderValue};

use crate::web::cookies::Cookies;

/// Signs a session cookie anew that was signed with `SECRET_KEY_PREVIOUS`, before actix-session,
/// which knows one key, sees it: nobody is signed out by a new key (SECURITY rule 29).
pub(super) fn take_over_older_signature(request: &mut ServiceRequest, cookies: &Cookies) {
    let header = request
        .headers()
        .get(COOKIE)
        .and_then(|value| value.to_str().ok());
    if let Some(renewed) = header.and_then(|header| sign_anew(header, cookies)) {
        request.headers_mut().insert(COOKIE, renewed);
    }
}

/// The header with the session's cookie signed anew; `None` when there is nothing to do.
fn sign_anew(header: &str, cookies: &Cookies) -> Option<HeaderValue> {
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
    let renewed = jar.get(name)?.stripped().encoded().to_string();
    let pairs: Vec<&str> = others.into_iter().chain([renewed.as_str()]).collect();
    HeaderValue::from_str(&pairs.join("; ")).ok()
}
