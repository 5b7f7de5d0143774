//! `/static`: built into the binary, compressed when it was built, kept by browsers for ever under
//! a name that carries the hash. A folder of the team's own files comes before them.

use std::path::PathBuf;

use actix_files::NamedFile;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use sha2::{Digest, Sha256};

use crate::error::AppError;
use crate::web::http::state::AppState;

struct Asset {
    name: &'static str,
    hashed_name: &'static str,
    content: &'static [u8],
    gzip: &'static [u8],
}

/// What a team's logo may be called, the better form first.
const LOGOS: [&str; 2] = ["logo.svg", "logo.png"];

const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The built-in files, the folder before them, and the style sheet made for the team's accent.
pub struct StaticFiles {
    folder: Option<PathBuf>,
    accent: Option<Accent>,
}

struct Accent {
    name: String,
    style_sheet: String,
}

impl StaticFiles {
    /// With the folder of `STATIC_DIR` and the style sheet of `BRAND_ACCENT`, if they are set.
    pub fn new(folder: Option<PathBuf>, accent: Option<String>) -> Self {
        let accent = accent.map(|style_sheet| {
            let hash = Sha256::digest(&style_sheet);
            let hash: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
            Accent {
                name: format!("brand.{hash}.css"),
                style_sheet,
            }
        });
        Self { folder, accent }
    }

    /// Where pages find the style sheet of the team's accent.
    pub fn accent_address(&self) -> Option<String> {
        let accent = self.accent.as_ref()?;
        Some(format!("/static/{}", accent.name))
    }

    /// Where pages find the team's logo, when the folder has one.
    pub fn logo_address(&self) -> Option<String> {
        LOGOS
            .into_iter()
            .find(|name| self.own(name).is_some())
            .map(|name| self.address(name))
    }

    /// Where pages find a file: under its hashed name, or under its plain one when the folder has
    /// a file of that name.
    pub fn address(&self, name: &str) -> String {
        let built_in = ASSETS.iter().find(|asset| asset.name == name);
        match built_in {
            Some(asset) if self.own(name).is_none() => format!("/static/{}", asset.hashed_name),
            _ => format!("/static/{name}"),
        }
    }

    /// A file of the folder. Names that climb out of it, or are hidden, name nothing.
    fn own(&self, name: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let plain = name
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains('\\'));
        let path = folder.join(name);
        (plain && path.is_file()).then_some(path)
    }
}

/// Serves a file.
///
/// # Errors
/// When there is none of that name.
pub async fn serve(
    state: web::Data<AppState>,
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    if let Some(path) = state.static_files.own(&name) {
        let file = NamedFile::open(path).map_err(|_| AppError::NotFound)?;
        let mut response = file.into_response(&request);
        // It may change any day under the same name: browsers ask each time, and get a 304.
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        return Ok(response);
    }
    if let Some(accent) = &state.static_files.accent
        && accent.name == *name
    {
        return Ok(for_ever(&name).body(accent.style_sheet.clone()));
    }
    let asset = ASSETS
        .iter()
        .find(|asset| asset.hashed_name == *name)
        .ok_or(AppError::NotFound)?;
    Ok(built_in(asset, &request))
}

fn built_in(asset: &'static Asset, request: &HttpRequest) -> HttpResponse {
    let mut response = for_ever(asset.name);
    response.insert_header((VARY, "Accept-Encoding"));
    if takes_gzip(request) {
        response.insert_header((CONTENT_ENCODING, "gzip"));
        return response.body(asset.gzip);
    }
    response.body(asset.content)
}

/// Its name carries its hash, so it never changes.
fn for_ever(name: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, mime_type(name)))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"));
    response
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let accepted = request
        .headers()
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    accepted.is_some_and(|list| {
        list.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next() == Some("gzip") && !parts.any(|weight| weight == "q=0")
        })
    })
}

fn mime_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}
