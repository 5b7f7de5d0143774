//! For those who watch the server: a word for anyone, and the details for admins.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use log::warn;

use super::health_words::lines;
use crate::views::admin::health::HealthPage;
use crate::web::http::extract::Admin;
use crate::web::http::response::html;
use crate::web::http::state::Console;

/// The process answers.
pub async fn alive() -> HttpResponse {
    word(StatusCode::OK, "alive")
}

/// The database answers too, so people can sign in.
pub async fn ready(console: web::Data<Console>) -> HttpResponse {
    match console.health.is_ready().await {
        Ok(_) => word(StatusCode::OK, "ready"),
        Err(e) => {
            warn!("not ready: {e}");
            word(StatusCode::SERVICE_UNAVAILABLE, "not ready")
        }
    }
}

/// How everything is, and what to do where something is wrong.
pub async fn show(console: web::Data<Console>, Admin(signed_in): Admin) -> HttpResponse {
    let snapshot = console.health.snapshot().await;
    let page = HealthPage {
        who: signed_in.who(),
        lines: lines(&snapshot),
    };
    html(StatusCode::OK, page.page(&console.site))
}

fn word(status: StatusCode, word: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/plain; charset=utf-8")
        .body(word)
}
