//! The pages of one's own account.

pub mod activity;
pub mod profile;
pub mod sessions;

use actix_web::HttpRequest;

/// A value in the address, such as the word that says what was just done. What it leads to is fixed
/// words of ours, or a number.
fn in_query(request: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
