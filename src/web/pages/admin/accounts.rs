//! The list of accounts, page by page, with the form to add one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::{account_path, actor, address, query, see_other, state_of};
use crate::accounts::account::Account;
use crate::accounts::changes::ChangeError;
use crate::accounts::directory::{AccountsQuery, Invitee};
use crate::domain::{Email, PersonName, Role, words};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::accounts::{AccountLine, Accounts, Adding};
use crate::web::http::extract::{Admin, FromAdmin, SignedIn};
use crate::web::http::response::html;
use crate::web::http::state::AppState;

/// The page's query string.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PageQuery {
    /// The search text.
    q: String,
    /// The last address of the page before.
    after: String,
    /// Opens the form, with this address in it.
    add: Option<String>,
    /// The change that was just made, and to how many accounts.
    done: String,
    count: i64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct AddForm {
    email: String,
    name: String,
    role: String,
}

pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let page_query: PageQuery = query(&request)?;
    let adding = Adding {
        open: page_query.add.is_some(),
        email: page_query.add.as_deref().unwrap_or_default(),
        ..Adding::default()
    };
    render(&state, &admin, &page_query, adding, StatusCode::OK).await
}

/// Adds an account and sends it an invitation.
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
    let first_page = PageQuery::default();
    let (email, name) = match (Email::parse(&form.email), PersonName::parse(&form.name)) {
        (Ok(email), Ok(name)) => (email, name.as_str().to_owned()),
        (email, name) => {
            adding.email_error = email.err().map(|e| e.to_string());
            adding.name_error = name.err().map(|e| e.to_string());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return render(&state, &admin, &first_page, adding, status).await;
        }
    };
    let invitee = Invitee { email, name, role };
    match state.directory.add(actor(&admin, &client), invitee).await {
        Ok(account) => {
            let path = account_path(account.id);
            Ok(see_other(&address(&path, &[("done", "added")])))
        }
        Err(error @ (ChangeError::Database(_) | ChangeError::NotAuthorized(_))) => {
            Err(error.into())
        }
        Err(refusal) => {
            adding.email_error = Some(refusal.to_string());
            render(&state, &admin, &first_page, adding, StatusCode::CONFLICT).await
        }
    }
}

async fn render(
    state: &AppState,
    admin: &SignedIn,
    page_query: &PageQuery,
    adding: Adding<'_>,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let text = page_query.q.trim();
    let after = &page_query.after;
    let found = state
        .directory
        .page(AccountsQuery {
            text: text.to_owned(),
            after: (!after.is_empty()).then(|| after.clone()),
        })
        .await?;
    let at = |after: &str| address(ACCOUNTS, &[("q", text), ("after", after)]);
    let done = describe_done(page_query);
    let page = Accounts {
        viewer: admin.viewer(),
        text,
        count: found.count,
        lines: found.accounts.iter().map(line).collect(),
        first: (!after.is_empty()).then(|| at("")),
        next: found.after.as_deref().map(at),
        adding,
        done: done.as_deref(),
        now: state.clock.now(),
    };
    Ok(html(status, page.page(&state.site)))
}

fn line(account: &Account) -> AccountLine<'_> {
    AccountLine {
        id: account.id,
        email: account.email.as_str(),
        name: &account.name,
        role: account.role.as_str(),
        state: state_of(account),
        last_sign_in: account.last_sign_in_at,
    }
}

fn describe_done(page_query: &PageQuery) -> Option<String> {
    match (page_query.done.as_str(), page_query.count) {
        ("deleted", _) => Some("The account was deleted.".to_owned()),
        ("imported", count @ 0..) => Some(words::counted(
            count,
            "account was added.",
            "accounts were added.",
        )),
        _ => None,
    }
}
