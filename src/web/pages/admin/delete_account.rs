//! Removes an account, after asking.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{account_id, actor, address, see_other};
use crate::accounts::changes::ChangeError;
use crate::domain::AccountId;
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::delete_account::DeleteAccount;
use crate::web::http::extract::{Admin, SignedIn};
use crate::web::http::response::html;
use crate::web::http::state::AppState;

/// Asks.
///
/// # Errors
/// When there is no such account, or the database does not answer.
pub async fn ask(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    render(&state, &admin, id, None).await
}

/// Removes it.
///
/// # Errors
/// When there is no such account, or the database does not answer.
pub async fn delete(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    let deleted = state.directory.delete(actor(&admin, &client), id).await?;
    match deleted {
        Ok(_) => Ok(see_other(&address(ACCOUNTS, &[("done", "deleted")]))),
        Err(denied) => render(&state, &admin, id, Some(denied)).await,
    }
}

async fn render(
    state: &AppState,
    admin: &SignedIn,
    id: AccountId,
    denied: Option<ChangeError>,
) -> Result<HttpResponse, AppError> {
    let found = state.directory.details(id).await?;
    let details = found.ok_or(AppError::NotFound)?;
    let refused = details.is_last_admin.then_some(ChangeError::LastAdmin);
    let not_done = denied.or(refused).map(|denied| denied.to_string());
    let page = DeleteAccount {
        viewer: admin.viewer(),
        id,
        email: &details.account.email,
        not_done: not_done.as_deref(),
    };
    let status = match denied {
        Some(_) => StatusCode::CONFLICT,
        None => StatusCode::OK,
    };
    Ok(html(status, page.page(&state.site)))
}
