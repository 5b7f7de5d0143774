//! Middleware around every request. One layer does all of it, since each layer costs every request.

mod authenticate;
mod cross_site;
mod error_pages;
mod key_rotation;
mod request_id;
mod security_headers;

use std::cell::OnceCell;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::ErrorInternalServerError;
use actix_web::{Error, web};

use crate::domain::RequestId;
use crate::error::AppError;
use crate::logging;
use crate::metrics::{Metrics, RequestTiming, STATUS_CLASSES, status_class};
use crate::web::http::response::ResponseMode;
use crate::web::http::state::AppState;
use cross_site::is_cross_site_write;
use error_pages::render_error;
use key_rotation::{renew_older_signature, send_renewed};
use request_id::add_request_id;
use security_headers::add_security_headers;

pub use authenticate::{Authenticate, Authenticated};
pub use cross_site::comes_from_another_site;

/// A route in the metrics. Its label is the path as the table of routes has it: a path as typed is never a label.
pub struct RouteMetrics {
    pattern: &'static str,
    /// The timing of each status class, looked up once for each worker.
    timings: [OnceCell<RequestTiming>; STATUS_CLASSES],
}

impl RouteMetrics {
    pub fn of(pattern: &'static str) -> Self {
        Self {
            pattern,
            timings: Default::default(),
        }
    }

    fn observe(&self, metrics: &Metrics, status: u16, took: Duration) {
        let class = status_class(status);
        if let Some(timing) = self.timings.get(class) {
            timing
                .get_or_init(|| metrics.request_timing(self.pattern, class))
                .observe(took);
        }
    }
}

/// Gives the request its id, refuses cross-site writes, and adds security headers and error pages to the response. Errors
/// of the inner service that have no response are passed on.
pub struct FinishEveryResponse;

pub struct FinishEveryResponseService<S> {
    service: Rc<S>,
}

impl<S, B> Transform<S, ServiceRequest> for FinishEveryResponse
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = FinishEveryResponseService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(FinishEveryResponseService {
            service: Rc::new(service),
        }))
    }
}

impl<S, B> Service<ServiceRequest> for FinishEveryResponseService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<ServiceResponse<BoxBody>, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let service = Rc::clone(&self.service);
        let id = RequestId::generate(&mut rand::rng());
        Box::pin(logging::scope(Some(id), async move {
            match request.app_data::<web::Data<AppState>>().cloned() {
                Some(state) => respond(&state, request, &*service, &id).await,
                None => Err(ErrorInternalServerError("the application has no state")),
            }
        }))
    }
}

async fn respond<S, B>(
    state: &AppState,
    mut request: ServiceRequest,
    service: &S,
    id: &RequestId,
) -> Result<ServiceResponse<BoxBody>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
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
        service.call(request).await?.map_into_boxed_body()
    };
    let mut response = render_error(response, state, mode, id);
    add_security_headers(response.headers_mut(), state.https);
    add_request_id(response.headers_mut(), id);
    if let Some(renewed) = renewed {
        let lifetime = state.sessions.lifetimes().max;
        send_renewed(renewed, &state.cookies, lifetime, response.headers_mut());
    }
    let (status, took) = (response.status().as_u16(), started.elapsed());
    match response.request().app_data::<RouteMetrics>() {
        Some(route) => route.observe(&state.metrics, status, took),
        None => RouteMetrics::of("none").observe(&state.metrics, status, took),
    }
    Ok(response)
}
