//! Every account, page by page, and the form for somebody new.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::{account_path, actor, address, moment, query, see_other, state_of};
use crate::accounts::directory::{self, Invitee, Search};
use crate::domain::{Email, PersonName, Role, words};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::accounts::{Accounts, Adding, Line};
use crate::web::http::extract::{Admin, FromAdmin, SignedIn};
use crate::web::http::response::html;
use crate::web::http::state::AppState;

/// What stands in the page's address.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    q: String,
    after: String,
    add: Option<String>,
    done: String,
    count: i64,
}

/// The form for somebody new.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct AddForm {
    email: String,
    name: String,
    role: String,
}

/// Shows a page of them.
///
/// # Errors
/// When the database does not answer.
pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let asked: Asked = query(&request)?;
    let adding = Adding {
        open: asked.add.is_some(),
        email: asked.add.as_deref().unwrap_or_default(),
        ..Adding::default()
    };
    render(&state, &admin, &asked, adding, StatusCode::OK).await
}

/// Adds somebody, and sends them an invitation.
///
/// # Errors
/// When the database does not answer.
pub async fn add(
    state: web::Data<AppState>,
    FromAdmin(admin, form): FromAdmin<AddForm>,
    client: Client,
) -> Result<HttpResponse, AppError> {
    let role = form.role.parse().unwrap_or(Role::Member);
    let mut adding = Adding {
        open: true,
        email: &form.email,
        name: &form.name,
        as_admin: role == Role::Admin,
        ..Adding::default()
    };
    let nothing = Asked::default();
    let (email, name) = match (Email::parse(&form.email), PersonName::parse(&form.name)) {
        (Ok(email), Ok(name)) => (email, name.as_str().to_owned()),
        (email, name) => {
            adding.email_error = email.err().map(|e| e.to_string());
            adding.name_error = name.err().map(|e| e.to_string());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return render(&state, &admin, &nothing, adding, status).await;
        }
    };
    let invitee = Invitee { email, name, role };
    match state.directory.add(actor(&admin, &client), invitee).await? {
        Ok(account) => {
            let path = account_path(account.account_id());
            Ok(see_other(&address(&path, &[("done", "added")])))
        }
        Err(denied) => {
            adding.email_error = Some(denied.to_string());
            render(&state, &admin, &nothing, adding, StatusCode::CONFLICT).await
        }
    }
}

async fn render(
    state: &AppState,
    admin: &SignedIn,
    asked: &Asked,
    adding: Adding<'_>,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let text = asked.q.trim();
    let search = Search {
        text: text.to_owned(),
        after: (!asked.after.is_empty()).then(|| asked.after.clone()),
    };
    let found = state.directory.page(search).await?;
    let at = |after: &str| address(ACCOUNTS, &[("q", text), ("after", after)]);
    let done = done(asked);
    let page = Accounts {
        viewer: admin.viewer(),
        text,
        count: found.count,
        lines: found.lines.iter().map(line).collect(),
        first: (!asked.after.is_empty()).then(|| at("")),
        next: found.after.as_deref().map(at),
        adding,
        done: done.as_deref(),
        now: state.clock.now(),
    };
    Ok(html(status, page.page(&state.site)))
}

fn line(line: &directory::Line) -> Line<'_> {
    let account = &line.account;
    Line {
        id: account.account_id(),
        email: &account.email,
        name: &account.name,
        role: &account.role,
        state: state_of(account),
        last_sign_in: moment(line.last_sign_in.map(|at| at.0)),
    }
}

/// What was done just before this page was opened.
fn done(asked: &Asked) -> Option<String> {
    match (asked.done.as_str(), asked.count) {
        ("deleted", _) => Some("The account is gone.".to_owned()),
        ("imported", count @ 0..) => Some(words::counted(
            count,
            "account was added.",
            "accounts were added.",
        )),
        _ => None,
    }
}
