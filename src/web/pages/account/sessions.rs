//! The viewer's sessions, each with a button that ends it, and known browsers, each with a button that forgets it.

use std::sync::Arc;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::in_query;
use crate::domain::{KnownBrowserId, SessionId};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::sign_in::known_browsers::ListedBrowser;
use crate::sign_in::session::{LISTED, Listed};
use crate::views::account::sessions::{BrowserLine, Sessions};
use crate::views::dashboard::SessionLine;
use crate::web::http::extract::SignedIn;
use crate::web::http::response::{ResponseMode, html, set_cookie};
use crate::web::http::state::AppState;
use crate::web::pages::sign_out::leave;

/// Lists the sessions and the known browsers of the account, those of this browser first.
pub async fn show(
    state: web::Data<AppState>,
    signed_in: SignedIn,
    client: Client,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let live = &signed_in.live;
    let browsers = state.browsers.of_account(live.account_id, &client).await?;
    let now = state.clock.now();
    let of_account = state.sessions.of_account(live.account_id)?;
    let listed: Vec<_> = of_account.in_force(now).collect();
    let (this_one, others): (Vec<&Listed>, Vec<&Listed>) =
        listed.iter().partition(|row| row.id == live.id);
    let in_order = this_one.into_iter().chain(others);
    let page = Sessions {
        viewer: signed_in.viewer(),
        is_cut_off: listed.len() as i64 >= LISTED,
        sessions: in_order
            .map(|row| (row.id, SessionLine::of(row, live.id)))
            .collect(),
        browsers: browsers.iter().map(line).collect(),
        done: in_query(&request, "done").and_then(|word| describe(&word)),
        now,
    };
    Ok(html(StatusCode::OK, page.page(&state.site)))
}

/// Ends one session of the account. Ending the session of this browser is a sign-out. The response is the same for a
/// session of another account and for a session that has already ended.
///
/// # Errors
/// The session continues, and the page says so.
pub async fn end(
    state: web::Data<AppState>,
    signed_in: SignedIn,
    client: Client,
    session: Session,
    path: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    let id = SessionId(path.parse().map_err(|_| AppError::NotFound)?);
    if id == signed_in.live.id {
        return leave(
            &state,
            ResponseMode::Page,
            client,
            Some(signed_in),
            &session,
        )
        .await;
    }
    let live = Arc::clone(&signed_in.live);
    state.sessions.end_one(id, live, client).await?;
    Ok(ResponseMode::Page.go_to("/account/sessions?done=ended"))
}

/// Ends every session of the account except the session of this browser, and forgets its other browsers.
///
/// # Errors
/// All sessions continue, and the page says so.
pub async fn end_others(
    state: web::Data<AppState>,
    signed_in: SignedIn,
    client: Client,
) -> Result<HttpResponse, AppError> {
    let live = Arc::clone(&signed_in.live);
    let newer = state.sessions.end_others(live, client).await?;
    let mut response = ResponseMode::Page.go_to("/account/sessions?done=others-ended");
    if let Some(token) = &newer {
        set_cookie(&mut response, &state.cookies.remember_browser(token))?;
    }
    Ok(response)
}

/// Forgets a known browser of the account. The response is the same for a browser of another account and for a browser
/// that is not known any more.
///
/// # Errors
/// The browser stays known, and the page says so.
pub async fn forget_browser(
    state: web::Data<AppState>,
    signed_in: SignedIn,
    client: Client,
    path: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    let id = KnownBrowserId(path.parse().map_err(|_| AppError::NotFound)?);
    let live = Arc::clone(&signed_in.live);
    state.browsers.forget(id, live, client).await?;
    Ok(ResponseMode::Page.go_to("/account/sessions?done=forgotten"))
}

fn line(browser: &ListedBrowser) -> BrowserLine<'_> {
    BrowserLine {
        id: browser.id,
        browser: &browser.browser,
        created_at: browser.created_at,
        last_seen_at: browser.last_seen_at,
        this_one: browser.this_one,
    }
}

fn describe(done: &str) -> Option<&'static str> {
    match done {
        "ended" => Some("That session has ended."),
        "others-ended" => Some("All other sessions have ended. All other browsers are forgotten."),
        "forgotten" => Some("That browser is forgotten. Its next sign-in counts as new."),
        _ => None,
    }
}
