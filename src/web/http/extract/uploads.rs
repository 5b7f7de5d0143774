//! File uploads, read within a size and a time limit.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_multipart::{Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::TryStreamExt;

use super::session::{Admin, SignedIn};
use crate::error::AppError;

/// The largest file, in bytes.
pub const MAX_UPLOAD_SIZE: usize = 1_000_000;
/// The largest body that is kept. Browsers send each line end of a text field as two bytes (HTML, 4.10.22.4),
/// and the form has small fields beside the file.
const MAX_FORM_SIZE: usize = 2 * MAX_UPLOAD_SIZE + 4_096;
/// The largest body that is read. A body above [`MAX_FORM_SIZE`] is read to its end and discarded: a browser
/// whose connection is closed during an upload shows no error page.
const MAX_READ_SIZE: usize = 20_000_000;
const MAX_FIELDS: usize = 16;
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// A form with a file, from an admin. Anyone else is refused before the body is read.
pub struct Upload {
    pub admin: SignedIn,
    fields: Option<Fields>,
}

type Fields = Vec<(String, Vec<u8>)>;

impl Upload {
    /// Whether the body was too large. All fields are empty then.
    pub fn is_too_large(&self) -> bool {
        self.fields.is_none()
    }

    /// The first field of this name that is not empty.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        let mut filled = self.fields.iter().flatten();
        filled
            .find(|(field, bytes)| field == name && !bytes.is_empty())
            .map(|(_, bytes)| bytes.as_slice())
    }
}

impl FromRequest for Upload {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut payload = payload.take();
        let request = request.clone();
        Box::pin(async move {
            let Admin(admin) = Admin::from_request(&request, &mut payload).await?;
            let reading = read(Multipart::new(request.headers(), payload));
            let fields = tokio::time::timeout(UPLOAD_TIMEOUT, reading)
                .await
                .map_err(|_| AppError::TooSlow)??;
            Ok(Self { admin, fields })
        })
    }
}

/// `None` for a body larger than [`MAX_FORM_SIZE`].
async fn read(mut form: Multipart) -> Result<Option<Fields>, AppError> {
    let mut fields = Fields::new();
    let mut total = 0;
    while let Some(mut field) = form.try_next().await.map_err(to_app_error)? {
        let name = field.name().unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(chunk) = field.try_next().await.map_err(to_app_error)? {
            total += chunk.len();
            if total > MAX_READ_SIZE {
                return Err(AppError::TooLarge);
            }
            if total <= MAX_FORM_SIZE {
                bytes.extend_from_slice(&chunk);
            }
        }
        fields.push((name, bytes));
        if fields.len() > MAX_FIELDS {
            return Err(AppError::TooLarge);
        }
    }
    Ok((total <= MAX_FORM_SIZE).then_some(fields))
}

fn to_app_error(error: MultipartError) -> AppError {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible
        | MultipartError::BoundaryMissing => AppError::UnsupportedMediaType,
        other => AppError::Malformed(other.to_string()),
    }
}
