//! `/static`: built-in files, compressed at build time and cached by browsers for a year under a name
//! that carries their hash; and the files in `STATIC_DIR`.

use actix_files::NamedFile;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use crate::error::AppError;
use crate::web::http::assets::{Asset, StaticFile};
use crate::web::http::state::AppState;

pub async fn serve(
    state: web::Data<AppState>,
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    match state.static_files.find(&name).ok_or(AppError::NotFound)? {
        StaticFile::InFolder(path) => {
            let file = NamedFile::open(path).map_err(|_| AppError::NotFound)?;
            let mut response = file.into_response(&request);
            // The content may change under the same name: browsers revalidate, and get a 304.
            response
                .headers_mut()
                .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            Ok(response)
        }
        StaticFile::Accent(style_sheet) => Ok(immutable(&name).body(style_sheet.to_owned())),
        StaticFile::BuiltIn(asset) => Ok(built_in(asset, &request)),
    }
}

fn built_in(asset: &'static Asset, request: &HttpRequest) -> HttpResponse {
    let mut response = immutable(asset.name);
    response.insert_header((VARY, "Accept-Encoding"));
    if accepts_gzip(request) {
        response.insert_header((CONTENT_ENCODING, "gzip"));
        return response.body(asset.gzip);
    }
    response.body(asset.content)
}

/// For a file whose name carries its hash.
fn immutable(name: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, mime_type(name)))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"));
    response
}

fn accepts_gzip(request: &HttpRequest) -> bool {
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
