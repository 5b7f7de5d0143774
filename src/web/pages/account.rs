//! The pages on which people manage their own account.

pub mod activity;
pub mod profile;
pub mod sessions;

use actix_web::HttpRequest;

/// The first value of a query parameter. The pages compare it with fixed words or parse it as a number, and never
/// show it.
fn in_query(request: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
