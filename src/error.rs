//! The errors of handlers, one for each HTTP meaning. The middleware turns them into a page or a fragment.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use thiserror::Error;

use crate::accounts::changes::ChangeError;
use crate::db::DatabaseError;
use crate::domain::ReturnTo;
use crate::sign_in::session::{NotAuthorized, OwnChangeError};

#[derive(Debug, Error)]
pub enum AppError {
    #[error("no such page")]
    NotFound,
    #[error("the method is not allowed here")]
    MethodNotAllowed {
        /// The value of the `Allow` header (RFC 9110, 15.5.6).
        allow: String,
    },
    /// A form was sent from another site (SECURITY rule 14).
    #[error("a cross-site write was refused")]
    CrossSite,
    /// A WorkOS admin who impersonates a person may read admin pages, and change nothing (SECURITY rule 34).
    #[error("a write by an impersonated session was refused")]
    Impersonated,
    #[error("the request cannot be read: {0}")]
    Malformed(String),
    /// The body is larger than any form of the console.
    #[error("the request is too large")]
    TooLarge,
    #[error("the body did not come in time")]
    TooSlow,
    #[error("the body is not a form")]
    UnsupportedMediaType,
    /// The page needs a session. After the sign-in the browser goes to this path.
    #[error("not signed in")]
    SignedOut(ReturnTo),
    /// A temporary fault: 503 with `Retry-After`.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect: 500.
    #[error("a defect: {0}")]
    Internal(String),
}

/// The `Retry-After` of [`AppError::Unavailable`].
const RETRY_DELAY: Duration = Duration::from_secs(5);

impl AppError {
    /// The title and the text of the error page.
    pub fn message(&self) -> (&'static str, &'static str) {
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
                "Open the console itself and try again there. Nothing was changed.",
            ),
            Self::Impersonated => (
                "You are viewing another person’s account",
                "Sign in as yourself to make changes. Nothing was changed.",
            ),
            Self::Malformed(_) | Self::UnsupportedMediaType => (
                "That request can’t be read",
                "Go back, reload the page and try again. Nothing was changed.",
            ),
            Self::TooLarge => (
                "That is too large",
                "Go back and send less. Nothing was changed.",
            ),
            Self::TooSlow => (
                "That took too long",
                "Check your connection and try again. Nothing was changed.",
            ),
            Self::SignedOut(_) => ("You’re not signed in", "Sign in to go on."),
            Self::Unavailable(_) => (
                "The console is busy",
                "Wait a few seconds, then try again. Nothing was lost.",
            ),
            Self::Internal(_) => (
                "Something went wrong here",
                "Try again in a moment. It isn’t your fault.",
            ),
        }
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::CrossSite | Self::Impersonated => StatusCode::FORBIDDEN,
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
                response.insert_header((RETRY_AFTER, RETRY_DELAY.as_secs()));
            }
            _ => {}
        }
        response.finish()
    }
}

impl From<NotAuthorized> for AppError {
    fn from(refusal: NotAuthorized) -> Self {
        match refusal {
            NotAuthorized::SessionEnded => Self::SignedOut(ReturnTo::default()),
            NotAuthorized::NotAdmin => Self::NotFound,
        }
    }
}

impl From<ChangeError> for AppError {
    /// For handlers without a page for refusals.
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotAuthorized(refusal) => refusal.into(),
            ChangeError::Database(error) => error.into(),
            refusal => Self::Internal(refusal.to_string()),
        }
    }
}

impl From<OwnChangeError> for AppError {
    fn from(error: OwnChangeError) -> Self {
        match error {
            OwnChangeError::NotAuthorized(refusal) => refusal.into(),
            OwnChangeError::Database(error) => error.into(),
        }
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
