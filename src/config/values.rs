//! Reads one value each, and says what to write instead.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::{EmailCodes, LogFormat, SmtpUrl};
use crate::domain::{Colour, SecretKey, is_hidden};

/// Longer ones break the header on a phone.
const LONGEST_BRAND: usize = 60;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("“{text}” is not an address and port, such as 127.0.0.1:8080"))
}

pub(super) fn database_path(text: &str) -> Result<PathBuf, String> {
    let path = text.strip_prefix("sqlite:").unwrap_or(text);
    let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
    if path.to_string_lossy().contains([':', '?']) || path.is_dir() {
        return Err("must be the path of an SQLite file".to_owned());
    }
    Ok(path)
}

pub(super) fn folder(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.exists() && !path.is_dir() {
        return Err(format!("“{text}” is a file; it must be a folder"));
    }
    Ok(path)
}

/// Says what is wrong without repeating the text, which holds a password.
pub(super) fn smtp_url(text: &str) -> Result<SmtpUrl, String> {
    let form = "must look like smtps://user:password@mail.example.com, or smtp://…:587?tls=required for STARTTLS";
    let url = Url::parse(text).map_err(|_| form.to_owned())?;
    if !matches!(url.scheme(), "smtp" | "smtps") || url.host_str().is_none_or(str::is_empty) {
        return Err(form.to_owned());
    }
    if !url.username().is_empty() && url.password().is_none() {
        return Err("names a user and no password".to_owned());
    }
    let tls_is_known = url
        .query_pairs()
        .all(|(key, value)| key == "tls" && matches!(&*value, "required" | "opportunistic"));
    if !tls_is_known {
        return Err(
            "may have ?tls=required or ?tls=opportunistic behind it and nothing else".to_owned(),
        );
    }
    lettre::AsyncSmtpTransport::<lettre::Tokio1Executor>::from_url(text)
        .map_err(|_| form.to_owned())?;
    Ok(SmtpUrl(text.to_owned()))
}

pub(super) fn secret_key(text: &str) -> Result<SecretKey, String> {
    SecretKey::parse(text).map_err(|e| e.to_string())
}

pub(super) fn email_codes(text: &str) -> Result<EmailCodes, String> {
    match text {
        "fallback" => Ok(EmailCodes::Fallback),
        "always" => Ok(EmailCodes::Always),
        "off" => Ok(EmailCodes::Off),
        _ => Err("must be fallback, always or off".to_owned()),
    }
}

pub(super) fn log_format_value(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json".to_owned()),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|span| (Duration::from_mins(1)..=Duration::from_hours(366 * 24)).contains(span))
        .ok_or_else(|| {
            format!("“{text}” is not a duration between 1m and 1y, such as 30m, 12h or 7d")
        })
}

pub(super) fn code_lifetime(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|span| {
        if span <= Duration::from_mins(15) {
            Ok(span)
        } else {
            Err("must be 15m or less".to_owned())
        }
    })
}

pub(super) fn count(text: &str, most: u32) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| format!("must be a whole number from 1 to {most}"))
}

pub(super) fn brand_name(text: &str) -> Result<String, String> {
    if text.chars().count() > LONGEST_BRAND || text.contains(is_hidden) {
        return Err(format!(
            "must be one line of at most {LONGEST_BRAND} characters"
        ));
    }
    Ok(text.to_owned())
}

pub(super) fn colour(text: &str) -> Result<Colour, String> {
    Colour::parse(text).ok_or_else(|| {
        format!("“{text}” is not a colour in six hexadecimal digits, such as #1f5eff")
    })
}

pub(super) fn cidrs(text: &str) -> Result<Vec<IpNet>, String> {
    text.split([',', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| format!("“{part}” is not a network, such as 10.0.0.0/8 or ::1"))
        })
        .collect()
}
