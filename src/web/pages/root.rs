//! `/`: in, or to the door.

use actix_web::HttpResponse;

use crate::web::http::extract::MaybeSignedIn;
use crate::web::http::response::ResponseMode;

/// To the dashboard, or to the sign-in page.
pub async fn enter(wants: ResponseMode, signed_in: MaybeSignedIn) -> HttpResponse {
    wants.go_to(if signed_in.0.is_some() {
        "/dashboard"
    } else {
        "/sign-in"
    })
}
