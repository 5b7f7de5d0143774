//! For those who watch the server: a word, no details.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use log::warn;

use super::console::Console;
use crate::db::sessions;

/// The process answers.
pub async fn alive() -> HttpResponse {
    word(StatusCode::OK, "alive")
}

/// The database answers too, so people can sign in.
pub async fn ready(console: web::Data<Console>) -> HttpResponse {
    match console.database.read(sessions::revision).await {
        Ok(_) => word(StatusCode::OK, "ready"),
        Err(e) => {
            warn!("not ready: {e}");
            word(StatusCode::SERVICE_UNAVAILABLE, "not ready")
        }
    }
}

fn word(status: StatusCode, word: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/plain; charset=utf-8")
        .body(word)
}
