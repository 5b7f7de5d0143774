//! “This wasn’t me”, from a code's mail. It works in any browser, whoever is signed in there: the link
//! itself says that somebody reads the mailbox.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::sign_in::email_code::Standing;
use crate::views::not_me::NotMe;
use crate::web::http::extract::{NotMeForm, Timely};
use crate::web::http::response::Wants;
use crate::web::http::state::Console;

/// No link of ours is longer, in characters.
const LONGEST_LINK: usize = 64;

/// Shows what was asked for, and a button. Changes nothing: programs that look through mail open
/// every link.
///
/// # Errors
/// When the database does not answer.
pub async fn show(
    console: web::Data<Console>,
    wants: Wants,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let link = url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == "link")
        .map_or_else(String::new, |(_, value)| value.into_owned());
    let standing = console.email_code.standing(&link).await?;
    let status = match standing {
        Standing::Unknown => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    };
    let screen = match &standing {
        Standing::Open(asked) => NotMe::Open {
            link: &link,
            browser: &asked.browser,
            ip: &asked.ip,
            asked_at: asked.asked_at,
        },
        Standing::Disowned => NotMe::Stopped,
        Standing::Used => NotMe::Used { link: &link },
        Standing::UsedByAnother => NotMe::UsedByAnother,
        Standing::Unknown => NotMe::Unknown,
    };
    Ok(wants.screen(&console.site, status, &screen.screen()))
}

/// Stops the code, or writes down that it was used by somebody else. Where the answer leads says what has become of it.
///
/// # Errors
/// When the database does not answer: the code goes on working, and the page says so.
pub async fn stop(
    console: web::Data<Console>,
    wants: Wants,
    client: Client,
    Timely(form): Timely<NotMeForm>,
) -> Result<HttpResponse, AppError> {
    console.email_code.disown(&form.link, &client).await?;
    let plain = |c: &char| c.is_ascii_alphanumeric() || ['-', '_'].contains(c);
    let link: String = form.link.chars().filter(plain).take(LONGEST_LINK).collect();
    Ok(wants.go_to(&format!("/sign-in/not-me?link={link}")))
}
