//! Parsers of single values. Their errors say what to write instead.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::domain::{Colour, is_hidden};

/// In characters. A longer name breaks the header on a phone.
const LONGEST_BRAND: usize = 60;

/// An error in a value. The text continues the setting's name: “must be true or false”.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct InvalidValue(String);

impl InvalidValue {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

pub(super) fn address(text: &str) -> Result<SocketAddr, InvalidValue> {
    text.parse().map_err(|_| {
        InvalidValue::new(format!(
            "“{text}” is not an address and port, such as 127.0.0.1:8080"
        ))
    })
}

pub(super) fn database_path(text: &str) -> Result<PathBuf, InvalidValue> {
    let path = text.strip_prefix("sqlite:").unwrap_or(text);
    let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
    if path.to_string_lossy().contains([':', '?']) || path.is_dir() {
        return Err(InvalidValue::new("must be the path of an SQLite file"));
    }
    Ok(path)
}

pub(super) fn folder(text: &str) -> Result<PathBuf, InvalidValue> {
    let path = PathBuf::from(text);
    if path.exists() && !path.is_dir() {
        return Err(InvalidValue::new(format!(
            "“{text}” is a file; it must be a folder"
        )));
    }
    Ok(path)
}

/// Parses an enum or a bool; `words` lists its values for the error.
pub(super) fn one_of<T: FromStr>(
    words: &'static str,
) -> impl FnOnce(&str) -> Result<T, InvalidValue> {
    move |text| {
        text.parse()
            .map_err(|_| InvalidValue::new(format!("must be {words}")))
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, InvalidValue> {
    humantime::parse_duration(text)
        .ok()
        .filter(|span| (Duration::from_mins(1)..=Duration::from_hours(366 * 24)).contains(span))
        .ok_or_else(|| {
            InvalidValue::new(format!(
                "“{text}” is not a duration between 1m and 1y, such as 30m, 12h or 7d"
            ))
        })
}

pub(super) fn code_lifetime(text: &str) -> Result<Duration, InvalidValue> {
    duration(text).and_then(|span| {
        if span <= Duration::from_mins(15) {
            Ok(span)
        } else {
            Err(InvalidValue::new("must be 15m or less"))
        }
    })
}

pub(super) fn count(text: &str, most: u32) -> Result<u32, InvalidValue> {
    text.parse()
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| InvalidValue::new(format!("must be a whole number from 1 to {most}")))
}

pub(super) fn brand_name(text: &str) -> Result<String, InvalidValue> {
    if text.chars().count() > LONGEST_BRAND || text.contains(is_hidden) {
        return Err(InvalidValue::new(format!(
            "must be one line of at most {LONGEST_BRAND} characters"
        )));
    }
    Ok(text.to_owned())
}

pub(super) fn colour(text: &str) -> Result<Colour, InvalidValue> {
    Colour::parse(text).ok_or_else(|| {
        InvalidValue::new(format!(
            "“{text}” is not a colour in six hexadecimal digits, such as #1f5eff"
        ))
    })
}
