//! One error by HTTP meaning. A page or a fragment is made of it by `web::middleware`.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use thiserror::Error;

use crate::db::DatabaseError;
use crate::domain::ReturnTo;

/// Why a request has no ordinary answer.
#[derive(Debug, Error)]
pub enum AppError {
    /// No such page.
    #[error("no such page")]
    NotFound,
    /// The page is there, but not for this method.
    #[error("the method is not allowed here")]
    MethodNotAllowed {
        /// The methods that are, for the `Allow` header (RFC 9110, 15.5.6).
        allow: String,
    },
    /// A form was sent from another site (SECURITY rule 14).
    #[error("a cross-site write was refused")]
    CrossSite,
    /// The request cannot be read.
    #[error("the request cannot be read: {0}")]
    Malformed(String),
    /// More was sent than any form of ours holds.
    #[error("the request is too large")]
    TooLarge,
    /// The body did not come in time.
    #[error("the body did not come in time")]
    TooSlow,
    /// The body is not a form.
    #[error("the body is not a form")]
    UnsupportedMediaType,
    /// Nobody is signed in; afterwards they go on to where they were going.
    #[error("nobody is signed in")]
    SignedOut(ReturnTo),
    /// It may well work in a moment.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect.
    #[error("a defect: {0}")]
    Internal(String),
}

/// What a person is told after [`AppError::Unavailable`] to wait.
const RETRY: Duration = Duration::from_secs(5);

impl AppError {
    /// What happened, in a few words; and what to do, in sentences.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => (
                "There is no such page",
                "The address may be mistyped or out of date.",
            ),
            Self::MethodNotAllowed { .. } => (
                "This page can’t be used that way",
                "Go back, and use the buttons and links on the page.",
            ),
            Self::CrossSite => (
                "This form came from another site",
                "For your safety nothing was done. Open the console itself and try again there.",
            ),
            Self::Malformed(_) | Self::UnsupportedMediaType => (
                "That request can’t be read",
                "Nothing was done. Go back, reload the page and try again.",
            ),
            Self::TooLarge => (
                "That is too much to read",
                "Nothing was done. Go back and send less.",
            ),
            Self::TooSlow => (
                "That took too long",
                "Nothing was done. Check your connection and try again.",
            ),
            Self::SignedOut(_) => ("You’re not signed in", "Sign in to go on."),
            Self::Unavailable(_) => (
                "The console is busy",
                "Nothing was lost. Wait a few seconds, then try again.",
            ),
            Self::Internal(_) => (
                "Something went wrong here",
                "It isn’t your fault. Try again in a moment.",
            ),
        }
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::SignedOut(_) => StatusCode::SEE_OTHER,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::MethodNotAllowed { allow } => {
                response.insert_header((ALLOW, allow.as_str()));
            }
            Self::Unavailable(_) => {
                response.insert_header((RETRY_AFTER, RETRY.as_secs()));
            }
            _ => {}
        }
        response.finish()
    }
}

impl From<DatabaseError> for AppError {
    fn from(error: DatabaseError) -> Self {
        Self::from(&error)
    }
}

impl From<&DatabaseError> for AppError {
    fn from(error: &DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(cause) => Self::Unavailable(cause.clone()),
            DatabaseError::Query(cause) => Self::Internal(cause.to_string()),
        }
    }
}
