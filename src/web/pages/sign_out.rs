//! The way out.

use std::sync::Arc;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, REFRESH};
use actix_web::{HttpRequest, HttpResponse, web};

use super::email_step::set_cookie;
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views;
use crate::views::signed_out::There;
use crate::web::http::extract::{MaybeSignedIn, SignedIn};
use crate::web::http::response::Wants;
use crate::web::http::state::Console;

/// Ends the session of this browser. Twice is no error.
///
/// # Errors
/// When the database does not answer: the session goes on, and the page says so.
pub async fn sign_out(
    console: web::Data<Console>,
    wants: Wants,
    client: Client,
    signed_in: MaybeSignedIn,
    session: Session,
) -> Result<HttpResponse, AppError> {
    leave(&console, wants, client, signed_in.0, &session).await
}

/// Ends the session that is asking, and forgets it in this browser.
pub(super) async fn leave(
    console: &Console,
    wants: Wants,
    client: Client,
    signed_in: Option<SignedIn>,
    session: &Session,
) -> Result<HttpResponse, AppError> {
    let mut way_out = None;
    if let Some(signed_in) = signed_in {
        if let Some(workos) = &console.workos {
            way_out = workos.way_out(signed_in.live.id).await?;
        }
        let live = Arc::clone(&signed_in.live);
        console.sessions.end(signed_in.hash, live, client).await?;
        if let Some(workos) = &console.workos {
            workos.revocations.look_again();
        }
        log::info!(
            "account {} signed out of session {}",
            signed_in.live.account_id.0,
            signed_in.live.id.0
        );
    }
    session.purge();
    let mut response = wants.go_to("/signed-out");
    if let Some(address) = way_out
        .as_deref()
        .and_then(|address| console.cookies.lead_out(address))
    {
        set_cookie(&mut response, &address)?;
    }
    Ok(response)
}

/// Says that it is done. Right after a sign-out it goes through the provider's own logout, once: a
/// redirect from the form would be stopped by the browser, which holds `form-action` against it.
/// Nobody is sent to a provider that does not answer.
///
/// # Errors
/// When a cookie does not fit, which none of ours does.
pub async fn signed_out(
    console: web::Data<Console>,
    wants: Wants,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let Some(address) = console.cookies.way_out(&request) else {
        let screen = views::signed_out::screen(There::Nothing);
        return Ok(wants.screen(&console.site, StatusCode::OK, &screen));
    };
    let is_there = console.workos_answers().await;
    let there = if is_there {
        There::LeadsOut(&address)
    } else {
        There::IsToldLater
    };
    let screen = views::signed_out::screen(there);
    let mut response = wants.screen(&console.site, StatusCode::OK, &screen);
    if is_there && let Ok(value) = HeaderValue::from_str(&format!("0;url={address}")) {
        response.headers_mut().insert(REFRESH, value);
    }
    set_cookie(&mut response, &console.cookies.forget_way_out())?;
    Ok(response)
}
