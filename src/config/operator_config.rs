use std::time::Duration;

use super::DEFAULT_CODE_LIMIT_ADDRESS;
use super::modes::{EmailCodes, read_email_codes};
use super::problems::{Problems, Validator};
use super::settings::Settings;
use super::storage::Storage;
use super::values::{count, duration};
use crate::domain::SecretKey;

/// The settings of an operator's commands. They work even if other settings are invalid, such as the mail server's.
#[derive(Debug, Clone)]
pub struct OperatorConfig {
    pub storage: Storage,
    /// `None`: read from the key file.
    pub secret_key: Option<SecretKey>,
    /// The key before the last rotation.
    pub secret_key_previous: Option<SecretKey>,
    pub email_codes: EmailCodes,
    /// Code requests for one address in any 60 seconds.
    pub code_limit_address: u32,
    /// A session ends after this long in any case.
    pub session_max: Duration,
    /// A session ends after this long unused.
    pub session_idle: Duration,
}

impl OperatorConfig {
    pub fn from_settings(settings: &Settings) -> Result<Self, Problems> {
        let mut validator = Validator::default();
        let config = Self::read(settings, &mut validator);
        validator.finish(config)
    }

    pub(super) fn read(settings: &Settings, validator: &mut Validator) -> Self {
        Self {
            storage: Storage::read(settings, validator),
            secret_key: validator.read_optional(
                "SECRET_KEY",
                &settings.secret_key,
                SecretKey::parse,
            ),
            secret_key_previous: validator.read_optional(
                "SECRET_KEY_PREVIOUS",
                &settings.secret_key_previous,
                SecretKey::parse,
            ),
            email_codes: read_email_codes(settings, validator),
            code_limit_address: validator.read(
                "CODE_LIMIT_ADDRESS",
                &settings.code_limit_address,
                DEFAULT_CODE_LIMIT_ADDRESS,
                |text| count(text, 100),
            ),
            session_max: validator.read(
                "SESSION_MAX",
                &settings.session_max,
                Duration::from_hours(7 * 24),
                duration,
            ),
            session_idle: validator.read(
                "SESSION_IDLE",
                &settings.session_idle,
                Duration::from_hours(12),
                duration,
            ),
        }
    }
}
