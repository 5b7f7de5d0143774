//! The health checks: one word for anyone, and the details for admins.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use log::warn;

use super::health_presenter::lines;
use crate::views::admin::health::HealthPage;
use crate::web::http::extract::Admin;
use crate::web::http::response::html;
use crate::web::http::state::AppState;

/// Liveness: the process answers.
pub async fn alive() -> HttpResponse {
    word(StatusCode::OK, "alive")
}

/// Readiness: the database answers, so people can sign in.
pub async fn ready(state: web::Data<AppState>) -> HttpResponse {
    match state.health.is_ready().await {
        Ok(_) => word(StatusCode::OK, "ready"),
        Err(e) => {
            warn!("not ready: {e}");
            word(StatusCode::SERVICE_UNAVAILABLE, "not ready")
        }
    }
}

/// The state of every part, and the next step for each part with a problem.
pub async fn show(state: web::Data<AppState>, Admin(signed_in): Admin) -> HttpResponse {
    let snapshot = state.health.snapshot().await;
    let too_wide = state.trusted_proxies.too_wide();
    let proxy_problem = too_wide.or_else(|| state.proxy_watch.problem());
    let page = HealthPage {
        viewer: signed_in.viewer(),
        lines: lines(&snapshot, proxy_problem.as_ref()),
    };
    html(StatusCode::OK, page.page(&state.site))
}

fn word(status: StatusCode, word: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/plain; charset=utf-8")
        .body(word)
}
