//! A refusal in words: what happened, what to do, and how long to wait.

use std::time::Duration;

use actix_web::http::StatusCode;

use crate::domain::words::rounded_up;
use crate::error::AppError;
use crate::sign_in::email_code::Refusal;
use crate::sign_in::email_code::code_hash::HashError;
use crate::sign_in::limits::Limited;
use crate::sign_in::limits::try_budget::Spent;

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

/// The refused action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To send a code.
    ForCode,
    /// To take one.
    ToEnter,
}

/// Puts a refusal into words. What is a defect, or has a page of its own, comes back as an error.
///
/// # Errors
/// A defect.
pub fn describe(refusal: Refusal, asked: Asked) -> Result<Worded, AppError> {
    let too_many = |words: String, wait: Duration| Worded {
        status: StatusCode::TOO_MANY_REQUESTS,
        words,
        retry_after: Some(wait),
    };
    Ok(match refusal {
        Refusal::Wrong | Refusal::NoChallenge => Worded {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            words: "That code isn’t right or has expired. Check the newest mail, or send a new code.".to_owned(),
            retry_after: None,
        },
        Refusal::CodeSpent => too_many(
            "That was one wrong code too many, so the last code no longer works. Send a new code.".to_owned(),
            Duration::ZERO,
        ),
        Refusal::Limited(Limited::Address(wait)) => {
            too_many("Wait one minute before asking for another code.".to_owned(), wait)
        }
        Refusal::Limited(Limited::AddressDay(wait)) => too_many(
            format!("This address was sent many codes today. Ask for another in {}, or ask your admin for help.", rounded_up(wait)),
            wait,
        ),
        Refusal::Limited(Limited::Network(wait)) if asked == Asked::ForCode => too_many(
            "Many codes were asked for from your network. Wait one minute, then try again.".to_owned(),
            wait,
        ),
        Refusal::Limited(Limited::Network(wait)) => too_many(
            format!("Many wrong codes came from your network. Try again in {}.", rounded_up(wait)),
            wait,
        ),
        Refusal::BudgetSpent(Spent::Address(wait)) => too_many(
            format!(
                "Too many wrong codes were tried for this address. Try again in {}, or use a browser that you \
                 have signed in with before.",
                rounded_up(wait)
            ),
            wait,
        ),
        Refusal::BudgetSpent(Spent::Overall) => too_many(
            "Somebody is guessing codes, so for now a code works only in a browser that has signed in before. \
             Use such a browser, or ask your admin for help."
                .to_owned(),
            Duration::from_hours(1),
        ),
        Refusal::Hash(HashError::Busy) => Worded {
            status: StatusCode::SERVICE_UNAVAILABLE,
            words: "Very many people are signing in right now. Wait a few seconds, then try again.".to_owned(),
            retry_after: Some(Duration::from_secs(5)),
        },
        Refusal::Hash(HashError::Failed(cause)) => return Err(AppError::Internal(cause)),
        Refusal::Database(error) => return Err(error.into()),
    })
}
