//! The `X-Request-Id` header, and the extractor of the request's id.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest};

use crate::domain::RequestId;
use crate::error::AppError;
use crate::logging;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl FromRequest for RequestId {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        let missing = || AppError::Internal("a request without an id".to_owned());
        ready(logging::request_id().ok_or_else(missing))
    }
}

pub(super) fn add_request_id(headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(X_REQUEST_ID, value);
    }
}
