//! The activity of the viewer's own account.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::in_query;
use crate::accounts::activity::Activity;
use crate::domain::{ActivityKind, WayIn};
use crate::error::AppError;
use crate::views::account::activity as view;
use crate::views::activity_list::ActivityLine;
use crate::web::http::extract::SignedIn;
use crate::web::http::response::html;
use crate::web::http::state::AppState;

/// Shows one page of the activity, newest first.
pub async fn show(
    state: web::Data<AppState>,
    signed_in: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let older_than = in_query(&request, "older_than").and_then(|id| id.parse().ok());
    let account_id = signed_in.live.account_id;
    let found = state.own_account.activity(account_id, older_than).await?;
    let shown: Vec<_> = found.rows.iter().filter_map(shown).collect();
    let page = view::Activity {
        viewer: signed_in.viewer(),
        lines: shown.iter().map(line).collect(),
        is_older: older_than.is_some(),
        older_than: found.older_than,
        now: state.clock.now(),
    };
    Ok(html(StatusCode::OK, page.page(&state.site)))
}

/// A row with its kind and its detail as text. `None` for a kind that a newer version wrote.
fn shown(row: &Activity) -> Option<(&Activity, ActivityKind, Cow<'_, str>)> {
    let kind = row.kind.known()?;
    Some((row, kind, detail(kind, &row.detail)))
}

fn line<'a>(
    (row, kind, detail): &'a (&'a Activity, ActivityKind, Cow<'a, str>),
) -> ActivityLine<'a> {
    // Only admins may see the IP and the browser of another person, usually an admin.
    let theirs = row.actor.is_empty();
    ActivityLine {
        at: row.at,
        what: kind.describe(),
        whom: None,
        actor: (!theirs).then_some(&row.actor),
        ip: if theirs { &row.ip } else { "" },
        browser: if theirs { &row.browser } else { "" },
        detail,
    }
}

/// Leaves out the mail server's answer, which only admins may see.
fn detail(kind: ActivityKind, detail: &str) -> Cow<'_, str> {
    match kind {
        ActivityKind::CodeRequested => "".into(),
        ActivityKind::SignedIn => match WayIn::from_detail(detail) {
            Some((way_in, Some(method))) => format!("{}, by {method}", way_in.describe()).into(),
            Some((way_in, None)) => way_in.describe().into(),
            None => "".into(),
        },
        _ => detail.into(),
    }
}
