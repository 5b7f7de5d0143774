//! Accounts from a CSV file: asked for, looked over, added. Nothing is kept between the steps: the
//! page that asks for a yes holds the file, and sends it once more.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::{actor, address, see_other};
use crate::accounts::import::{NewRow, Rows, read};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::import::{Import, Preview, Row};
use crate::web::http::extract::{Admin, MAX_FILE_SIZE, SignedIn, Upload};
use crate::web::http::response::html;
use crate::web::http::state::AppState;

const TOO_LARGE: &str = "That is larger than 1 MB. Import it in parts, or on the command line with `vestibule account import`.";

/// Asks for a file.
///
/// # Errors
/// None of its own.
pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
) -> Result<HttpResponse, AppError> {
    Ok(asking(&state, &admin, StatusCode::OK, None))
}

/// Says what would come of it.
///
/// # Errors
/// When the database does not answer.
pub async fn preview(state: web::Data<AppState>, upload: Upload) -> Result<HttpResponse, AppError> {
    let admin = &upload.admin;
    let (text, rows) = match rows_of(&upload) {
        Ok(read) => read,
        Err((status, why)) => return Ok(asking(&state, admin, status, Some(&why))),
    };
    let preview = state.directory.preview(rows).await?;
    let page = Preview {
        viewer: admin.viewer(),
        text: &text,
        new: preview.new.iter().map(row).collect(),
        already_there: preview.already_there.iter().map(row).collect(),
        bad: preview
            .bad
            .iter()
            .map(|bad| (bad.line, bad.why.as_str()))
            .collect(),
    };
    Ok(html(StatusCode::OK, page.page(&state.site)))
}

/// Adds what was looked over.
///
/// # Errors
/// When the database does not answer.
pub async fn add(
    state: web::Data<AppState>,
    upload: Upload,
    client: Client,
) -> Result<HttpResponse, AppError> {
    let admin = &upload.admin;
    let (_, rows) = match rows_of(&upload) {
        Ok(read) => read,
        Err((status, why)) => return Ok(asking(&state, admin, status, Some(&why))),
    };
    let invite = upload.field("invite").is_some();
    let added = state
        .directory
        .import(actor(admin, &client), rows.good, invite)
        .await?;
    let count = added.to_string();
    let fields = [("done", "imported"), ("count", count.as_str())];
    Ok(see_other(&address(ACCOUNTS, &fields)))
}

/// The text of the file, or of what was pasted, and its rows; or why there are none.
fn rows_of(upload: &Upload) -> Result<(String, Rows), (StatusCode, String)> {
    let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE.to_owned());
    if upload.is_too_large() {
        return Err(too_large());
    }
    let sent = upload.field("file").or_else(|| upload.field("text"));
    let bytes = with_short_line_ends(sent.unwrap_or_default());
    if bytes.len() > MAX_FILE_SIZE {
        return Err(too_large());
    }
    let rows = read(&bytes).map_err(|e| (StatusCode::UNPROCESSABLE_ENTITY, e.to_string()))?;
    // What has rows is UTF-8 text.
    Ok((String::from_utf8_lossy(&bytes).into_owned(), rows))
}

/// A browser sends the text of a page back with longer line ends than it was given; it must be the
/// same size both times.
fn with_short_line_ends(bytes: &[u8]) -> Vec<u8> {
    let mut shorter = Vec::with_capacity(bytes.len());
    let mut after_return = false;
    for byte in bytes {
        match byte {
            b'\n' if after_return => {}
            b'\r' => shorter.push(b'\n'),
            other => shorter.push(*other),
        }
        after_return = *byte == b'\r';
    }
    shorter
}

fn asking(
    state: &AppState,
    admin: &SignedIn,
    status: StatusCode,
    not_done: Option<&str>,
) -> HttpResponse {
    let page = Import {
        viewer: admin.viewer(),
        not_done,
    };
    html(status, page.page(&state.site))
}

fn row(row: &NewRow) -> Row<'_> {
    Row {
        line: row.line,
        email: row.email.as_str(),
        name: &row.name,
        role: row.role.as_str(),
        confirmed: row.confirmed,
    }
}
