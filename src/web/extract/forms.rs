use actix_web::HttpRequest;
use actix_web::error::UrlencodedError;
use actix_web::web::FormConfig;
use serde::Deserialize;

use crate::error::AppError;

/// No form of ours holds more, in bytes.
const LONGEST_FORM: usize = 4096;

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

/// Forms are small, and what cannot be read gets an error with words.
pub fn form_config() -> FormConfig {
    FormConfig::default()
        .limit(LONGEST_FORM)
        .error_handler(|error, _: &HttpRequest| {
            match error {
                UrlencodedError::Overflow { .. } => AppError::TooLarge,
                UrlencodedError::ContentType => AppError::UnsupportedMediaType,
                other => AppError::Malformed(other.to_string()),
            }
            .into()
        })
}
