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

/// No form of ours holds more, in bytes.
const LONGEST_FORM: usize = 4096;
const FORM_WITHIN: Duration = Duration::from_secs(10);

/// The email step's form. A field that is missing is an empty one.
#[derive(Deserialize)]
pub struct EmailForm {
    /// An address, as typed.
    #[serde(default)]
    pub email: String,
}

/// The code step's form.
#[derive(Deserialize)]
pub struct CodeForm {
    /// Six digits, as typed.
    #[serde(default)]
    pub code: String,
}

/// The profile's form.
#[derive(Deserialize)]
pub struct NameForm {
    /// A name, as typed.
    #[serde(default)]
    pub name: String,
}

/// The form of “This wasn’t me”.
#[derive(Deserialize)]
pub struct NotMeForm {
    /// The link's own text.
    #[serde(default)]
    pub link: String,
}

/// A form that came whole in time: a body that drips holds up nothing for long.
pub struct LimitedForm<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for LimitedForm<T> {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let reading = Form::<T>::from_request(request, payload);
        Box::pin(async move {
            match tokio::time::timeout(FORM_WITHIN, reading).await {
                Ok(Ok(form)) => Ok(Self(form.into_inner())),
                Ok(Err(error)) => Err(in_our_words(&error)),
                Err(_) => Err(AppError::TooSlow),
            }
        })
    }
}

/// The same from an admin. Who is none is told so before anything is read.
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

/// Forms are small.
pub fn form_config() -> FormConfig {
    FormConfig::default().limit(LONGEST_FORM)
}

fn in_our_words(error: &actix_web::Error) -> AppError {
    match error.as_error::<UrlencodedError>() {
        Some(UrlencodedError::Overflow { .. }) => AppError::TooLarge,
        Some(UrlencodedError::ContentType) => AppError::UnsupportedMediaType,
        _ => AppError::Malformed(error.to_string()),
    }
}
