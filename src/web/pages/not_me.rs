//! “This wasn’t me”, the page behind the link in a code's mail. The page needs no session, because the link proves
//! access to the mailbox.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::sign_in::email_code::ChallengeStatus;
use crate::views::not_me::NotMe;
use crate::web::http::extract::{LimitedForm, NotMeForm};
use crate::web::http::response::ResponseMode;
use crate::web::http::state::AppState;

/// Longer than any valid link token, in characters.
const LONGEST_LINK: usize = 64;

/// Shows the code request and a button. Changes nothing, because mail scanners open every link.
pub async fn show(
    state: web::Data<AppState>,
    wants: ResponseMode,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let link = url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == "link")
        .map_or_else(String::new, |(_, value)| value.into_owned());
    let challenge = state.email_code.challenge_status(&link).await?;
    let status = match challenge {
        ChallengeStatus::Unknown => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    };
    let screen = match &challenge {
        ChallengeStatus::Open(asked) => NotMe::Open {
            link: &link,
            browser: &asked.browser,
            ip: &asked.ip,
            asked_at: asked.asked_at,
        },
        ChallengeStatus::Disowned => NotMe::Stopped,
        ChallengeStatus::Used => NotMe::Used { link: &link },
        ChallengeStatus::UsedByAnother => NotMe::UsedByAnother,
        ChallengeStatus::Unknown => NotMe::Unknown,
    };
    Ok(wants.screen(&state.site, status, &screen.screen()))
}

/// Cancels the code. If the code was already used, records that another person used it. Then redirects to the page with
/// the new status.
///
/// # Errors
/// The code continues to work, and the page says so.
pub async fn stop(
    state: web::Data<AppState>,
    wants: ResponseMode,
    client: Client,
    LimitedForm(form): LimitedForm<NotMeForm>,
) -> Result<HttpResponse, AppError> {
    state.email_code.disown(&form.link, &client).await?;
    let plain = |c: &char| c.is_ascii_alphanumeric() || ['-', '_'].contains(c);
    let link: String = form.link.chars().filter(plain).take(LONGEST_LINK).collect();
    Ok(wants.go_to(&format!("/sign-in/not-me?link={link}")))
}
