//! The log: env_logger on standard error, as text or as JSON lines. A line that belongs to a request
//! carries the request's id.
//!
//! The middleware sets the id with [`scope`]. Work that a request hands to another task or thread runs in
//! another scope, with the id that [`request_id`] gave where it was handed over.

use std::future::Future;
use std::io::{self, Write};
use std::time::SystemTime;

use env_logger::fmt::Formatter;
use humantime::{format_rfc3339_millis, format_rfc3339_seconds};
use log::Record;
use serde::Serialize;

use crate::config::LogFormat;
use crate::domain::RequestId;

/// `actix_session` logs a warning for every cookie with a wrong signature: anyone could fill the log
/// with such cookies.
const DEFAULT_FILTER: &str = "info,actix_server=warn,actix_http=off,actix_session=error";

tokio::task_local! {
    static REQUEST_ID: Option<RequestId>;
}

/// Starts the log. `RUST_LOG` takes precedence over the default filter.
pub fn init(format: LogFormat) {
    let default = env_logger::Env::default().default_filter_or(DEFAULT_FILTER);
    let mut builder = env_logger::Builder::from_env(default);
    match format {
        LogFormat::Text => builder.format(write_text),
        LogFormat::Json => builder.format(write_json),
    };
    builder.init();
}

/// The id of the request that the current task or thread works for.
pub fn request_id() -> Option<RequestId> {
    REQUEST_ID.try_with(|id| *id).ok().flatten()
}

/// Runs work of a request. Its log lines carry `id`.
pub fn scope<F: Future>(id: Option<RequestId>, work: F) -> impl Future<Output = F::Output> {
    REQUEST_ID.scope(id, work)
}

/// Runs work of a request on a thread without a task.
pub fn scope_blocking<T>(id: Option<RequestId>, work: impl FnOnce() -> T) -> T {
    REQUEST_ID.sync_scope(id, work)
}

fn write_text(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let level = record.level();
    let style = out.default_level_style(level);
    let time = format_rfc3339_seconds(SystemTime::now());
    let target = record.target();
    write!(out, "[{time} {style}{level:<5}{style:#} {target}")?;
    if let Some(id) = request_id() {
        write!(out, " {}", id.as_str())?;
    }
    // A line break in a message must not look like the start of another entry.
    let message = record.args().to_string().replace('\n', "\n    ");
    writeln!(out, "] {message}")
}

#[derive(Serialize)]
struct JsonLine<'a> {
    time: String,
    level: &'a str,
    target: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

fn write_json(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let id = request_id();
    let line = JsonLine {
        time: format_rfc3339_millis(SystemTime::now()).to_string(),
        level: record.level().as_str(),
        target: record.target(),
        message: record.args().to_string(),
        request_id: id.as_ref().map(RequestId::as_str),
    };
    let json = serde_json::to_string(&line).map_err(io::Error::other)?;
    writeln!(out, "{json}")
}
