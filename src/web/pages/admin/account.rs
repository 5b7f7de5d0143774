//! One account, and what can be done to it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::activity_presenter::ActivityPresenter;
use super::{account_id, account_path, actor, address, moment, number, query, see_other, state_of};
use crate::accounts::changes::ChangeError;
use crate::accounts::directory::Change;
use crate::db::accounts::AccountRow;
use crate::domain::{AccountId, Role, SessionId};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::account::Account;
use crate::views::admin::{ACTIVITY, CODES};
use crate::views::dashboard::SessionLine;
use crate::web::http::extract::{Admin, SignedIn};
use crate::web::http::response::html;
use crate::web::http::state::AppState;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    done: String,
}

/// Shows it.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    let asked: Asked = query(&request)?;
    let notes = Notes {
        done: &asked.done,
        denied: None,
    };
    render(&state, &admin, id, &notes).await
}

/// Confirms, suspends, restores, and so on, as the path says.
///
/// # Errors
/// When there is no such account or verb, or the database does not answer.
pub async fn change(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    let word = request.match_info().get("change").unwrap_or_default();
    let change = Change::from_word(word).ok_or(AppError::NotFound)?;
    let changed = state
        .directory
        .change(actor(&admin, &client), id, change)
        .await?;
    let changed = changed.map(|_| change.word());
    answer(&state, &admin, id, changed).await
}

/// Ends one of its sessions.
///
/// # Errors
/// When there is no such account, or the database does not answer.
pub async fn end_session(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    let session = SessionId(number(&request, "session")?);
    let ended = state
        .directory
        .end_sessions(actor(&admin, &client), id, Some(session))
        .await?;
    answer(&state, &admin, id, ended.map(|_| "ended")).await
}

/// Ends all of its sessions.
///
/// # Errors
/// When there is no such account, or the database does not answer.
pub async fn end_all_sessions(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    let ended = state
        .directory
        .end_sessions(actor(&admin, &client), id, None)
        .await?;
    answer(&state, &admin, id, ended.map(|_| "all-ended")).await
}

/// What is said above the account.
struct Notes<'a> {
    /// The word for what was done; may be empty.
    done: &'a str,
    denied: Option<ChangeError>,
}

/// Back to the account; or the account again, with why it was left as it is.
async fn answer(
    state: &AppState,
    admin: &SignedIn,
    id: AccountId,
    outcome: Result<&'static str, ChangeError>,
) -> Result<HttpResponse, AppError> {
    match outcome {
        Ok(done) => Ok(see_other(&address(&account_path(id), &[("done", done)]))),
        Err(denied) => {
            let notes = Notes {
                done: "",
                denied: Some(denied),
            };
            render(state, admin, id, &notes).await
        }
    }
}

async fn render(
    state: &AppState,
    admin: &SignedIn,
    id: AccountId,
    notes: &Notes<'_>,
) -> Result<HttpResponse, AppError> {
    let found = state.directory.details(id).await?;
    let details = found.ok_or(AppError::NotFound)?;
    let sessions = state.sessions.of_account(id)?;
    let told: Vec<_> = details.activity.iter().map(ActivityPresenter::of).collect();
    let account = &details.account;
    let not_done = notes.denied.map(|denied| denied.to_string());
    let now = state.clock.now();
    let page = Account {
        viewer: admin.viewer(),
        id,
        email: &account.email,
        name: &account.name,
        role: &account.role,
        state: state_of(account),
        is_last_admin: details.is_last_admin,
        created_at: details.created_at,
        last_sign_in: details.last_sign_in,
        moved_at: moment(account.moved_at),
        suspended_at: moment(account.suspended_at),
        sessions: sessions
            .in_force(now)
            .map(|listed| (listed.id.0, SessionLine::of(&listed, admin.live.id)))
            .collect(),
        activity: told.iter().map(ActivityPresenter::line).collect(),
        all_activity: address(ACTIVITY, &[("email", &account.email)]),
        why_no_code: address(CODES, &[("email", &account.email)]),
        done: done(notes.done, account),
        not_done: not_done.as_deref(),
        now,
    };
    let status = match notes.denied {
        Some(_) => StatusCode::CONFLICT,
        None => StatusCode::OK,
    };
    Ok(html(status, page.page(&state.site)))
}

/// What was done just before this page was opened, and what that means as the account is now. Nothing
/// that is not so: the word stands in the address.
fn done(word: &str, account: &AccountRow) -> Option<&'static str> {
    let state = state_of(account);
    let is_admin = account.role == Role::Admin.as_str();
    let words = match word {
        "added" => "Added. An invitation is on its way.",
        "ended" => "The session has ended.",
        "all-ended" => "All sessions have ended.",
        _ => match Change::from_word(word)? {
            Change::Confirm if !state.confirmed => return None,
            Change::Confirm if state.suspended => "Confirmed. The account is still suspended.",
            Change::Confirm => "Confirmed. The account can sign in from now on.",
            Change::Suspend if !state.suspended => return None,
            Change::Suspend => "Suspended. All sessions have ended.",
            Change::Restore if state.suspended => return None,
            Change::Restore if !state.confirmed => "Restored. The account isn’t confirmed yet.",
            Change::Restore => "Restored. The account can sign in again.",
            Change::MakeAdmin => is_admin.then_some("An admin from now on.")?,
            Change::MakeMember => (!is_admin).then_some("A member from now on.")?,
            Change::MoveBack if state.moved => return None,
            Change::MoveBack if state.suspended => "Moved back. The account is still suspended.",
            Change::MoveBack if !state.confirmed => "Moved back. The account isn’t confirmed yet.",
            Change::MoveBack => "Moved back. The account gets codes again.",
        },
    };
    Some(words)
}
