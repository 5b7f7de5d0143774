//! The pages for admins: parse, one verb, render. Each handler takes `Admin`, or an extractor that
//! begins with it, before anything else of the request is judged: to a member there is no such page.

pub mod account;
pub mod accounts;
pub mod activity;
pub mod activity_csv;
mod activity_presenter;
pub mod codes;
pub mod delete_account;
pub mod import;

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::accounts::changes::Actor;
use crate::accounts::directory::AccountRow;
use crate::domain::{AccountId, Timestamp};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::accounts::State;
use crate::web::http::extract::{Admin, SignedIn};

/// The section's own address leads to its first page.
///
/// # Errors
/// None of its own.
pub async fn enter(_: Admin) -> Result<HttpResponse, AppError> {
    Ok(see_other(ACCOUNTS))
}

fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path))
        .finish()
}

fn actor(admin: &SignedIn, client: &Client) -> Actor {
    Actor::admin(&admin.live.email, client)
}

/// A number in the path; what is none leads nowhere.
fn number(request: &HttpRequest, name: &str) -> Result<i64, AppError> {
    let text = request.match_info().get(name);
    text.and_then(|text| text.parse().ok())
        .ok_or(AppError::NotFound)
}

fn account_id(request: &HttpRequest) -> Result<AccountId, AppError> {
    number(request, "id").map(AccountId)
}

fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, AppError> {
    web::Query::<T>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .map_err(|e| AppError::Malformed(e.to_string()))
}

/// A path with those of the fields that have something in them.
fn address(path: &str, fields: &[(&str, &str)]) -> String {
    let filled = fields.iter().filter(|(_, value)| !value.is_empty());
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(filled)
        .finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

fn account_path(id: AccountId) -> String {
    format!("{ACCOUNTS}/{}", id.0)
}

fn state_of(account: &AccountRow) -> State {
    State {
        confirmed: account.confirmed_at.is_some(),
        suspended: account.suspended_at.is_some(),
        moved: account.moved_at.is_some(),
    }
}

fn moment(at: Option<i64>) -> Option<Timestamp> {
    at.map(Timestamp)
}
