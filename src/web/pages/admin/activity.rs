//! The activity log of all accounts, as a page and as a CSV file.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::activity_csv::Export;
use super::activity_presenter::ActivityPresenter;
use super::{address, query};
use crate::accounts::activity::ActivityQuery;
use crate::domain::Timestamp;
use crate::error::AppError;
use crate::views::admin::{ACTIVITY, activity as view};
use crate::web::http::extract::Admin;
use crate::web::http::response::html;
use crate::web::http::state::AppState;

const FILE: &str = "/admin/activity.csv";
const NOT_A_DAY: &str = "Write the day as in 2026-11-23.";
const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// The query string of the page and of the file.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PageQuery {
    email: String,
    kind: String,
    from: String,
    to: String,
    older_than: String,
}

pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let page_query: PageQuery = query(&request)?;
    let parsed = page_query.parse();
    let status = match parsed {
        Some(_) => StatusCode::OK,
        None => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let (rows, older_than) = match parsed {
        Some(parsed) => {
            let page = state.activity.page(parsed).await?;
            (page.rows, page.older_than)
        }
        None => (Vec::new(), None),
    };
    let lines: Vec<_> = rows.iter().map(ActivityPresenter::of).collect();
    let page = view::Activity {
        viewer: admin.viewer(),
        filter: page_query.as_typed(),
        lines: lines
            .iter()
            .map(ActivityPresenter::line_with_whom)
            .collect(),
        newest: (!page_query.older_than.is_empty()).then(|| page_query.address(ACTIVITY, "")),
        older: older_than.map(|id| page_query.address(ACTIVITY, &id.to_string())),
        file: page_query.address(FILE, ""),
        now: state.clock.now(),
    };
    Ok(html(status, page.page(&state.site)))
}

pub async fn export(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let page_query: PageQuery = query(&request)?;
    let parsed = page_query
        .parse()
        .ok_or_else(|| AppError::Malformed(NOT_A_DAY.to_owned()))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"activity.csv\""))
        .streaming(Export::of(state, parsed, admin.hash)))
}

impl PageQuery {
    /// `None` when a day is malformed.
    fn parse(&self) -> Option<ActivityQuery> {
        let email = self.email.trim();
        let day = |text: &str| match text {
            "" => Some(None),
            text => Timestamp::start_of_day(text).map(Some),
        };
        Some(ActivityQuery {
            email: (!email.is_empty()).then(|| email.to_owned()),
            kind: self.kind.parse().ok(),
            from: day(&self.from)?,
            before: day(&self.to)?.map(|last| last.plus(DAY)),
            older_than: self.older_than.parse().ok(),
            ..ActivityQuery::default()
        })
    }

    fn as_typed(&self) -> view::FilterFields<'_> {
        let wrong = |text: &str| !text.is_empty() && Timestamp::start_of_day(text).is_none();
        view::FilterFields {
            email: self.email.trim(),
            kind: self.kind.parse().ok(),
            from: &self.from,
            to: &self.to,
            from_error: wrong(&self.from).then_some(NOT_A_DAY),
            to_error: wrong(&self.to).then_some(NOT_A_DAY),
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
