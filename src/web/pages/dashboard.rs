//! The dashboard.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::error::AppError;
use crate::views::dashboard::{Dashboard, SessionLine};
use crate::web::http::extract::SignedIn;
use crate::web::http::response::html;
use crate::web::http::state::AppState;

/// Shows the viewer, the sign-in method and all sessions of the account.
pub async fn show(
    state: web::Data<AppState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, AppError> {
    let live = &signed_in.live;
    let listed = state.sessions.of_account(live.account_id)?;
    let now = state.clock.now();
    let page = Dashboard {
        viewer: signed_in.viewer(),
        method: live.method,
        authentication: live.authentication.as_ref(),
        signed_in_at: live.created_at,
        sessions: listed
            .in_force(now)
            .map(|session| SessionLine::of(&session, live.id))
            .collect(),
        now,
    };
    Ok(html(StatusCode::OK, page.page(&state.site)))
}

impl<'a> SessionLine<'a> {
    /// A session as a page lists it. `this` is the session of this browser.
    pub(super) fn of(
        session: &crate::sign_in::session::Listed<'a>,
        this: crate::domain::SessionId,
    ) -> Self {
        Self {
            browser: session.browser,
            ip: session.ip,
            method: session.method,
            authentication: session.authentication,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            this_one: session.id == this,
        }
    }
}
