use strum::EnumString;

use super::problems::{Problems, Validator};
use super::settings::Settings;
use super::values::one_of;

/// The accounts that may use email codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum EmailCodes {
    /// Accounts that have not moved to WorkOS.
    Fallback,
    /// Every account.
    Always,
    /// No account.
    Off,
}

/// How admins may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum AdminSignIn {
    /// With WorkOS or another provider, and with an operator's code.
    WorkOs,
    /// Like every account.
    Any,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum LogFormat {
    /// `[2026-11-28T07:09:00Z INFO  vestibule::server] stopped`, with the request id after the target.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Reads `LOG_FORMAT` alone: every subcommand starts the log before it reads its own settings.
/// [`Config::from_settings`] reports an error in `LOG_FORMAT` along with all others.
///
/// [`Config::from_settings`]: super::Config::from_settings
pub fn log_format(settings: &Settings) -> Result<LogFormat, Problems> {
    let mut validator = Validator::default();
    let format = read_log_format(settings, &mut validator);
    validator.finish(format)
}

pub(super) fn read_log_format(settings: &Settings, validator: &mut Validator) -> LogFormat {
    validator.read(
        "LOG_FORMAT",
        &settings.log_format,
        LogFormat::Text,
        one_of("text or json"),
    )
}

pub(super) fn read_admin_sign_in(settings: &Settings, validator: &mut Validator) -> AdminSignIn {
    validator.read(
        "ADMIN_SIGN_IN",
        &settings.admin_sign_in,
        AdminSignIn::Any,
        one_of("workos or any"),
    )
}

pub(super) fn read_email_codes(settings: &Settings, validator: &mut Validator) -> EmailCodes {
    validator.read(
        "EMAIL_CODES",
        &settings.email_codes,
        EmailCodes::Fallback,
        one_of("fallback, always or off"),
    )
}
