//! The code step: takes six digits, and sends new ones.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::code_refusal::{Worded, describe};
use crate::domain::{Email, ReturnTo, SignInCode, words};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::sign_in::email_code::{OpenChallenge, Refusal};
use crate::sign_in::session::StartedSession;
use crate::views::code_step::CodeStep;
use crate::web::http::extract::{CodeForm, HeldChallenge, LimitedForm, MaybeSignedIn};
use crate::web::http::response::{ResponseMode, set_cookie};
use crate::web::http::session_cookie::issue_session_cookie;
use crate::web::http::state::AppState;

const ADDRESS: &str = "/sign-in/code";
/// The address after a new code was sent to a browser without JavaScript.
const AFTER_RESEND: &str = "/sign-in/code?resent";
/// How long the page advises to wait before another code, in seconds.
const RESEND_AFTER: u64 = 60;
/// The part of a refused code that the field shows again, in characters.
const ECHOED: usize = 40;

/// Shows the step. Without a challenge, redirects to the email step.
pub async fn show(
    state: web::Data<AppState>,
    wants: ResponseMode,
    held: HeldChallenge,
    signed_in: MaybeSignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    state.require_email_codes()?;
    if signed_in.0.is_some() {
        return Ok(wants.go_to(ReturnTo::default().as_str()));
    }
    Ok(match open_challenge(&state, held)? {
        Some(open) => {
            let shown = Shown::of(&state, &open);
            let resent = request.uri() == AFTER_RESEND;
            let step = CodeStep {
                resent,
                ..shown.as_step()
            };
            wants.step(&state.site, &step.screen(), ADDRESS)
        }
        None => wants.go_to("/sign-in/email"),
    })
}

/// Verifies a code. A right code begins a session.
pub async fn verify(
    state: web::Data<AppState>,
    wants: ResponseMode,
    client: Client,
    held: HeldChallenge,
    signed_in: MaybeSignedIn,
    session: Session,
    LimitedForm(form): LimitedForm<CodeForm>,
) -> Result<HttpResponse, AppError> {
    state.require_email_codes()?;
    let older_session = signed_in.0.map(|signed_in| signed_in.hash);
    let worded = match SignInCode::parse(&form.code) {
        Ok(code) => match state
            .email_code
            .verify(held.0, &code, &client, older_session)
            .await
        {
            Ok(started) => return let_in(&state, wants, &session, &started),
            Err(refusal) => describe(refusal)?,
        },
        Err(invalid) => Worded {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            words: invalid.to_string(),
            retry_after: None,
        },
    };
    // The error message offers a new code, so the button is enabled at once.
    let typed: String = form.code.chars().take(ECHOED).collect();
    refused(&state, wants, held, worded, |step, words| CodeStep {
        typed,
        error: Some(words),
        resend_in: 0,
        ..step
    })
    .await
}

/// Sends a new code in the same browser.
pub async fn resend(
    state: web::Data<AppState>,
    wants: ResponseMode,
    client: Client,
    held: HeldChallenge,
) -> Result<HttpResponse, AppError> {
    state.require_email_codes()?;
    let outcome = match held.0 {
        Some(token_hash) => state.email_code.reissue(token_hash, &client).await,
        None => Err(Refusal::NoChallenge),
    };
    match outcome {
        Ok(()) => match (wants, open_challenge(&state, held)?) {
            (ResponseMode::Fragment, Some(open)) => {
                let shown = Shown::of(&state, &open);
                let step = CodeStep {
                    resent: true,
                    ..shown.as_step()
                };
                Ok(wants.screen(&state.site, StatusCode::OK, &step.screen()))
            }
            _ => Ok(wants.go_to(AFTER_RESEND)),
        },
        Err(Refusal::NoChallenge) => Ok(wants.go_to("/sign-in/email")),
        Err(refusal) => {
            let worded = describe(refusal)?;
            refused(&state, wants, held, worded, |step, words| CodeStep {
                not_sent: Some(words),
                ..step
            })
            .await
        }
    }
}

/// The response to a code request. It is the same whether or not a code was sent (SECURITY rule 5).
pub(super) fn sent(
    state: &AppState,
    wants: ResponseMode,
    email: &Email,
    return_to: &ReturnTo,
) -> HttpResponse {
    let shown = Shown {
        email: Some(email.to_string()),
        lifetime: words::exactly(state.email_code.lifetime),
        return_to: return_to.clone(),
        resend_in: RESEND_AFTER,
    };
    match wants {
        ResponseMode::Page => wants.go_to(ADDRESS),
        ResponseMode::Fragment => wants.step(&state.site, &shown.as_step().screen(), ADDRESS),
    }
}

fn let_in(
    state: &AppState,
    wants: ResponseMode,
    session: &Session,
    started: &StartedSession,
) -> Result<HttpResponse, AppError> {
    issue_session_cookie(session, &started.token).map_err(|e| AppError::Internal(e.to_string()))?;
    let mut response = wants.go_to(started.return_to.as_str());
    set_cookie(&mut response, &state.cookies.forget_challenge())?;
    if let Some(token) = &started.browser_token {
        set_cookie(&mut response, &state.cookies.remember_browser(token))?;
    }
    Ok(response)
}

/// Shows the step again with an error message. `say` chooses the field of the step for the message.
async fn refused(
    state: &AppState,
    wants: ResponseMode,
    held: HeldChallenge,
    worded: Worded,
    say: impl for<'a> FnOnce(CodeStep<'a>, String) -> CodeStep<'a>,
) -> Result<HttpResponse, AppError> {
    let shown = match open_challenge(state, held)? {
        Some(open) => Shown::of(state, &open),
        None => Shown::default(),
    };
    let screen = say(shown.as_step(), worded.words).screen();
    Ok(wants.refused(&state.site, &screen, worded.status, worded.retry_after))
}

fn open_challenge(
    state: &AppState,
    held: HeldChallenge,
) -> Result<Option<OpenChallenge>, AppError> {
    match held.0 {
        Some(token_hash) => Ok(state.email_code.open_challenge(token_hash)?),
        None => Ok(None),
    }
}

/// The facts about the challenge that the step shows.
#[derive(Default)]
struct Shown {
    email: Option<String>,
    lifetime: String,
    return_to: ReturnTo,
    resend_in: u64,
}

impl Shown {
    fn of(state: &AppState, open: &OpenChallenge) -> Self {
        let age = state.clock.now().since(open.issued_at).as_secs();
        Self {
            email: Some(open.email.to_string()),
            lifetime: words::exactly(state.email_code.lifetime),
            return_to: open.return_to.clone(),
            resend_in: RESEND_AFTER.saturating_sub(age),
        }
    }

    fn as_step(&self) -> CodeStep<'_> {
        CodeStep {
            email: self.email.as_deref(),
            lifetime: &self.lifetime,
            return_to: self.return_to.clone(),
            resend_in: self.resend_in,
            ..CodeStep::default()
        }
    }
}
