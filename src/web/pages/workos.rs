//! To WorkOS and back.

use std::fmt;
use std::time::Duration;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, HeaderName, HeaderValue, REFERRER_POLICY, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, web};
use log::warn;
use serde::Deserialize;

use super::problem::Problem;
use super::sign_in;
use crate::domain::{RequestId, ReturnTo, printable};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::sign_in::oidc::{CallbackRequest, Failure, NotBegun, Outcome};
use crate::sign_in::provider::Callback;
use crate::views;
use crate::views::landing::LandingTarget;
use crate::web::http::extract::{MaybeSignedIn, client_of};
use crate::web::http::flow_cookies::FlowCookies;
use crate::web::http::response::{ResponseMode, html, set_cookie};
use crate::web::http::session_cookie::hand_over;
use crate::web::http::state::AppState;

/// Past this the person is told that the provider is slow.
const USUALLY_WITHIN: Duration = Duration::from_millis(700);
const STILL_SILENT: &str = "the provider does not answer at this moment";

/// As much of a stranger's text as a log line takes, in characters.
const LONGEST_HOST: usize = 100;

/// What a provider sends people back with (RFC 6749, 4.1.2; RFC 9207).
#[derive(Deserialize)]
pub struct CallbackQuery {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

/// Sends the browser to WorkOS.
///
/// # Errors
/// When the database does not answer.
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
    let Some(workos) = &state.workos else {
        return Ok(ResponseMode::Page.go_to(&return_to.carried_by("/sign-in")));
    };
    if !workos.may_answer().await {
        return Ok(show(Problem::Unreachable, &STILL_SILENT, &id));
    }
    match workos.start(host_of(&request), return_to).await {
        Ok((address, flow)) => {
            let mut response = ResponseMode::Page.go_to(&address);
            let flows = FlowCookies::of(&request, &state.cookies);
            for cookie in flows.keep(flow.provider.state(), &flow) {
                set_cookie(&mut response, &cookie)?;
            }
            Ok(response)
        }
        Err(failure) => not_signed_in(&state, &failure, &id),
    }
}

/// Which of this browser's flows a page waits for.
#[derive(Deserialize)]
pub struct FinishQuery {
    #[serde(default)]
    flow: String,
}

/// Takes up the session, and leaves nothing of the callback in the browser. Where the provider is
/// slow, a page that says so waits on at [`finish`].
///
/// # Errors
/// When the database does not answer.
pub async fn callback(
    state: web::Data<AppState>,
    query: web::Query<CallbackQuery>,
    client: Client,
    signed_in: MaybeSignedIn,
    session: Session,
    request: HttpRequest,
    id: RequestId,
) -> Result<HttpResponse, AppError> {
    let Some(workos) = &state.workos else {
        return Ok(ResponseMode::Page.go_to("/sign-in"));
    };
    let query = query.into_inner();
    let flows = FlowCookies::of(&request, &state.cookies);
    let now = state.clock.now();
    let Some(flow) = flows
        .find(&query.state)
        .filter(|flow| !flow.has_expired(now))
    else {
        // Someone who came back to a callback that was used, and is in, has nothing to mend.
        if signed_in.0.is_some() {
            return Ok(landing(
                &state,
                LandingTarget::To(ReturnTo::default().as_str()),
            ));
        }
        let host = host_of(&request);
        let problem = Problem::from(workos.states.explain(&query.state, host, now));
        let host: String = host.chars().take(LONGEST_HOST).collect();
        let why = format!("{}, come back to {host}", problem.word());
        return Ok(show(problem, &why, &id));
    };
    let used = flows.forget(&query.state);
    let mut response = match answer_of(query) {
        Ok(callback) => {
            let waiting = flow.return_to.explicitly_carried_by("/auth/workos/finish");
            let waiting = format!("{waiting}&flow={}", flow.mark());
            let return_to = flow.return_to.clone();
            let exchange = match workos.exchange(CallbackRequest {
                flow,
                callback,
                client,
                user_agent: text_of(&request, &USER_AGENT).to_owned(),
                older_session: signed_in.0.map(|signed_in| signed_in.hash),
            }) {
                Ok(exchange) => exchange,
                Err(NotBegun::Busy) => return Err(too_many()),
                Err(NotBegun::Limited(wait)) => {
                    return Ok(limited(&state, &request, return_to, wait, &id));
                }
            };
            match tokio::time::timeout(USUALLY_WITHIN, exchange.outcome()).await {
                Ok(outcome) => take_up(&state, &session, outcome, &id, |to| {
                    landing(&state, LandingTarget::To(to))
                })?,
                // The flow's cookie stays: the exchange is found again by it.
                Err(_) => return Ok(landing(&state, LandingTarget::Waiting(&waiting))),
            }
        }
        Err(None) => show(Problem::Cancelled, &"cancelled at the provider", &id),
        Err(Some(failure)) => not_signed_in(&state, &failure, &id)?,
    };
    if let Some(cookie) = used {
        set_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

/// Waits for a provider that was slow, then goes on as the callback would have.
///
/// # Errors
/// When the database does not answer.
pub async fn finish(
    state: web::Data<AppState>,
    query: web::Query<FinishQuery>,
    return_to: ReturnTo,
    signed_in: MaybeSignedIn,
    session: Session,
    request: HttpRequest,
    id: RequestId,
) -> Result<HttpResponse, AppError> {
    let Some(workos) = &state.workos else {
        return Ok(ResponseMode::Page.go_to("/sign-in"));
    };
    let flows = FlowCookies::of(&request, &state.cookies);
    let found = flows.all().find(|flow| flow.mark() == query.flow);
    let found = found.and_then(|flow| Some((workos.exchange_of(&flow)?, flow)));
    let Some((exchange, flow)) = found else {
        // Two requests may have been under way at once, and the first has brought them in.
        return Ok(if signed_in.0.is_some() {
            ResponseMode::Page.go_to(return_to.as_str())
        } else {
            show(Problem::Lost, &"nothing is known of it any more", &id)
        });
    };
    let outcome = exchange.outcome().await;
    // Another tab may have signed in meanwhile: a browser has one session.
    if let (Some(outcome), Some(older)) = (&outcome, signed_in.0)
        && let Ok(entered) = &**outcome
        && entered.token.hash() != older.hash
    {
        let client = client_of(&request, &state);
        state.sessions.end(older.hash, older.live, client).await?;
    }
    let mut response = take_up(&state, &session, outcome, &id, |to| {
        ResponseMode::Page.go_to(to)
    })?;
    if let Some(cookie) = flows.forget(flow.provider.state()) {
        set_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

/// Someone is in, and goes where `on` leads; or they read why not.
fn take_up(
    state: &AppState,
    session: &Session,
    outcome: Option<Outcome>,
    id: &RequestId,
    on: impl FnOnce(&str) -> HttpResponse,
) -> Result<HttpResponse, AppError> {
    let Some(outcome) = outcome else {
        return Err(AppError::Internal("an exchange without an end".to_owned()));
    };
    match &*outcome {
        Ok(entered) => {
            hand_over(session, &entered.token).map_err(|e| AppError::Internal(e.to_string()))?;
            let mut response = on(entered.return_to.as_str());
            let remembered = entered.device.as_ref();
            if let Some(cookie) = remembered.and_then(|it| state.cookies.remember_device(it)) {
                set_cookie(&mut response, &cookie)?;
            }
            Ok(response)
        }
        Err(failure) => not_signed_in(state, failure, id),
    }
}

fn too_many() -> AppError {
    AppError::Unavailable("too many sign-ins are under way at the provider".to_owned())
}

/// For somebody who was refused: the provider's own session in this browser ends, so that they do
/// not come straight back as the same person.
///
/// # Errors
/// When a cookie does not fit, which none of ours does.
pub async fn another_account(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: RequestId,
) -> Result<HttpResponse, AppError> {
    let Some(address) = state.cookies.provider_logout_url(&request) else {
        return Ok(ResponseMode::Page.go_to("/auth/workos"));
    };
    if !state.workos_answers().await {
        return Ok(show(Problem::Unreachable, &STILL_SILENT, &id));
    }
    let mut response = ResponseMode::Page.go_to(&address);
    set_cookie(&mut response, &state.cookies.forget_way_out())?;
    Ok(response)
}

/// A code, or why there is none: `None` when somebody changed their mind.
fn answer_of(query: CallbackQuery) -> Result<Callback, Option<Failure>> {
    match (query.error, query.code) {
        (Some(error), _) if error == "access_denied" => Err(None),
        (Some(code), _) => Err(Some(Failure::Refused {
            code,
            description: query.error_description.unwrap_or_default(),
        })),
        (None, Some(code)) => Ok(Callback {
            code,
            iss: query.iss,
        }),
        (None, None) => Err(Some(Failure::Untrusted(
            "neither a code nor an error came".to_owned(),
        ))),
    }
}

fn landing(state: &AppState, on: LandingTarget<'_>) -> HttpResponse {
    let mut response = html(StatusCode::OK, views::landing::page(&state.site, on));
    let policy = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(REFERRER_POLICY, policy);
    response
}

fn not_signed_in(
    state: &AppState,
    failure: &Failure,
    id: &RequestId,
) -> Result<HttpResponse, AppError> {
    let Some(problem) = Problem::of(failure) else {
        return Err(match failure {
            Failure::Database(error) => error.into(),
            other => AppError::Internal(other.to_string()),
        });
    };
    let mut response = show(problem, failure, id);
    if let Failure::NotAdmitted {
        logout: Some(address),
        ..
    } = failure
        && let Some(cookie) = state.cookies.lead_out(address)
    {
        set_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

/// The code is not spent and the flow is kept: a reload, later, goes on with the sign-in.
fn limited(
    state: &AppState,
    request: &HttpRequest,
    return_to: ReturnTo,
    wait: Duration,
    id: &RequestId,
) -> HttpResponse {
    note(&"too many from this network");
    let problem = Some((Problem::TooMany, Some(id)));
    let screen = sign_in::screen(state, request, return_to, problem);
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = ResponseMode::Page.refused(&state.site, &screen, status, Some(wait));
    let policy = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(REFERRER_POLICY, policy);
    response
}

/// The reference that the page shows leads to this line.
fn note(why: &impl fmt::Display) {
    warn!("no sign-in with WorkOS: {}", printable(&why.to_string()));
}

/// Back to the sign-in page. The fragment in the address keeps the browser from carrying over the
/// callback's own.
fn show(problem: Problem, why: &impl fmt::Display, id: &RequestId) -> HttpResponse {
    note(why);
    ResponseMode::Page.go_to(&format!(
        "/sign-in?problem={}&ref={}#problem",
        problem.word(),
        id.as_str()
    ))
}

/// The address that the browser asked, for a diagnosis alone: nothing is built from it.
fn host_of(request: &HttpRequest) -> &str {
    text_of(request, &HOST)
}

fn text_of<'a>(request: &'a HttpRequest, name: &HeaderName) -> &'a str {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
