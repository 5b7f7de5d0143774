use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::error::AppError;
use crate::web::console::Console;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a write that another site caused (SECURITY rule 14), so that forms need no token.
///
/// # Errors
/// Those of the service inside.
pub async fn refuse_cross_site_writes(
    console: web::Data<Console>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method().is_safe() || is_from_here(request.headers(), &console.origin) {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    }
    let (request, _) = request.into_parts();
    Ok(ServiceResponse::from_err(AppError::CrossSite, request))
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
