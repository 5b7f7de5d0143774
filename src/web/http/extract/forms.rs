//! Form bodies, read within a size and a time limit.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::UrlencodedError;
use actix_web::web::{Form, FormConfig};
use actix_web::{FromRequest, HttpRequest};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::session::{Admin, SignedIn};
use crate::error::AppError;

/// In bytes. Every form of the console is smaller.
const MAX_FORM_SIZE: usize = 4096;
const FORM_TIMEOUT: Duration = Duration::from_secs(10);

/// The form of the email step. A missing field reads as an empty one, here and in the forms below.
#[derive(Deserialize)]
pub struct EmailForm {
    /// As typed.
    #[serde(default)]
    pub email: String,
}

#[derive(Deserialize)]
pub struct CodeForm {
    /// As typed.
    #[serde(default)]
    pub code: String,
}

#[derive(Deserialize)]
pub struct NameForm {
    /// As typed.
    #[serde(default)]
    pub name: String,
}

/// The form of “This wasn’t me”.
#[derive(Deserialize)]
pub struct NotMeForm {
    /// The secret part of the link in the mail.
    #[serde(default)]
    pub link: String,
}

/// A form whose whole body arrived within ten seconds: a slow body must not hold a connection for long.
pub struct LimitedForm<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for LimitedForm<T> {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let reading = Form::<T>::from_request(request, payload);
        Box::pin(async move {
            match tokio::time::timeout(FORM_TIMEOUT, reading).await {
                Ok(Ok(form)) => Ok(Self(form.into_inner())),
                Ok(Err(error)) => Err(to_app_error(&error)),
                Err(_) => Err(AppError::TooSlow),
            }
        })
    }
}

/// A [`LimitedForm`] from an admin. Anyone else is refused before the body is read.
pub struct FromAdmin<T>(pub SignedIn, pub T);

impl<T: DeserializeOwned + 'static> FromRequest for FromAdmin<T> {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut payload = payload.take();
        let request = request.clone();
        Box::pin(async move {
            let Admin(admin) = Admin::from_request(&request, &mut payload).await?;
            let LimitedForm(form) = LimitedForm::<T>::from_request(&request, &mut payload).await?;
            Ok(Self(admin, form))
        })
    }
}

pub fn form_config() -> FormConfig {
    FormConfig::default().limit(MAX_FORM_SIZE)
}

fn to_app_error(error: &actix_web::Error) -> AppError {
    match error.as_error::<UrlencodedError>() {
        Some(UrlencodedError::Overflow { .. }) => AppError::TooLarge,
        Some(UrlencodedError::ContentType) => AppError::UnsupportedMediaType,
        _ => AppError::Malformed(error.to_string()),
    }
}
