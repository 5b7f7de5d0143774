//! The redirect to the provider, the callback, and the wait for a slow provider.

use std::fmt;
use std::time::Duration;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, HeaderValue, REFERRER_POLICY, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, web};
use log::warn;
use serde::Deserialize;

use super::sign_in;
use super::workos_problem::SignInProblem;
use crate::domain::{CallbackValue, RequestId, ReturnTo, UserAgent, printable, printable_up_to};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::sign_in::oidc::{
    CallbackRequest, Completion, ExchangeRefused, ExchangeResult, SignInError,
};
use crate::sign_in::provider::{Callback, ProviderError};
use crate::views;
use crate::views::landing::LandingTarget;
use crate::web::http::extract::{MaybeSignedIn, client_of};
use crate::web::http::flow_cookies::FlowCookies;
use crate::web::http::middleware::comes_from_another_site;
use crate::web::http::response::{ResponseMode, html, set_cookie};
use crate::web::http::session_cookie::issue_session_cookie;
use crate::web::http::state::AppState;

/// The callback waits this long for the provider. After that the browser gets the waiting page.
const CALLBACK_PATIENCE: Duration = Duration::from_millis(700);
const NO_ANSWER: &str = "the provider does not answer at this moment";
/// The longest `Host` header that is logged, in characters.
const MAX_LOGGED_HOST: usize = 100;
/// The longest `Host` header that a state repeats, in bytes: the longest name of the DNS and a port. Cookies and
/// redirects have the state in them (SECURITY rule 40).
const MAX_HOST: usize = 260;

/// The query of the callback (RFC 6749, 4.1.2; RFC 9207).
#[derive(Deserialize)]
pub struct CallbackQuery {
    #[serde(default)]
    state: CallbackValue,
    code: Option<CallbackValue>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<CallbackValue>,
}

/// Why a callback brings no code.
enum NoCode {
    /// The user cancelled at the provider.
    Cancelled,
    Failed(ProviderError),
}

/// Redirects the browser to the provider. A link on another site leads to the sign-in page instead: while the
/// provider's own session lasts, the link alone would sign in its user (SECURITY rule 17).
pub async fn start(
    state: web::Data<AppState>,
    return_to: ReturnTo,
    signed_in: MaybeSignedIn,
    request: HttpRequest,
    id: RequestId,
) -> Result<HttpResponse, AppError> {
    if signed_in.0.is_some() {
        return Ok(ResponseMode::Page.go_to(return_to.as_str()));
    }
    let provider = match &state.provider {
        Some(provider) if !comes_from_another_site(request.headers()) => provider,
        _ => return Ok(ResponseMode::Page.go_to(&return_to.carried_by("/sign-in"))),
    };
    match provider.begin(host_of(&request), return_to).await {
        Ok(started) => {
            let mut response = ResponseMode::Page.go_to(&started.url);
            let flows = FlowCookies::of(&request, &state.cookies);
            for cookie in flows.keep(&started.flow) {
                set_cookie(&mut response, &cookie)?;
            }
            Ok(response)
        }
        Err(error) => failed(&state, &error, &id),
    }
}

#[derive(Deserialize)]
pub struct FinishQuery {
    /// The public ID of one of this browser's flows.
    #[serde(default)]
    flow: String,
}

/// Completes the sign-in, and leaves nothing of the callback in the browser's history. If the
/// provider is slow, the browser goes on to [`finish`].
pub async fn callback(
    state: web::Data<AppState>,
    query: web::Query<CallbackQuery>,
    client: Client,
    signed_in: MaybeSignedIn,
    session: Session,
    request: HttpRequest,
    id: RequestId,
) -> Result<HttpResponse, AppError> {
    let Some(provider) = &state.provider else {
        return Ok(ResponseMode::Page.go_to("/sign-in"));
    };
    let query = query.into_inner();
    let flows = FlowCookies::of(&request, &state.cookies);
    let now = state.clock.now();
    let Some(flow) = flows
        .find(query.state.as_str())
        .filter(|flow| !flow.has_expired(now))
    else {
        // A signed-in user who opens a used callback again needs no error message.
        if signed_in.0.is_some() {
            let home = ReturnTo::default();
            return Ok(landing(&state, LandingTarget::To(home.as_str())));
        }
        let host = host_of(&request);
        let problem = SignInProblem::from(provider.explain_callback(query.state.as_str(), host));
        let host = printable_up_to(MAX_LOGGED_HOST, host);
        let cause = format!("{}, come back to {host}", problem.code());
        return Ok(back_to_sign_in(problem, &cause, &id));
    };
    let used_flow = flows.forget(query.state.as_str());
    let mut response = match code_of(query) {
        Ok(callback) => {
            let waiting = flow.return_to.explicitly_carried_by("/auth/workos/finish");
            let waiting = format!("{waiting}&flow={}", flow.public_id());
            let return_to = flow.return_to.clone();
            let completed = provider.complete(
                CallbackRequest {
                    flow,
                    callback,
                    client,
                    user_agent: user_agent_of(&request),
                    older_session: signed_in.0.map(|signed_in| signed_in.hash),
                },
                CALLBACK_PATIENCE,
            );
            match completed.await {
                Ok(Completion::Finished(result)) => {
                    conclude(&state, &session, &result, &id, |to| {
                        landing(&state, LandingTarget::To(to))
                    })?
                }
                // Keeps the flow's cookie: `finish` finds the exchange by it.
                Ok(Completion::Pending) => {
                    return Ok(landing(&state, LandingTarget::Waiting(&waiting)));
                }
                Err(ExchangeRefused::Busy) => return Err(too_many()),
                Err(ExchangeRefused::Limited(refused)) => {
                    let wait = refused.retry_after;
                    return Ok(limited(&state, &request, return_to, wait, &id));
                }
            }
        }
        Err(NoCode::Cancelled) => {
            back_to_sign_in(SignInProblem::Cancelled, &"cancelled at the provider", &id)
        }
        Err(NoCode::Failed(error)) => failed(&state, &error.into(), &id)?,
    };
    if let Some(cookie) = used_flow {
        set_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

/// Waits for a slow provider, and then does what the callback would have done.
pub async fn finish(
    state: web::Data<AppState>,
    query: web::Query<FinishQuery>,
    return_to: ReturnTo,
    signed_in: MaybeSignedIn,
    session: Session,
    request: HttpRequest,
    id: RequestId,
) -> Result<HttpResponse, AppError> {
    let Some(provider) = &state.provider else {
        return Ok(ResponseMode::Page.go_to("/sign-in"));
    };
    let flows = FlowCookies::of(&request, &state.cookies);
    let flow = flows.all().find(|flow| flow.public_id() == query.flow);
    let result = match &flow {
        Some(flow) => provider.resume(flow).await,
        None => None,
    };
    let Some((flow, result)) = flow.zip(result) else {
        // Two requests may wait for the same exchange. The first one has signed the user in.
        return Ok(if signed_in.0.is_some() {
            ResponseMode::Page.go_to(return_to.as_str())
        } else {
            back_to_sign_in(SignInProblem::Lost, &"nothing is known of it any more", &id)
        });
    };
    // Another tab may have signed in while this request waited. A browser has one session.
    if let (Ok(new), Some(older)) = (&*result, signed_in.0)
        && new.token.hash() != older.hash
    {
        let client = client_of(&request, &state);
        state.sessions.end(older.hash, older.live, client).await?;
    }
    let mut response = conclude(&state, &session, &result, &id, |to| {
        ResponseMode::Page.go_to(to)
    })?;
    if let Some(cookie) = flows.forget(flow.state()) {
        set_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

/// Sets the session cookie and continues with `go_on`, or shows why the sign-in failed.
fn conclude(
    state: &AppState,
    session: &Session,
    result: &ExchangeResult,
    id: &RequestId,
    go_on: impl FnOnce(&str) -> HttpResponse,
) -> Result<HttpResponse, AppError> {
    let signed_in = match &**result {
        Ok(signed_in) => signed_in,
        Err(error) => return failed(state, error, id),
    };
    issue_session_cookie(session, &signed_in.token)
        .map_err(|e| AppError::Internal(e.to_string()))?;
    let mut response = go_on(signed_in.return_to.as_str());
    if let Some(token) = &signed_in.browser_token {
        set_cookie(&mut response, &state.cookies.remember_browser(token))?;
    }
    Ok(response)
}

fn too_many() -> AppError {
    AppError::Unavailable("too many sign-ins are under way at the provider".to_owned())
}

/// For a user who was refused: ends the provider's own session in this browser first. Otherwise the
/// provider would sign in the same user again.
pub async fn another_account(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: RequestId,
) -> Result<HttpResponse, AppError> {
    let again = || ResponseMode::Page.go_to("/auth/workos");
    let token = state.cookies.provider_logout(&request);
    let (Some(provider), Some(token)) = (&state.provider, token) else {
        return Ok(again());
    };
    if !state.confirm_provider_reachable().await {
        return Ok(back_to_sign_in(SignInProblem::Unreachable, &NO_ANSWER, &id));
    }
    let Some(url) = provider.take_logout_url(token).await? else {
        return Ok(again());
    };
    let mut response = ResponseMode::Page.go_to(&url);
    set_cookie(&mut response, &state.cookies.forget_provider_logout())?;
    Ok(response)
}

fn code_of(query: CallbackQuery) -> Result<Callback, NoCode> {
    match (query.error, query.code) {
        (Some(error), _) if error == "access_denied" => Err(NoCode::Cancelled),
        (Some(code), _) => Err(NoCode::Failed(ProviderError::Refused {
            code,
            description: query.error_description.unwrap_or_default(),
        })),
        (None, Some(code)) if !code.is_empty() => Ok(Callback {
            code: code.into_string(),
            iss: query.iss.map(CallbackValue::into_string),
        }),
        (None, _) => Err(NoCode::Failed(ProviderError::Untrusted(
            "neither a code nor an error came".to_owned(),
        ))),
    }
}

fn landing(state: &AppState, target: LandingTarget<'_>) -> HttpResponse {
    let mut response = html(StatusCode::OK, views::landing::page(&state.site, target));
    set_no_referrer(&mut response);
    response
}

/// The sign-in page with the problem, or the error page if this is a defect.
fn failed(state: &AppState, error: &SignInError, id: &RequestId) -> Result<HttpResponse, AppError> {
    let Some(problem) = SignInProblem::of(error) else {
        return Err(match error {
            SignInError::Database(error) => error.into(),
            other => AppError::Internal(other.to_string()),
        });
    };
    let mut response = back_to_sign_in(problem, error, id);
    if let SignInError::NotAdmitted {
        logout: Some(token),
        ..
    } = error
    {
        set_cookie(
            &mut response,
            &state.cookies.remember_provider_logout(token),
        )?;
    }
    Ok(response)
}

/// Keeps the code unused and the flow's cookie, so that a later reload continues the sign-in.
fn limited(
    state: &AppState,
    request: &HttpRequest,
    return_to: ReturnTo,
    wait: Duration,
    id: &RequestId,
) -> HttpResponse {
    log_cause(&"too many from this network");
    let problem = Some((SignInProblem::TooMany, Some(id)));
    let screen = sign_in::screen(state, request, return_to, problem);
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = ResponseMode::Page.refused(&state.site, &screen, status, Some(wait));
    set_no_referrer(&mut response);
    response
}

/// The page's URL contains the code and the state, which no other site may see.
fn set_no_referrer(response: &mut HttpResponse) {
    let policy = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(REFERRER_POLICY, policy);
}

/// The page shows the request ID, so that an admin finds this line.
fn log_cause(cause: &impl fmt::Display) {
    warn!("no sign-in with WorkOS: {}", printable(&cause.to_string()));
}

/// Redirects to the sign-in page. The URL needs a fragment: a browser would otherwise keep the
/// callback's fragment.
fn back_to_sign_in(
    problem: SignInProblem,
    cause: &impl fmt::Display,
    id: &RequestId,
) -> HttpResponse {
    log_cause(cause);
    ResponseMode::Page.go_to(&format!(
        "/sign-in?problem={}&ref={}#problem",
        problem.code(),
        id.as_str()
    ))
}

/// The host that the browser used. It is compared and logged; no URL is built from it.
fn host_of(request: &HttpRequest) -> &str {
    request
        .headers()
        .get(HOST)
        .and_then(|value| value.to_str().ok())
        .filter(|host| host.len() <= MAX_HOST)
        .unwrap_or_default()
}

fn user_agent_of(request: &HttpRequest) -> UserAgent {
    let header = request.headers().get(USER_AGENT);
    header.map_or_else(UserAgent::default, |value| {
        UserAgent::from_header(value.as_bytes())
    })
}
