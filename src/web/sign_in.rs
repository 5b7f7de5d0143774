//! The sign-in page.

use actix_web::{HttpRequest, HttpResponse, web};

use super::answer::Wants;
use super::console::Console;
use super::extract::MaybeSignedIn;
use super::flow_cookies::FlowCookies;
use super::middleware::RequestId;
use super::problem::Problem;
use crate::domain::ReturnTo;
use crate::views::sign_in::{Banner, SignIn};

/// Shows the ways in; whoever is in already goes on.
pub async fn show(
    console: web::Data<Console>,
    wants: Wants,
    return_to: ReturnTo,
    signed_in: MaybeSignedIn,
    request: HttpRequest,
) -> HttpResponse {
    if signed_in.0.is_some() {
        return wants.go_to(return_to.as_str());
    }
    let address = return_to.carried_by("/sign-in");
    let asked = |name: &str| {
        url::form_urlencoded::parse(request.query_string().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let problem = asked("problem").and_then(|word| Problem::from_word(&word));
    let reference = asked("ref").and_then(|text| RequestId::parse(&text));
    let came_back = FlowCookies::of(&request, &console.cookies).any_unfinished();
    let page = SignIn {
        brand: &console.site.brand,
        return_to,
        workos: console.workos_state(),
        email_codes: console.email_codes_offered,
        problem: problem.map(|problem| Banner {
            words: problem.words(&console.origin),
            reference: reference.as_ref().map(RequestId::as_str),
            use_another_account: problem.is_about_the_person(),
        }),
        unfinished: came_back.then_some(console.callback.as_str()),
    };
    wants.step(&console.site, &page.screen(), &address)
}
