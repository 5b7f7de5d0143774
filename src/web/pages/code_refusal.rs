//! The refusal of an email code or of a request for one, as text: what happened and what to do.

use std::time::Duration;

use actix_web::http::StatusCode;

use crate::error::AppError;
use crate::sign_in::email_code::Refusal;
use crate::sign_in::email_code::code_hasher::HashError;

/// A refusal as its page shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Worded {
    /// 422, 429 or 503.
    pub status: StatusCode,
    /// What happened and what to do.
    pub words: String,
    /// How long to wait, where waiting helps.
    pub retry_after: Option<Duration>,
}

/// Turns a refusal into text. A defect comes back as an error, which has its own page.
pub fn describe(refusal: Refusal) -> Result<Worded, AppError> {
    Ok(match refusal {
        Refusal::Limited(limited) => Worded {
            status: StatusCode::TOO_MANY_REQUESTS,
            words: limited.message(),
            retry_after: Some(limited.retry_after),
        },
        Refusal::Wrong | Refusal::NoChallenge => Worded {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            words:
                "That code isn’t right or has expired. Check the newest mail, or send a new code."
                    .to_owned(),
            retry_after: None,
        },
        Refusal::Hash(HashError::Busy) => Worded {
            status: StatusCode::SERVICE_UNAVAILABLE,
            words: "Too many people are signing in right now. Try again in a few seconds."
                .to_owned(),
            retry_after: Some(Duration::from_secs(5)),
        },
        Refusal::Hash(HashError::Failed(cause)) => return Err(AppError::Internal(cause)),
        Refusal::Database(error) => return Err(error.into()),
    })
}
