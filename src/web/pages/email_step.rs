//! The email step: asks for an address and sends a code.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::code_refusal::describe;
use super::code_step;
use crate::domain::{Email, ReturnTo};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::email_step::EmailStep;
use crate::web::http::extract::{EmailForm, HeldChallenge, LimitedForm, MaybeSignedIn};
use crate::web::http::response::{ResponseMode, set_cookie};
use crate::web::http::state::AppState;

/// Shows the step.
///
/// # Errors
/// `NotFound` with `EMAIL_CODES=off`.
pub async fn show(
    state: web::Data<AppState>,
    wants: ResponseMode,
    return_to: ReturnTo,
    signed_in: MaybeSignedIn,
) -> Result<HttpResponse, AppError> {
    state.require_email_codes()?;
    if signed_in.0.is_some() {
        return Ok(wants.go_to(return_to.as_str()));
    }
    let address = return_to.carried_by("/sign-in/email");
    let step = EmailStep {
        return_to,
        ..EmailStep::default()
    };
    Ok(wants.step(&state.site, &step.screen(), &address))
}

/// Sends a code. The response is the same for every well-formed address (SECURITY rule 5).
pub async fn send_code(
    state: web::Data<AppState>,
    wants: ResponseMode,
    return_to: ReturnTo,
    client: Client,
    held: HeldChallenge,
    LimitedForm(form): LimitedForm<EmailForm>,
) -> Result<HttpResponse, AppError> {
    state.require_email_codes()?;
    let typed = form.email.as_str();
    let again = |error: String, status, retry_after| {
        let step = EmailStep {
            return_to: return_to.clone(),
            typed,
            error: Some(error),
        };
        wants.refused(&state.site, &step.screen(), status, retry_after)
    };
    let email = match Email::parse(typed) {
        Ok(email) => email,
        Err(invalid) => {
            return Ok(again(
                invalid.to_string(),
                StatusCode::UNPROCESSABLE_ENTITY,
                None,
            ));
        }
    };
    match state
        .email_code
        .issue(email.clone(), return_to.clone(), &client, held.0)
        .await
    {
        Ok(token) => {
            let mut response = code_step::sent(&state, wants, &email, &return_to);
            set_cookie(&mut response, &state.cookies.bind_challenge(&token))?;
            Ok(response)
        }
        Err(refusal) => {
            let worded = describe(refusal)?;
            Ok(again(worded.words, worded.status, worded.retry_after))
        }
    }
}
