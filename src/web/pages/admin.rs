//! The pages for admins. Each handler takes `Admin`, or an extractor that starts with it, before any other extractor,
//! so that a member gets a 404 and no other error.

pub mod account;
pub mod accounts;
pub mod activity;
pub mod activity_csv;
mod activity_presenter;
pub mod codes;
pub mod delete_account;
pub mod import;

use std::str::FromStr;

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::accounts::account::Account;
use crate::accounts::changes::Actor;
use crate::domain::AccountId;
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::accounts::State;
use crate::web::http::extract::{Admin, SignedIn};

/// Redirects to the section's first page.
pub async fn enter(_: Admin) -> Result<HttpResponse, AppError> {
    Ok(see_other(ACCOUNTS))
}

fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path))
        .finish()
}

fn actor(admin: &SignedIn, client: &Client) -> Actor {
    Actor::admin(&admin.live, client)
}

/// A number in the path; 404 for any other text.
fn number<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, AppError> {
    let text = request.match_info().get(name);
    text.and_then(|text| text.parse().ok())
        .ok_or(AppError::NotFound)
}

fn account_id(request: &HttpRequest) -> Result<AccountId, AppError> {
    number(request, "id")
}

fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, AppError> {
    web::Query::<T>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .map_err(|e| AppError::Malformed(e.to_string()))
}

/// A path with a query string of the fields that are not empty.
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

fn state_of(account: &Account) -> State {
    State {
        confirmed: account.confirmed_at.is_some(),
        suspended: account.suspended_at.is_some(),
        moved: account.moved_at.is_some(),
    }
}
