use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_multipart::{Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::TryStreamExt;

use super::session::{Admin, SignedIn};
use crate::error::AppError;

/// The largest file that an admin can send, in bytes.
pub const LARGEST_UPLOAD: usize = 1_000_000;
/// What a form may take: browsers write each line end of a field as two bytes (HTML, 4.10.22.4), and
/// there are other fields beside the file.
const LARGEST_FORM: usize = 2 * LARGEST_UPLOAD + 4_096;
/// More than a form's worth is read to its end and thrown away: a browser that is hung up on while it
/// sends shows no page that says why.
const THROWN_AWAY: usize = 20_000_000;
const MOST_FIELDS: usize = 16;
const UPLOAD_WITHIN: Duration = Duration::from_secs(60);

/// A form with a file, from an admin. Who is none is told so before anything is read.
pub struct Upload {
    /// The admin.
    pub admin: SignedIn,
    fields: Option<Fields>,
}

type Fields = Vec<(String, Vec<u8>)>;

impl Upload {
    /// Whether it was more than is taken; there are no fields then.
    pub fn is_too_large(&self) -> bool {
        self.fields.is_none()
    }

    /// What was sent in a field: the first of this name that has anything in it.
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
            let fields = tokio::time::timeout(UPLOAD_WITHIN, reading)
                .await
                .map_err(|_| AppError::TooSlow)??;
            Ok(Self { admin, fields })
        })
    }
}

/// `None` for more than is taken.
async fn read(mut form: Multipart) -> Result<Option<Fields>, AppError> {
    let mut fields = Fields::new();
    let mut total = 0;
    while let Some(mut field) = form.try_next().await.map_err(in_our_words)? {
        let name = field.name().unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(chunk) = field.try_next().await.map_err(in_our_words)? {
            total += chunk.len();
            if total > THROWN_AWAY {
                return Err(AppError::TooLarge);
            }
            if total <= LARGEST_FORM {
                bytes.extend_from_slice(&chunk);
            }
        }
        fields.push((name, bytes));
        if fields.len() > MOST_FIELDS {
            return Err(AppError::TooLarge);
        }
    }
    Ok((total <= LARGEST_FORM).then_some(fields))
}

fn in_our_words(error: MultipartError) -> AppError {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible
        | MultipartError::BoundaryMissing => AppError::UnsupportedMediaType,
        other => AppError::Malformed(other.to_string()),
    }
}
