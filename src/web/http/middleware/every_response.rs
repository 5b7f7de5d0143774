use std::future::{Ready, ready};
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CROSS_ORIGIN_OPENER_POLICY,
    CROSS_ORIGIN_RESOURCE_POLICY, HeaderMap, HeaderName, HeaderValue, PERMISSIONS_POLICY,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use log::{debug, error, info};
use rand::Rng;

use super::cross_site::is_cross_site_write;
use super::key_rotation::{hand_back, take_over_older_signature};
use crate::error::AppError;
use crate::views::message::Message;
use crate::web::http::response::ResponseMode;
use crate::web::http::state::AppState;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=(), browsing-topics=()",
);
/// Two years, as browsers' preload lists ask for.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// A route's path as the table has it, for the metrics: what a visitor typed is in none of them.
#[derive(Debug, Clone, Copy)]
pub struct RoutePattern(pub &'static str);

/// Finds a request in the log: 60 random bits, short enough to be read out on the phone.
#[derive(Debug, Clone, Copy)]
pub struct RequestId([u8; LENGTH]);

impl FromRequest for RequestId {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.extensions().get::<Self>().copied();
        ready(id.ok_or_else(|| AppError::Internal("a request without an id".to_owned())))
    }
}

/// Without the letters that are taken for one another when somebody reads them out.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const LENGTH: usize = 12;

impl RequestId {
    /// The text.
    pub fn as_str(&self) -> &str {
        // Letters of the alphabet alone, which are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Reads an id out of an address; `None` for anything that cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        let ours = letters.iter().all(|byte| ALPHABET.contains(byte));
        ours.then_some(Self(letters))
    }

    fn generate() -> Self {
        let mut drawn = [0_u8; LENGTH];
        rand::rng().fill_bytes(&mut drawn);
        Self(drawn.map(|byte| ALPHABET[usize::from(byte & 31)]))
    }
}

/// Refuses cross-site writes, and gives every response its headers, every error its words and its
/// reference. One layer for all of it: each layer costs every request.
///
/// # Errors
/// None of ours: what the service inside fails with goes on as it is.
pub async fn finish_every_response(
    state: web::Data<AppState>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let id = RequestId::generate();
    request.extensions_mut().insert(id);
    let wants = ResponseMode::of(request.headers());
    let renewed = (state.cookies.keys().len() > 1)
        .then(|| take_over_older_signature(&mut request, &state.cookies))
        .flatten();
    let response = if is_cross_site_write(request.head(), &state.origin) {
        ServiceResponse::from_err(AppError::CrossSite, request.into_parts().0)
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let failed = response.response().error().is_some();
    let mut response = if failed {
        with_words(response, &state, wants, &id)
    } else {
        response
    };
    add_headers(response.headers_mut(), state.https, &id);
    if let Some(renewed) = renewed {
        let lasts = state.sessions.lifetimes().max;
        hand_back(renewed, &state.cookies, lasts, response.headers_mut());
    }
    let route = response.request().app_data::<RoutePattern>();
    let route = route.map_or("none", |pattern| pattern.0);
    let status = response.status().as_u16();
    state.metrics.request(route, status, begun.elapsed());
    Ok(response)
}

fn with_words(
    response: ServiceResponse<BoxBody>,
    state: &AppState,
    wants: ResponseMode,
    id: &RequestId,
) -> ServiceResponse<BoxBody> {
    let (request, bare) = response.into_parts();
    let worded = {
        let foreign = AppError::Malformed("refused before it came to us".to_owned());
        let error = bare.error().map(|e| (e, e.as_error::<AppError>()));
        let (cause, known) = match error {
            Some((cause, Some(known))) => (cause.to_string(), known),
            Some((cause, None)) => (cause.to_string(), &foreign),
            None => (String::new(), &foreign),
        };
        let place = format!("{} {}", request.method(), request.path());
        match known {
            AppError::SignedOut(_) => debug!("[{}] {place}: {cause}", id.as_str()),
            _ if bare.status().is_server_error() => error!("[{}] {place}: {cause}", id.as_str()),
            _ => info!("[{}] {place}: {cause}", id.as_str()),
        }
        match known {
            AppError::SignedOut(return_to) => {
                wants.go_to(&return_to.explicitly_carried_by("/sign-in"))
            }
            other => explained(other, &bare, state, wants, id),
        }
    };
    ServiceResponse::new(request, worded)
}

fn explained(
    error: &AppError,
    bare: &HttpResponse,
    state: &AppState,
    wants: ResponseMode,
    id: &RequestId,
) -> HttpResponse {
    let (title, text) = error.words();
    let message = Message {
        title,
        text,
        request_id: id.as_str(),
    };
    let mut response = wants.screen(&state.site, bare.status(), &message.screen());
    for (name, value) in bare.headers() {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}

/// SECURITY rule 13. Where a handler has set one of these, its own stays.
fn add_headers(headers: &mut HeaderMap, https: bool, id: &RequestId) {
    let mut add = |name: HeaderName, value: HeaderValue| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    add(CONTENT_SECURITY_POLICY, CSP);
    add(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    add(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    add(
        CROSS_ORIGIN_OPENER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    add(
        CROSS_ORIGIN_RESOURCE_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    add(PERMISSIONS_POLICY, PERMISSIONS);
    add(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    add(VARY, HeaderValue::from_static("HX-Request-Type"));
    if https {
        add(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(X_REQUEST_ID, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_out_of_an_address_is_one_that_we_could_have_given() {
        let given = RequestId::generate();
        assert_eq!(
            RequestId::parse(given.as_str()).unwrap().as_str(),
            given.as_str()
        );
        for text in [
            "",
            "abc",
            "abcdefgh23456",
            "ABCDEFGH2345",
            "abcdefgh 234",
            "<bcdefgh2345",
            "lo01lo01lo01",
        ] {
            assert!(RequestId::parse(text).is_none(), "{text}");
        }
    }
}
