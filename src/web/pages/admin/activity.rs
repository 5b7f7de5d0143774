//! What happened, to everyone, and the same as a file.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::activity_csv::Export;
use super::activity_presenter::ActivityPresenter;
use super::{address, query};
use crate::accounts::activity::Filter;
use crate::domain::{ActivityKind, Timestamp};
use crate::error::AppError;
use crate::views::admin::{ACTIVITY, activity as view};
use crate::web::http::extract::Admin;
use crate::web::http::response::html;
use crate::web::http::state::AppState;

const FILE: &str = "/admin/activity.csv";
const NO_DAY: &str = "That is not a day. Write it as in 2026-11-23.";
const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// What stands in the address of both.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    email: String,
    kind: String,
    from: String,
    to: String,
    older_than: String,
}

/// Shows a page of it.
///
/// # Errors
/// When the database does not answer.
pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let asked: Asked = query(&request)?;
    let filter = asked.filter();
    let status = match filter {
        Some(_) => StatusCode::OK,
        None => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let (rows, older_than) = match filter {
        Some(filter) => {
            let page = state.activity.page(filter).await?;
            (page.rows, page.older_than)
        }
        None => (Vec::new(), None),
    };
    let told: Vec<_> = rows.iter().map(ActivityPresenter::of).collect();
    let page = view::Activity {
        viewer: admin.viewer(),
        filter: asked.as_typed(),
        lines: told.iter().map(ActivityPresenter::line_with_whom).collect(),
        newest: (!asked.older_than.is_empty()).then(|| asked.address(ACTIVITY, "")),
        older: older_than.map(|id| asked.address(ACTIVITY, &id.to_string())),
        file: asked.address(FILE, ""),
        now: state.clock.now(),
    };
    Ok(html(status, page.page(&state.site)))
}

/// Sends it as a file.
///
/// # Errors
/// When a day in the address is none.
pub async fn export(
    state: web::Data<AppState>,
    _: Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let asked: Asked = query(&request)?;
    let filter = asked
        .filter()
        .ok_or_else(|| AppError::Malformed(NO_DAY.to_owned()))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"activity.csv\""))
        .streaming(Export::of(state, filter)))
}

impl Asked {
    /// What is looked for; `None` when a day is none.
    fn filter(&self) -> Option<Filter> {
        let email = self.email.trim();
        let day = |text: &str| match text {
            "" => Some(None),
            text => Timestamp::start_of_day(text).map(Some),
        };
        Some(Filter {
            email: (!email.is_empty()).then(|| email.to_owned()),
            kinds: ActivityKind::from_word(&self.kind).into_iter().collect(),
            from: day(&self.from)?,
            before: day(&self.to)?.map(|last| last.plus(DAY)),
            older_than: self.older_than.parse().ok(),
            ..Filter::default()
        })
    }

    fn as_typed(&self) -> view::Filter<'_> {
        let wrong = |text: &str| !text.is_empty() && Timestamp::start_of_day(text).is_none();
        view::Filter {
            email: self.email.trim(),
            kind: ActivityKind::from_word(&self.kind),
            from: &self.from,
            to: &self.to,
            from_error: wrong(&self.from).then_some(NO_DAY),
            to_error: wrong(&self.to).then_some(NO_DAY),
        }
    }

    fn address(&self, path: &str, older_than: &str) -> String {
        let fields = [
            ("email", self.email.trim()),
            ("kind", &self.kind),
            ("from", &self.from),
            ("to", &self.to),
            ("older_than", older_than),
        ];
        address(path, &fields)
    }
}
