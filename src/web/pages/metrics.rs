//! `/metrics`, served on a separate listener.

use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{HttpResponse, web};

use crate::operations::health::Snapshot;
use crate::web::http::state::AppState;

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// All counters, and all gauges with their present values.
pub async fn show(state: web::Data<AppState>) -> HttpResponse {
    note_levels(&state, &state.health.snapshot().await);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, OPEN_METRICS))
        .body(state.metrics.text())
}

fn note_levels(state: &AppState, snapshot: &Snapshot) {
    let metrics = &state.metrics;
    let stored = snapshot.database.as_ref().ok();
    let count = |number: i64| usize::try_from(number).unwrap_or_default();
    for (of, number) in [
        ("database_bytes", stored.map(|stored| stored.bytes)),
        ("sessions_in_force", stored.map(|stored| stored.sessions)),
        ("mails_in_table", stored.map(|stored| stored.mails.count)),
        (
            "revocations_pending",
            stored.map(|stored| stored.revocations.count),
        ),
    ] {
        match number {
            Some(number) => metrics.level(of, count(number)),
            None => metrics.level_unknown(of),
        }
    }
    metrics.level("mail_codes_waiting", snapshot.codes_waiting);
    metrics.level("sessions_cached", state.sessions.remembered());
    if let Some(provider) = &snapshot.provider {
        metrics.level("provider_reachable", usize::from(provider.reachable));
    }
    for (of, keys) in state.email_code.limits.sizes() {
        metrics.level(of, keys);
    }
}
