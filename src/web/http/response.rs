//! Responses for browsers with and without htmx.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use maud::Markup;

use crate::error::AppError;
use crate::views::{Screen, Site};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const HX_REQUEST_TYPE: HeaderName = HeaderName::from_static("hx-request-type");
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");
const HX_PUSH_URL: HeaderName = HeaderName::from_static("hx-push-url");

/// Whether the response is a whole page or a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// For a navigation, also one that htmx restores from history.
    Page,
    /// For htmx, which swaps the card.
    Fragment,
}

impl ResponseMode {
    /// A fragment if and only if the request has `HX-Request-Type: partial`.
    pub fn of(headers: &HeaderMap) -> Self {
        match headers.get(HX_REQUEST_TYPE) {
            Some(kind) if kind == "partial" => Self::Fragment,
            _ => Self::Page,
        }
    }

    /// A step of the sign-in. htmx shows `address` in the address bar.
    pub fn step(self, site: &Site, screen: &Screen, address: &str) -> HttpResponse {
        let mut response = self.screen(site, StatusCode::OK, screen);
        if self == Self::Fragment {
            set(&mut response, HX_PUSH_URL, address);
        }
        response
    }

    /// A step again, with an error on it. `retry_after` becomes the `Retry-After` header.
    pub fn refused(
        self,
        site: &Site,
        screen: &Screen,
        status: StatusCode,
        retry_after: Option<Duration>,
    ) -> HttpResponse {
        let mut response = self.screen(site, status, screen);
        if let Some(span) = retry_after {
            set(&mut response, RETRY_AFTER, &whole_seconds(span).to_string());
        }
        response
    }

    pub fn screen(self, site: &Site, status: StatusCode, screen: &Screen) -> HttpResponse {
        let markup = match self {
            Self::Page => screen.page(site),
            Self::Fragment => screen.fragment(site),
        };
        html(status, markup)
    }

    /// Redirects to another page. htmx would load the target of a 303 into the card, so it gets `HX-Redirect`.
    pub fn go_to(self, path: &str) -> HttpResponse {
        let (status, header) = match self {
            Self::Page => (StatusCode::SEE_OTHER, LOCATION),
            Self::Fragment => (StatusCode::OK, HX_REDIRECT),
        };
        let mut response = HttpResponse::new(status);
        set(&mut response, header, path);
        response
    }
}

/// A page that has no fragment.
pub fn html(status: StatusCode, markup: Markup) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, HTML))
        .body(markup.into_string())
}

/// Fails only for a cookie that does not fit into a header, which would be a defect.
pub fn set_cookie(response: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), AppError> {
    response
        .add_cookie(cookie)
        .map_err(|e| AppError::Internal(e.to_string()))
}

/// Rounded up, so that a client that waits this long does not come back too early.
fn whole_seconds(span: Duration) -> u64 {
    span.as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
}

/// Leaves out a value that is not ASCII. The console's own paths are ASCII.
fn set(response: &mut HttpResponse, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
