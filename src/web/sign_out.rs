//! The way out.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::answer::Wants;
use super::console::Console;
use super::extract::MaybeSignedIn;
use crate::error::AppError;
use crate::views;

/// Ends the session of this browser. Twice is no error.
///
/// # Errors
/// When the database does not answer: the session goes on, and the page says so.
pub async fn sign_out(
    console: web::Data<Console>,
    wants: Wants,
    signed_in: MaybeSignedIn,
    session: Session,
) -> Result<HttpResponse, AppError> {
    if let Some(signed_in) = signed_in.0 {
        console.sessions.end(signed_in.hash).await?;
        log::info!(
            "account {} signed out of session {}",
            signed_in.live.account_id.0,
            signed_in.live.id.0
        );
    }
    session.purge();
    Ok(wants.go_to("/signed-out"))
}

/// Says that it is done.
pub async fn signed_out(console: web::Data<Console>, wants: Wants) -> HttpResponse {
    wants.screen(&console.site, StatusCode::OK, &views::signed_out::screen())
}
