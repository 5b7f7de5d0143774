use std::time::Duration;

use super::check::Check;
use crate::config::{AdminSignIn, Config, EmailCodes};

/// The longest life of a code in OWASP ASVS 5.0, requirement 6.5.5.
const LONGEST_BY_ASVS: Duration = Duration::from_mins(10);

/// A remark if codes work for longer than ASVS allows. `EMAIL_CODE_TTL` permits that.
pub(super) fn remark(config: &Config) -> Option<Check> {
    let is_longer =
        config.email_codes != EmailCodes::Off && config.email_code_ttl > LONGEST_BY_ASVS;
    is_longer.then(|| {
        Check::open(
            "email codes",
            "ASVS 6.5.5 is not met: EMAIL_CODE_TTL is longer than 10 minutes",
        )
        .and_next("Set EMAIL_CODE_TTL=10m to meet it")
    })
}

/// Says that admins get no codes, and what helps them when the provider is down.
pub(super) fn admins(config: &Config) -> Option<Check> {
    let is_only_workos = config.admin_sign_in == AdminSignIn::WorkOs;
    is_only_workos.then(|| {
        Check::fine(
            "admin sign-in",
            "admins get no email codes, as ADMIN_SIGN_IN says",
        )
        .and_next("If the provider is down, `vestibule code EMAIL` lets an admin in")
    })
}
