//! `/`: redirects to the dashboard or to the sign-in page.

use actix_web::HttpResponse;

use crate::web::http::extract::MaybeSignedIn;
use crate::web::http::response::ResponseMode;

pub async fn enter(wants: ResponseMode, signed_in: MaybeSignedIn) -> HttpResponse {
    wants.go_to(if signed_in.0.is_some() {
        "/dashboard"
    } else {
        "/sign-in"
    })
}
