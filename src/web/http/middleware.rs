//! Middleware around every request. One layer does all of it, since each layer costs every request.

mod cross_site;
mod error_pages;
mod key_rotation;
mod refresh_provider_token;
mod request_id;
mod security_headers;

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::domain::RequestId;
use crate::error::AppError;
use crate::logging;
use crate::web::http::response::ResponseMode;
use crate::web::http::state::AppState;
use cross_site::is_cross_site_write;
use error_pages::render_error;
use key_rotation::{renew_older_signature, send_renewed};
use request_id::add_request_id;
use security_headers::add_security_headers;

pub use cross_site::comes_from_another_site;
pub use refresh_provider_token::RefreshProviderToken;

/// A route's path as the table of routes has it, for the metrics: a path as typed is never a label.
#[derive(Debug, Clone, Copy)]
pub struct RoutePattern(pub &'static str);

/// Gives the request its id, refuses cross-site writes, and adds security headers and error pages to
/// the response. Errors of the inner service that have no response are passed on.
pub async fn finish_every_response(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = RequestId::generate(&mut rand::rng());
    logging::scope(Some(id), respond(&state, request, next, &id)).await
}

async fn respond(
    state: &AppState,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    id: &RequestId,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let mode = ResponseMode::of(request.headers());
    state
        .proxy_watch
        .look(request.head(), &state.trusted_proxies);
    let renewed = (state.cookies.keys().len() > 1)
        .then(|| renew_older_signature(&mut request, &state.cookies))
        .flatten();
    let response = if is_cross_site_write(request.head(), &state.origin) {
        ServiceResponse::from_err(AppError::CrossSite, request.into_parts().0)
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let mut response = render_error(response, state, mode, id);
    add_security_headers(response.headers_mut(), state.https);
    add_request_id(response.headers_mut(), id);
    if let Some(renewed) = renewed {
        let lifetime = state.sessions.lifetimes().max;
        send_renewed(renewed, &state.cookies, lifetime, response.headers_mut());
    }
    let route = response.request().app_data::<RoutePattern>();
    let route = route.map_or("none", |pattern| pattern.0);
    let status = response.status().as_u16();
    state.metrics.request(route, status, started.elapsed());
    Ok(response)
}
