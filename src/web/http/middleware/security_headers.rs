//! The headers that every response carries (SECURITY rule 13).

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CROSS_ORIGIN_OPENER_POLICY,
    CROSS_ORIGIN_RESOURCE_POLICY, HeaderMap, HeaderName, HeaderValue, PERMISSIONS_POLICY,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};

const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=(), browsing-topics=()",
);
/// Two years, as browsers' preload lists require.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// Handlers may set `Referrer-Policy`, `Cache-Control` and `Vary` themselves. They never set the others.
pub(super) fn add_security_headers(headers: &mut HeaderMap, https: bool) {
    headers.insert(CONTENT_SECURITY_POLICY, CSP);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN);
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, SAME_ORIGIN);
    headers.insert(PERMISSIONS_POLICY, PERMISSIONS);
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    let mut default = |name: HeaderName, value: HeaderValue| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    default(REFERRER_POLICY, SAME_ORIGIN);
    default(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    default(VARY, HeaderValue::from_static("HX-Request-Type"));
}
