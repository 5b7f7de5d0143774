//! Refuses writes that another site caused (SECURITY rule 14), so that forms need no CSRF token. Tells navigations
//! that began on another site.

use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) fn is_cross_site_write(head: &RequestHead, our_origin: &str) -> bool {
    !head.method.is_safe() && !is_same_origin(head.headers(), our_origin)
}

/// Whether a page of another site led the browser here. Without `Sec-Fetch-Site` the answer is no.
pub fn comes_from_another_site(headers: &HeaderMap) -> bool {
    headers
        .get(SEC_FETCH_SITE)
        .is_some_and(|site| site == "cross-site")
}

/// Current browsers send `Sec-Fetch-Site` (W3C Fetch Metadata). Older browsers, and all browsers over plain
/// http outside localhost, send `Origin`. A client that sends neither is not a browser and holds no
/// cookies of a victim.
fn is_same_origin(headers: &HeaderMap, our_origin: &str) -> bool {
    match (headers.get(SEC_FETCH_SITE), headers.get(ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => origin == our_origin,
        (None, None) => true,
    }
}
