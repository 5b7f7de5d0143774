//! Deletes an account, after a confirmation.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{account_id, actor, address, see_other};
use crate::accounts::changes::{Change, ChangeError};
use crate::domain::AccountId;
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::delete_account::DeleteAccount;
use crate::web::http::extract::{Admin, SignedIn};
use crate::web::http::response::html;
use crate::web::http::state::AppState;

/// Asks for the confirmation.
pub async fn ask(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    render(&state, &admin, id, None).await
}

pub async fn delete(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let id = account_id(&request)?;
    let deleted = state
        .directory
        .change(actor(&admin, &client), id, Change::Delete)
        .await;
    match deleted {
        Ok(_) => Ok(see_other(&address(ACCOUNTS, &[("done", "deleted")]))),
        Err(error @ (ChangeError::Database(_) | ChangeError::NotAuthorized(_))) => {
            Err(error.into())
        }
        Err(refusal) => render(&state, &admin, id, Some(refusal)).await,
    }
}

async fn render(
    state: &AppState,
    admin: &SignedIn,
    id: AccountId,
    refusal: Option<ChangeError>,
) -> Result<HttpResponse, AppError> {
    let found = state.directory.details(id).await?;
    let details = found.ok_or(AppError::NotFound)?;
    let status = match refusal {
        Some(_) => StatusCode::CONFLICT,
        None => StatusCode::OK,
    };
    // The page says so before the admin tries.
    let last_admin = details.is_last_admin.then_some(ChangeError::LastAdmin);
    let not_done = refusal.or(last_admin).map(|refusal| refusal.to_string());
    let page = DeleteAccount {
        viewer: admin.viewer(),
        id,
        email: details.account.email.as_str(),
        not_done: not_done.as_deref(),
    };
    Ok(html(status, page.page(&state.site)))
}
