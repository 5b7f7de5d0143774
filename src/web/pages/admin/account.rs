//! One account, and the changes to it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::activity_presenter::ActivityPresenter;
use super::{account_id, account_path, actor, address, number, query, see_other, state_of};
use crate::accounts::account::Account;
use crate::accounts::changes::{Change, ChangeError};
use crate::domain::{AccountId, AdmittedBy, Role, SessionId};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::{ACTIVITY, CODES, account as view};
use crate::views::dashboard::SessionLine;
use crate::web::http::extract::{Admin, SignedIn};
use crate::web::http::response::html;
use crate::web::http::state::AppState;

#[derive(Deserialize, Default)]
#[serde(default)]
struct AccountQuery {
    /// The change that was just made.
    done: String,
}

pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    let AccountQuery { done } = query(&request)?;
    render(&state, &admin, id, &done, None).await
}

/// Makes the change that the path names.
pub async fn change(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    let word = request.match_info().get("change").unwrap_or_default();
    let change = change_of(word).ok_or(AppError::NotFound)?;
    let changed = state
        .directory
        .change(actor(&admin, &client), id, change)
        .await;
    answer(&state, &admin, id, changed.map(|_| word)).await
}

/// Ends one session of the account.
pub async fn end_session(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    let session = number::<SessionId>(&request, "session")?;
    let ended = state
        .directory
        .end_sessions(actor(&admin, &client), id, Some(session))
        .await;
    answer(&state, &admin, id, ended.map(|()| "ended")).await
}

/// Ends all sessions of the account, and forgets its known browsers.
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
        .await;
    answer(&state, &admin, id, ended.map(|()| "all-ended")).await
}

/// Redirects to the account after a change, or shows the account with the reason why it was not changed.
async fn answer(
    state: &AppState,
    admin: &SignedIn,
    id: AccountId,
    changed: Result<&str, ChangeError>,
) -> Result<HttpResponse, AppError> {
    match changed {
        Ok(done) => Ok(see_other(&address(&account_path(id), &[("done", done)]))),
        Err(error @ (ChangeError::Database(_) | ChangeError::NotAuthorized(_))) => {
            Err(error.into())
        }
        Err(refusal) => render(state, admin, id, "", Some(refusal)).await,
    }
}

async fn render(
    state: &AppState,
    admin: &SignedIn,
    id: AccountId,
    done: &str,
    refusal: Option<ChangeError>,
) -> Result<HttpResponse, AppError> {
    let found = state.directory.details(id).await?;
    let details = found.ok_or(AppError::NotFound)?;
    let sessions = state.sessions.of_account(id)?;
    let activity: Vec<_> = details.activity.iter().map(ActivityPresenter::of).collect();
    let account = &details.account;
    let not_done = refusal.map(|refusal| refusal.to_string());
    let now = state.clock.now();
    let page = view::Account {
        viewer: admin.viewer(),
        id,
        email: account.email.as_str(),
        name: &account.name,
        role: account.role.as_str(),
        state: state_of(account),
        is_last_admin: details.is_last_admin,
        created_at: details.created_at,
        last_sign_in: account.last_sign_in_at,
        moved_at: account.moved_at,
        admitted_by: rule_of(account),
        suspended_at: account.suspended_at,
        known_browsers: details.known_browsers,
        sessions: sessions
            .in_force(now)
            .map(|listed| (listed.id.0, SessionLine::of(&listed, admin.live.id)))
            .collect(),
        activity: activity.iter().map(ActivityPresenter::line).collect(),
        all_activity: address(ACTIVITY, &[("email", account.email.as_str())]),
        why_no_code: address(CODES, &[("email", account.email.as_str())]),
        done: describe_done(done, account),
        not_done: not_done.as_deref(),
        now,
    };
    let status = match not_done {
        Some(_) => StatusCode::CONFLICT,
        None => StatusCode::OK,
    };
    Ok(html(status, page.page(&state.site)))
}

/// The rule that an account depends on; `None` for an invited one.
fn rule_of(account: &Account) -> Option<&'static str> {
    match account.admitted_by.known()? {
        AdmittedBy::Invitation => None,
        AdmittedBy::Organization => Some("WorkOS organization"),
        AdmittedBy::Domain => Some("Email domain"),
    }
}

/// The change that a URL names, as in `/admin/accounts/7/suspend`.
fn change_of(word: &str) -> Option<Change> {
    Some(match word {
        "confirm" => Change::Confirm,
        "suspend" => Change::Suspend,
        "restore" => Change::Restore,
        "make-admin" => Change::SetRole(Role::Admin),
        "make-member" => Change::SetRole(Role::Member),
        "move-back" => Change::MoveBack,
        _ => return None,
    })
}

/// Describes the change that was just made. `word` comes from the URL, so the text is shown only if it agrees with the
/// account's state.
fn describe_done(word: &str, account: &Account) -> Option<&'static str> {
    let state = state_of(account);
    let is_admin = account.role == Role::Admin;
    let words = match word {
        "added" => "Added. An invitation is on its way.",
        "ended" => "The session has ended.",
        "all-ended" => "All sessions have ended, and every browser counts as new.",
        _ => match change_of(word)? {
            Change::Confirm if !state.confirmed => return None,
            Change::Confirm if state.suspended => "Confirmed. The account is still suspended.",
            Change::Confirm => "Confirmed. The account can sign in now.",
            Change::Suspend if !state.suspended => return None,
            Change::Suspend => "Suspended. All sessions have ended.",
            Change::Restore if state.suspended => return None,
            Change::Restore if !state.confirmed => "Restored. The account isn’t confirmed yet.",
            Change::Restore => "Restored. The account can sign in again.",
            Change::SetRole(Role::Admin) => is_admin.then_some("Now an admin.")?,
            Change::SetRole(Role::Member) => (!is_admin).then_some("Now a member.")?,
            Change::MoveBack if state.moved => return None,
            Change::MoveBack if state.suspended => "Moved back. The account is still suspended.",
            Change::MoveBack if !state.confirmed => "Moved back. The account isn’t confirmed yet.",
            Change::MoveBack => "Moved back. The account gets codes again.",
            Change::Delete => return None,
        },
    };
    Some(words)
}
