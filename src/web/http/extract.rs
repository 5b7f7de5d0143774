//! Extractors: the typed parts of a request that handlers take as parameters.

mod client;
mod forms;
mod session;
mod uploads;

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::response::ResponseMode;
use super::state::AppState;
use crate::domain::{ReturnTo, TokenHash};
use crate::error::AppError;

pub use client::{behind, client_of};
pub use forms::{CodeForm, EmailForm, FromAdmin, LimitedForm, NameForm, NotMeForm, form_config};
pub use session::{Admin, MaybeSignedIn, SignedIn};
pub use uploads::{MAX_UPLOAD_SIZE, Upload};

fn state(request: &HttpRequest) -> Result<&web::Data<AppState>, AppError> {
    request
        .app_data::<web::Data<AppState>>()
        .ok_or_else(|| AppError::Internal("the application has no state".to_owned()))
}

impl FromRequest for ResponseMode {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.headers())))
    }
}

impl FromRequest for ReturnTo {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let wanted = url::form_urlencoded::parse(request.query_string().as_bytes())
            .find(|(key, _)| key == "return_to")
            .map(|(_, value)| Self::parse(&value));
        ready(Ok(wanted.unwrap_or_default()))
    }
}

/// The challenge whose token is in this browser's cookie.
#[derive(Debug, Clone, Copy)]
pub struct HeldChallenge(pub Option<TokenHash>);

impl FromRequest for HeldChallenge {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(state(request).map(|state| Self(state.cookies.challenge(request))))
    }
}
