//! The import of a CSV file: form, preview, confirmation. The server keeps nothing between the steps: the preview
//! page contains the file and sends it again.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::{actor, address, see_other};
use crate::accounts::import::{ImportRow, Rows, read};
use crate::error::AppError;
use crate::sign_in::client::Client;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::import::{Import, Preview, Row};
use crate::web::http::extract::{Admin, MAX_UPLOAD_SIZE, SignedIn, Upload};
use crate::web::http::response::html;
use crate::web::http::state::AppState;

const TOO_LARGE: &str = "Import it in parts, or with `vestibule account import` on the server. The file is larger than 1 MB.";

pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
) -> Result<HttpResponse, AppError> {
    Ok(form(&state, &admin, StatusCode::OK, None))
}

pub async fn preview(state: web::Data<AppState>, upload: Upload) -> Result<HttpResponse, AppError> {
    let admin = &upload.admin;
    let (text, rows) = match rows_of(&upload) {
        Ok(read) => read,
        Err((status, why)) => return Ok(form(&state, admin, status, Some(&why))),
    };
    let preview = state.directory.preview(rows).await?;
    let errors: Vec<_> = preview
        .bad
        .iter()
        .map(|bad| (bad.line, bad.error.to_string()))
        .collect();
    let page = Preview {
        viewer: admin.viewer(),
        text: &text,
        new: preview.new.iter().map(row).collect(),
        already_there: preview.already_there.iter().map(row).collect(),
        bad: errors
            .iter()
            .map(|(line, error)| (*line, error.as_str()))
            .collect(),
    };
    Ok(html(StatusCode::OK, page.page(&state.site)))
}

/// Adds the accounts of the preview.
pub async fn add(
    state: web::Data<AppState>,
    upload: Upload,
    client: Client,
) -> Result<HttpResponse, AppError> {
    let admin = &upload.admin;
    let (_, rows) = match rows_of(&upload) {
        Ok(read) => read,
        Err((status, why)) => return Ok(form(&state, admin, status, Some(&why))),
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

/// The text of the file, or of the pasted text, and its rows; or the status and message of the error.
fn rows_of(upload: &Upload) -> Result<(String, Rows), (StatusCode, String)> {
    let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE.to_owned());
    if upload.is_too_large() {
        return Err(too_large());
    }
    let sent = upload.field("file").or_else(|| upload.field("text"));
    let bytes = normalize_line_endings(sent.unwrap_or_default());
    if bytes.len() > MAX_UPLOAD_SIZE {
        return Err(too_large());
    }
    let rows = read(&bytes).map_err(|e| (StatusCode::UNPROCESSABLE_ENTITY, e.to_string()))?;
    // A file with rows is valid UTF-8.
    Ok((String::from_utf8_lossy(&bytes).into_owned(), rows))
}

/// Turns every line ending into `\n`. A browser sends a text field with `\r\n`, and the file must have the same size in
/// both steps.
fn normalize_line_endings(bytes: &[u8]) -> Vec<u8> {
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

fn form(
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

fn row(row: &ImportRow) -> Row<'_> {
    let account = &row.account;
    Row {
        line: row.line,
        email: account.email.as_str(),
        name: &account.name,
        role: account.role.into_str(),
        confirmed: account.confirmed,
    }
}
