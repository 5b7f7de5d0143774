//! The way out.

use std::sync::Arc;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, REFRESH};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views;
use crate::views::signed_out::LogoutStep;
use crate::web::http::extract::{MaybeSignedIn, SignedIn};
use crate::web::http::response::{ResponseMode, set_cookie};
use crate::web::http::state::AppState;

/// Ends the session of this browser. Twice is no error.
///
/// # Errors
/// When the database does not answer: the session goes on, and the page says so.
pub async fn sign_out(
    state: web::Data<AppState>,
    wants: ResponseMode,
    client: Client,
    signed_in: MaybeSignedIn,
    session: Session,
) -> Result<HttpResponse, AppError> {
    leave(&state, wants, client, signed_in.0, &session).await
}

/// Ends the session that is asking, and forgets it in this browser.
pub(super) async fn leave(
    state: &AppState,
    wants: ResponseMode,
    client: Client,
    signed_in: Option<SignedIn>,
    session: &Session,
) -> Result<HttpResponse, AppError> {
    let mut provider_logout_url = None;
    if let Some(signed_in) = signed_in {
        if let Some(workos) = &state.workos {
            provider_logout_url = workos.provider_logout_url(signed_in.live.id).await?;
        }
        let live = Arc::clone(&signed_in.live);
        state.sessions.end(signed_in.hash, live, client).await?;
        if let Some(workos) = &state.workos {
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
    if let Some(address) = provider_logout_url
        .as_deref()
        .and_then(|address| state.cookies.lead_out(address))
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
    state: web::Data<AppState>,
    wants: ResponseMode,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let Some(address) = state.cookies.provider_logout_url(&request) else {
        let screen = views::signed_out::screen(LogoutStep::Nothing);
        return Ok(wants.screen(&state.site, StatusCode::OK, &screen));
    };
    let is_there = state.workos_answers().await;
    let there = if is_there {
        LogoutStep::LeadsOut(&address)
    } else {
        LogoutStep::IsToldLater
    };
    let screen = views::signed_out::screen(there);
    let mut response = wants.screen(&state.site, StatusCode::OK, &screen);
    if is_there && let Ok(value) = HeaderValue::from_str(&format!("0;url={address}")) {
        response.headers_mut().insert(REFRESH, value);
    }
    set_cookie(&mut response, &state.cookies.forget_way_out())?;
    Ok(response)
}
