//! Turns an error into its page or fragment, and logs its cause.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use log::{debug, error, info};

use crate::domain::RequestId;
use crate::error::AppError;
use crate::views::message::Message;
use crate::web::http::response::ResponseMode;
use crate::web::http::state::AppState;

/// A response without an error is returned as it is.
pub(super) fn render_error(
    response: ServiceResponse<BoxBody>,
    state: &AppState,
    mode: ResponseMode,
    id: &RequestId,
) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else {
        return response;
    };
    // actix-web refuses some requests before they reach a handler.
    let foreign = AppError::Malformed("refused by actix-web".to_owned());
    let known = error.as_error::<AppError>().unwrap_or(&foreign);
    log_cause(&response, known, error);
    let page = match known {
        AppError::SignedOut(return_to) => mode.go_to(&return_to.explicitly_carried_by("/sign-in")),
        other => message_page(other, response.response(), state, mode, id),
    };
    ServiceResponse::new(response.into_parts().0, page)
}

fn log_cause(response: &ServiceResponse<BoxBody>, known: &AppError, cause: &actix_web::Error) {
    let (method, path) = (response.request().method(), response.request().path());
    match known {
        AppError::SignedOut(_) => debug!("{method} {path}: {cause}"),
        _ if response.status().is_server_error() => error!("{method} {path}: {cause}"),
        _ => info!("{method} {path}: {cause}"),
    }
}

/// The headers of the bare response, such as `Allow` and `Retry-After`, are kept.
fn message_page(
    error: &AppError,
    bare: &HttpResponse,
    state: &AppState,
    mode: ResponseMode,
    id: &RequestId,
) -> HttpResponse {
    let (title, text) = error.message();
    let message = Message {
        title,
        text,
        request_id: id.as_str(),
    };
    let mut response = mode.screen(&state.site, bare.status(), &message.screen());
    for (name, value) in bare.headers() {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}
