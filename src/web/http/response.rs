//! Answers that are right with and without htmx.

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
const HX_REQUEST_TYPE: &str = "hx-request-type";
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");
const HX_PUSH_URL: HeaderName = HeaderName::from_static("hx-push-url");

/// What a request wants: a whole page, or a fragment for the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// A navigation, or htmx restoring one.
    Page,
    /// htmx swapping the card.
    Fragment,
}

impl ResponseMode {
    /// A fragment if and only if `HX-Request-Type: partial`.
    pub fn of(headers: &HeaderMap) -> Self {
        match headers.get(HX_REQUEST_TYPE) {
            Some(kind) if kind == "partial" => Self::Fragment,
            _ => Self::Page,
        }
    }

    /// A step of the sign-in, at its own address.
    pub fn step(self, site: &Site, screen: &Screen, address: &str) -> HttpResponse {
        let mut response = self.screen(site, StatusCode::OK, screen);
        if self == Self::Fragment {
            set(&mut response, HX_PUSH_URL, address);
        }
        response
    }

    /// The same step again, with what is wrong and, where waiting helps, for how long.
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

    /// A screen, in its page or alone.
    pub fn screen(self, site: &Site, status: StatusCode, screen: &Screen) -> HttpResponse {
        let markup = match self {
            Self::Page => screen.page(site),
            Self::Fragment => screen.fragment(site),
        };
        html(status, markup)
    }

    /// On to another page. A 303 would have htmx pull that page into the card.
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

/// A page that is never a fragment.
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

/// Rounded up: a client that comes back on time must not be early.
fn whole_seconds(span: Duration) -> u64 {
    span.as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
}

/// Our own paths are plain ASCII; one that is not would be a defect, and is left out.
fn set(response: &mut HttpResponse, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
