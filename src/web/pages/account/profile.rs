//! What somebody is called.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::in_query;
use crate::domain::PersonName;
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::account::profile::Profile;
use crate::web::http::extract::{NameForm, SignedIn, Timely};
use crate::web::http::response::{Wants, html};
use crate::web::http::state::Console;

/// What is shown again of a name that is not taken, in characters.
const ECHOED: usize = 300;

/// Shows the page.
///
/// # Errors
/// When the database does not answer.
pub async fn show(
    console: web::Data<Console>,
    signed_in: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let live = &signed_in.live;
    let saved = in_query(&request, "done").is_some_and(|word| word == "saved");
    let page = Profile {
        who: signed_in.who(),
        name: &live.name,
        error: None,
        done: saved.then_some("Your name is saved."),
        moved_at: console.own_account.moved_at(live.account_id).await?,
    };
    Ok(html(StatusCode::OK, page.page(&console.site)))
}

/// Changes the name.
///
/// # Errors
/// When the database does not answer.
pub async fn rename(
    console: web::Data<Console>,
    signed_in: SignedIn,
    client: Client,
    Timely(form): Timely<NameForm>,
) -> Result<HttpResponse, AppError> {
    let live = &signed_in.live;
    match PersonName::parse(&form.name) {
        Ok(name) => {
            console
                .own_account
                .rename(Arc::clone(live), name, client)
                .await?;
            Ok(Wants::Page.go_to("/account?done=saved"))
        }
        Err(invalid) => {
            let typed: String = form.name.chars().take(ECHOED).collect();
            let page = Profile {
                who: signed_in.who(),
                name: &typed,
                error: Some(invalid.to_string()),
                done: None,
                moved_at: console.own_account.moved_at(live.account_id).await?,
            };
            let page = page.page(&console.site);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}
