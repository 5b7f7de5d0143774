//! The viewer's name, address and sign-in method.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::in_query;
use crate::domain::PersonName;
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::account::profile::Profile;
use crate::web::http::extract::{LimitedForm, NameForm, SignedIn};
use crate::web::http::response::{ResponseMode, html};
use crate::web::http::state::AppState;

/// The part of a refused name that the form shows again, in characters.
const ECHOED: usize = 300;

pub async fn show(
    state: web::Data<AppState>,
    signed_in: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let live = &signed_in.live;
    let saved = in_query(&request, "done").is_some_and(|word| word == "saved");
    let page = Profile {
        viewer: signed_in.viewer(),
        name: &live.name,
        error: None,
        done: saved.then_some("Your name is saved."),
        moved_at: state.own_account.moved_at(live.account_id).await?,
        authentication: live.authentication.as_ref(),
    };
    Ok(html(StatusCode::OK, page.page(&state.site)))
}

pub async fn rename(
    state: web::Data<AppState>,
    signed_in: SignedIn,
    client: Client,
    LimitedForm(form): LimitedForm<NameForm>,
) -> Result<HttpResponse, AppError> {
    let live = &signed_in.live;
    match PersonName::parse(&form.name) {
        Ok(name) => {
            state
                .own_account
                .rename(Arc::clone(live), name, client)
                .await?;
            Ok(ResponseMode::Page.go_to("/account?done=saved"))
        }
        Err(invalid) => {
            let typed: String = form.name.chars().take(ECHOED).collect();
            let page = Profile {
                viewer: signed_in.viewer(),
                name: &typed,
                error: Some(invalid.to_string()),
                done: None,
                moved_at: state.own_account.moved_at(live.account_id).await?,
                authentication: live.authentication.as_ref(),
            };
            let page = page.page(&state.site);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}
