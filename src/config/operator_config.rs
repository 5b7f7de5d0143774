use std::time::Duration;

use super::problems::Validator;
use super::values::{count, duration, email_codes, secret_key};
use super::{EmailCodes, Problems, Settings, Storage};
use crate::domain::SecretKey;

/// The part of the settings that an operator's commands need: what they do must not depend on
/// whether the mail server is set up right.
#[derive(Debug, Clone)]
pub struct OperatorConfig {
    /// Where things are kept.
    pub storage: Storage,
    /// From the environment; otherwise from the key file.
    pub secret_key: Option<SecretKey>,
    /// The key before it.
    pub secret_key_previous: Option<SecretKey>,
    /// Who may use email codes.
    pub email_codes: EmailCodes,
    /// Code requests for one address in any 60 seconds.
    pub code_limit_address: u32,
    /// A session ends after this long in any case.
    pub session_max: Duration,
    /// A session ends after this long unused.
    pub session_idle: Duration,
}

impl OperatorConfig {
    /// Reads this part of the settings.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_settings(settings: &Settings) -> Result<Self, Problems> {
        let mut validator = Validator::default();
        let upkeep = Self::judged(settings, &mut validator);
        validator.finish(upkeep)
    }

    pub(super) fn judged(settings: &Settings, validator: &mut Validator) -> Self {
        Self {
            storage: Storage::judged(settings, validator),
            secret_key: validator.read_optional("SECRET_KEY", &settings.secret_key, secret_key),
            secret_key_previous: validator.read_optional(
                "SECRET_KEY_PREVIOUS",
                &settings.secret_key_previous,
                secret_key,
            ),
            email_codes: validator.read(
                "EMAIL_CODES",
                &settings.email_codes,
                EmailCodes::Fallback,
                email_codes,
            ),
            code_limit_address: validator.read(
                "CODE_LIMIT_ADDRESS",
                &settings.code_limit_address,
                10,
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
