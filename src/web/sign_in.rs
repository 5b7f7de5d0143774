//! The sign-in page.

use actix_web::{HttpResponse, web};

use super::answer::Wants;
use super::console::Console;
use super::extract::MaybeSignedIn;
use crate::domain::ReturnTo;
use crate::views;

/// Shows the ways in; whoever is in already goes on.
pub async fn show(
    console: web::Data<Console>,
    wants: Wants,
    return_to: ReturnTo,
    signed_in: MaybeSignedIn,
) -> HttpResponse {
    if signed_in.0.is_some() {
        return wants.go_to(return_to.as_str());
    }
    let screen = views::sign_in::screen(&return_to, console.email_codes_offered);
    wants.step(&console.site, &screen, &return_to.carried_by("/sign-in"))
}
