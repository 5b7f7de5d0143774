//! Sign-out.

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

/// Ends this browser's session. Succeeds without a session.
///
/// # Errors
/// The session continues, and the page says so.
pub async fn sign_out(
    state: web::Data<AppState>,
    wants: ResponseMode,
    client: Client,
    signed_in: MaybeSignedIn,
    session: Session,
) -> Result<HttpResponse, AppError> {
    leave(&state, wants, client, signed_in.0, &session).await
}

/// Ends the session and removes its cookie.
pub(super) async fn leave(
    state: &AppState,
    wants: ResponseMode,
    client: Client,
    signed_in: Option<SignedIn>,
    session: &Session,
) -> Result<HttpResponse, AppError> {
    let mut provider_logout = None;
    if let Some(signed_in) = signed_in {
        if let Some(provider) = &state.provider {
            provider_logout = provider.begin_logout(signed_in.live.id).await?;
        }
        let live = Arc::clone(&signed_in.live);
        state.sessions.end(signed_in.hash, live, client).await?;
        log::info!(
            "account {} signed out of session {}",
            signed_in.live.account_id.0,
            signed_in.live.id.0
        );
    }
    session.purge();
    let mut response = wants.go_to("/signed-out");
    if let Some(token) = &provider_logout {
        set_cookie(
            &mut response,
            &state.cookies.remember_provider_logout(token),
        )?;
    }
    Ok(response)
}

/// Confirms the sign-out. Right after it, this page refreshes to the provider's logout page, once.
///
/// The sign-out itself cannot redirect there: a browser applies `form-action` to redirects of a form.
/// A provider that does not answer is skipped.
pub async fn signed_out(
    state: web::Data<AppState>,
    wants: ResponseMode,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let url = match (&state.provider, state.cookies.provider_logout(&request)) {
        (Some(provider), Some(token)) => provider.take_logout_url(token).await?,
        _ => None,
    };
    let Some(url) = url else {
        let screen = views::signed_out::screen(LogoutStep::Nothing);
        return Ok(wants.screen(&state.site, StatusCode::OK, &screen));
    };
    let is_reachable = state.confirm_provider_reachable().await;
    let step = if is_reachable {
        LogoutStep::LeadsOut(&url)
    } else {
        LogoutStep::IsToldLater
    };
    let screen = views::signed_out::screen(step);
    let mut response = wants.screen(&state.site, StatusCode::OK, &screen);
    if is_reachable && let Ok(value) = HeaderValue::from_str(&format!("0;url={url}")) {
        response.headers_mut().insert(REFRESH, value);
    }
    set_cookie(&mut response, &state.cookies.forget_provider_logout())?;
    Ok(response)
}
