use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request is a write that another site caused (SECURITY rule 14); forms need no token
/// then.
pub(super) fn is_cross_site_write(head: &RequestHead, our_origin: &str) -> bool {
    !head.method.is_safe() && !is_from_here(head.headers(), our_origin)
}

/// Every browser of the last years says where a request comes from in `Sec-Fetch-Site` (W3C Fetch
/// Metadata); older ones, and plain http away from localhost, say it in `Origin`. What says
/// neither is no browser, and has nobody's cookies to abuse.
fn is_from_here(headers: &HeaderMap, our_origin: &str) -> bool {
    match (headers.get(SEC_FETCH_SITE), headers.get(ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => origin == our_origin,
        (None, None) => true,
    }
}
