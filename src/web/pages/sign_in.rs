//! The sign-in page.

use actix_web::{HttpRequest, HttpResponse, web};

use super::workos_problem::SignInProblem;
use crate::domain::{RequestId, ReturnTo};
use crate::views::Screen;
use crate::views::sign_in::{Banner, SignIn};
use crate::web::http::extract::MaybeSignedIn;
use crate::web::http::flow_cookies::FlowCookies;
use crate::web::http::response::ResponseMode;
use crate::web::http::state::AppState;

/// Shows the ways to sign in. Redirects a signed-in user.
pub async fn show(
    state: web::Data<AppState>,
    wants: ResponseMode,
    return_to: ReturnTo,
    signed_in: MaybeSignedIn,
    request: HttpRequest,
) -> HttpResponse {
    if signed_in.0.is_some() {
        return wants.go_to(return_to.as_str());
    }
    let address = return_to.carried_by("/sign-in");
    let parameter = |name: &str| {
        url::form_urlencoded::parse(request.query_string().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let problem = parameter("problem").and_then(|code| SignInProblem::from_code(&code));
    let reference = parameter("ref").and_then(|text| RequestId::parse(&text));
    let problem = problem.map(|problem| (problem, reference.as_ref()));
    let screen = screen(&state, &request, return_to, problem);
    wants.step(&state.site, &screen, &address)
}

/// The page with a problem and its reference, if any.
pub(super) fn screen(
    state: &AppState,
    request: &HttpRequest,
    return_to: ReturnTo,
    problem: Option<(SignInProblem, Option<&RequestId>)>,
) -> Screen {
    let is_unfinished = FlowCookies::of(request, &state.cookies).any_unfinished();
    let page = SignIn {
        brand: &state.site.brand,
        return_to,
        workos: state.workos_state(),
        email_codes: state.email_codes_offered,
        problem: problem.map(|(problem, reference)| Banner {
            words: problem.message(&state.origin, state.email_codes_offered),
            reference: reference.map(RequestId::as_str),
            use_another_account: problem.is_about_the_user(),
        }),
        unfinished: is_unfinished.then_some(state.callback.as_str()),
    };
    page.screen()
}
