//! Every setting: parsed once into its type, with all errors in one message.

mod mail;
mod modes;
mod operator_config;
mod problems;
mod provider;
mod settings;
mod storage;
mod trusted_proxies;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use mail::read_mail;
pub use mail::{MailSettings, SmtpUrl};
pub use modes::{AdminSignIn, EmailCodes, LogFormat, log_format};
use modes::{read_admin_sign_in, read_log_format};
pub use operator_config::OperatorConfig;
pub use problems::{Problem, Problems};
use problems::{Validator, given};
pub use provider::{
    AdmissionRules, AuthKitSettings, ClientSecret, IssuerUrl, OidcSettings, ProviderSettings,
    RedirectUrl,
};
pub use settings::Settings;
pub use storage::Storage;
pub use trusted_proxies::{ProxyProblem, TrustedProxies};
use values::{InvalidValue, address, brand_name, code_lifetime, colour, count};

use crate::domain::{BaseUrl, Colour, Email, SecretKey};

/// The default of `CODE_LIMIT_ADDRESS`, in requests a minute.
pub const DEFAULT_CODE_LIMIT_ADDRESS: u32 = 10;
/// The default of `CODE_LIMIT_IP`, in requests a minute.
pub const DEFAULT_CODE_LIMIT_IP: u32 = 60;
/// The default of `BRAND_NAME`.
const BRAND: &str = "Vestibule";

/// The settings of `serve`.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// The public origin.
    pub base_url: BaseUrl,
    pub storage: Storage,
    /// `None`: read from the key file.
    pub secret_key: Option<SecretKey>,
    /// The key before the last rotation.
    pub secret_key_previous: Option<SecretKey>,
    /// An account that the start makes a confirmed admin.
    pub admin_email: Option<Email>,
    pub mail: MailSettings,
    pub email_codes: EmailCodes,
    pub admin_sign_in: AdminSignIn,
    /// How long a code works.
    pub email_code_ttl: Duration,
    /// Code requests for one address in any 60 seconds.
    pub code_limit_address: u32,
    /// Code requests from one client IP in any 60 seconds.
    pub code_limit_ip: u32,
    /// A session ends after this long unused.
    pub session_idle: Duration,
    /// A session ends after this long in any case.
    pub session_max: Duration,
    /// Networks whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// A folder of files that replace built-in ones.
    pub static_dir: Option<PathBuf>,
    pub brand_name: String,
    /// The colour of buttons and links; `None`: Vestibule's own.
    pub brand_accent: Option<Colour>,
    /// WorkOS AuthKit or another OpenID Provider.
    pub provider: Option<ProviderSettings>,
    /// The people who may sign in without an invitation.
    pub admission: AdmissionRules,
    /// How long activity is kept.
    pub activity_kept: Duration,
    /// Where `/metrics` is served; `None`: nowhere.
    pub metrics_listen: Option<SocketAddr>,
}

impl Config {
    pub fn from_settings(settings: &Settings) -> Result<Self, Problems> {
        let validator = &mut Validator::default();
        let listen = validator.read(
            "LISTEN",
            &settings.listen,
            SocketAddr::from(([127, 0, 0, 1], 8080)),
            address,
        );
        let base_url = validator.read_optional("BASE_URL", &settings.base_url, BaseUrl::parse);
        let base_url = base_url.or_else(|| BaseUrl::of_loopback(listen));
        if base_url.is_none() && given(&settings.base_url).is_none() {
            validator.error(
                "BASE_URL",
                "is missing: it has a default only if LISTEN is a loopback address with a port",
            );
        }
        let base_url_is_local = base_url.as_ref().is_none_or(BaseUrl::is_localhost);
        let brand_name = validator.read_optional("BRAND_NAME", &settings.brand_name, brand_name);
        let mail = read_mail(
            settings,
            brand_name.as_deref(),
            BRAND,
            base_url_is_local,
            validator,
        );
        let OperatorConfig {
            storage,
            secret_key,
            secret_key_previous,
            email_codes,
            code_limit_address,
            session_max,
            session_idle,
        } = OperatorConfig::read(settings, validator);
        if session_idle > session_max {
            validator.error(
                "SESSION_IDLE",
                "is longer than SESSION_MAX, so it would never be reached",
            );
        }
        // The error is already collected, so this configuration is never used.
        let base_url = base_url.unwrap_or_else(BaseUrl::placeholder);
        let provider = provider::provider(settings, &base_url, validator);
        let admission = provider::admission(settings, validator);
        if email_codes == EmailCodes::Off && provider.is_none() {
            validator.error(
                "EMAIL_CODES",
                "is off, and no provider is set up, so no one could sign in",
            );
        }
        let admin_sign_in = read_admin_sign_in(settings, validator);
        if admin_sign_in == AdminSignIn::WorkOs && provider.is_none() {
            validator.error(
                "ADMIN_SIGN_IN",
                "is workos, and no provider is set up, so no admin could sign in",
            );
        }
        let email_code_ttl = validator.read(
            "EMAIL_CODE_TTL",
            &settings.email_code_ttl,
            Duration::from_mins(10),
            code_lifetime,
        );
        let activity_days = validator.read("ACTIVITY_DAYS", &settings.activity_days, 365, |text| {
            count(text, 36_500)
        });
        read_log_format(settings, validator);
        let config = Self {
            listen,
            activity_kept: Duration::from_hours(24) * activity_days,
            metrics_listen: validator.read_optional(
                "METRICS_LISTEN",
                &settings.metrics_listen,
                address,
            ),
            base_url,
            provider,
            admission,
            storage,
            secret_key,
            secret_key_previous,
            admin_email: validator.read_optional("ADMIN_EMAIL", &settings.admin_email, |text| {
                Email::parse(text)
                    .map_err(|_| InvalidValue::new(format!("“{text}” is not an email address")))
            }),
            mail,
            email_codes,
            admin_sign_in,
            email_code_ttl,
            code_limit_address,
            code_limit_ip: validator.read(
                "CODE_LIMIT_IP",
                &settings.code_limit_ip,
                DEFAULT_CODE_LIMIT_IP,
                |text| count(text, 10_000),
            ),
            session_idle,
            session_max,
            trusted_proxies: validator.read(
                "TRUSTED_PROXIES",
                &settings.trusted_proxies,
                TrustedProxies::default(),
                TrustedProxies::parse,
            ),
            static_dir: validator.read_optional("STATIC_DIR", &settings.static_dir, |text| {
                let folder = PathBuf::from(text);
                if folder.is_dir() {
                    Ok(folder)
                } else {
                    Err(InvalidValue::new(format!("there is no folder “{text}”")))
                }
            }),
            brand_name: brand_name.unwrap_or_else(|| BRAND.to_owned()),
            brand_accent: validator.read_optional("BRAND_ACCENT", &settings.brand_accent, colour),
        };
        std::mem::take(validator).finish(config)
    }
}
