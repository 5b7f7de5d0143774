//! Every setting: read once, typed, and judged in one go.

mod operator_config;
mod problems;
mod provider;
mod settings;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use lettre::message::Mailbox;

pub use operator_config::OperatorConfig;
pub use problems::{Problem, Problems};
use problems::{Validator, given};
pub use provider::{
    AdmissionRules, AuthKitSettings, ClientSecret, IssuerUrl, OidcSettings, ProviderSettings,
    RedirectUrl,
};
pub use settings::Settings;
use values::{
    address, brand_name, cidrs, code_lifetime, colour, count, database_path, folder,
    log_format_value, smtp_url,
};

use crate::domain::{BaseUrl, Colour, Email, SecretKey};

/// What the console is called where nobody gave it another name.
const BRAND: &str = "Vestibule";

/// Every setting that `serve` needs, each with a right value.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to bind.
    pub listen: SocketAddr,
    /// The public origin.
    pub base_url: BaseUrl,
    /// Where things are kept.
    pub storage: Storage,
    /// From the environment; otherwise from the key file.
    pub secret_key: Option<SecretKey>,
    /// The key before it.
    pub secret_key_previous: Option<SecretKey>,
    /// Who is to be admin.
    pub admin_email: Option<Email>,
    /// Where mail goes.
    pub mail: MailSettings,
    /// Who may use email codes.
    pub email_codes: EmailCodes,
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
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Files in place of the built-in ones.
    pub static_dir: Option<PathBuf>,
    /// What the console is called.
    pub brand_name: String,
    /// The colour of buttons and links, in place of Vestibule's own.
    pub brand_accent: Option<Colour>,
    /// WorkOS AuthKit or another OpenID Provider, once it is set up.
    pub provider: Option<ProviderSettings>,
    /// Who may sign in without an invitation.
    pub admission: AdmissionRules,
    /// How long activity is kept.
    pub activity_kept: Duration,
    /// Where `/metrics` is served.
    pub metrics_listen: Option<SocketAddr>,
}

/// The part of the settings that every subcommand needs.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Folder of the generated key and the outbox.
    pub data_dir: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// Whether pending migrations are run at start.
    pub auto_migrate: bool,
}

/// Where mail goes, and from whom.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The mail server; `None`: the outbox.
    pub smtp: Option<SmtpUrl>,
    /// The sender of every mail.
    pub from: Mailbox,
}

/// A mail server's address in lettre's form. It may hold a password, so it never prints itself.
#[derive(Clone)]
pub struct SmtpUrl(String);

impl SmtpUrl {
    /// The URL, for the transport alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(……)")
    }
}

/// Who may use email codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailCodes {
    /// Accounts that have not moved to WorkOS.
    Fallback,
    /// Every account.
    Always,
    /// Nobody.
    Off,
}

impl Storage {
    /// Reads the part of the settings that every subcommand needs.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_settings(settings: &Settings) -> Result<Self, Problems> {
        let mut validator = Validator::default();
        let storage = Self::judged(settings, &mut validator);
        validator.finish(storage)
    }

    fn judged(settings: &Settings, validator: &mut Validator) -> Self {
        let data_dir = validator.read(
            "DATA_DIR",
            &settings.data_dir,
            PathBuf::from("data"),
            folder,
        );
        let database = validator
            .read_optional("DATABASE_URL", &settings.database_url, database_path)
            .unwrap_or_else(|| data_dir.join("vestibule.db"));
        let auto_migrate =
            validator.read(
                "AUTO_MIGRATE",
                &settings.auto_migrate,
                true,
                |text| match text {
                    "true" => Ok(true),
                    "false" => Ok(false),
                    _ => Err("must be true or false".to_owned()),
                },
            );
        Self {
            data_dir,
            database,
            auto_migrate,
        }
    }
}

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `[2026-11-28T07:09:00Z INFO  vestibule::server] stopped`, with the request id after the target.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Reads `LOG_FORMAT` alone: every subcommand starts the log before it reads its own settings.
///
/// # Errors
/// The problem with `LOG_FORMAT`. [`Config::from_settings`] reports it along with all others.
pub fn log_format(settings: &Settings) -> Result<LogFormat, Problems> {
    let mut validator = Validator::default();
    let format = read_log_format(settings, &mut validator);
    validator.finish(format)
}

fn read_log_format(settings: &Settings, validator: &mut Validator) -> LogFormat {
    validator.read(
        "LOG_FORMAT",
        &settings.log_format,
        LogFormat::Text,
        log_format_value,
    )
}

impl Config {
    /// Reads every setting.
    ///
    /// # Errors
    /// Everything that is wrong with them. Nothing has been touched by then.
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
                "is missing: it can be told from LISTEN only when that is a loopback address with a port",
            );
        }
        let base_url_is_local = base_url.as_ref().is_none_or(BaseUrl::is_localhost);
        let brand_name = validator.read_optional("BRAND_NAME", &settings.brand_name, brand_name);
        let mail = mail_settings(
            settings,
            brand_name.as_deref(),
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
        } = OperatorConfig::judged(settings, validator);
        if session_idle > session_max {
            validator.error(
                "SESSION_IDLE",
                "is longer than SESSION_MAX, so it would never be reached",
            );
        }
        // Any value will do where a problem is written down.
        let base_url = base_url.unwrap_or_else(BaseUrl::placeholder);
        let provider = provider::provider(settings, &base_url, validator);
        let admission = provider::admission(settings, validator);
        if email_codes == EmailCodes::Off && provider.is_none() {
            validator.error(
                "EMAIL_CODES",
                "is off, and no other way to sign in is set up, so nobody could get in",
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
                Email::parse(text).map_err(|_| format!("“{text}” is not an email address"))
            }),
            mail,
            email_codes,
            email_code_ttl,
            code_limit_address,
            code_limit_ip: validator.read("CODE_LIMIT_IP", &settings.code_limit_ip, 60, |text| {
                count(text, 10_000)
            }),
            session_idle,
            session_max,
            trusted_proxies: validator.read(
                "TRUSTED_PROXIES",
                &settings.trusted_proxies,
                Vec::new(),
                cidrs,
            ),
            static_dir: validator.read_optional("STATIC_DIR", &settings.static_dir, |text| {
                let folder = PathBuf::from(text);
                if folder.is_dir() {
                    Ok(folder)
                } else {
                    Err(format!("there is no folder “{text}”"))
                }
            }),
            brand_name: brand_name.unwrap_or_else(|| BRAND.to_owned()),
            brand_accent: validator.read_optional("BRAND_ACCENT", &settings.brand_accent, colour),
        };
        std::mem::take(validator).finish(config)
    }
}

/// A sender without a name has the console's, where that was given one.
fn mail_settings(
    settings: &Settings,
    brand_name: Option<&str>,
    base_url_is_local: bool,
    validator: &mut Validator,
) -> MailSettings {
    let smtp = validator.read_optional("SMTP_URL", &settings.smtp_url, smtp_url);
    let from = validator.read_optional("MAIL_FROM", &settings.mail_from, |text| {
        text.parse::<Mailbox>()
            .map_err(|_| format!("“{text}” is not a sender. Write an address, or Name <address>"))
    });
    if given(&settings.smtp_url).is_some() && given(&settings.mail_from).is_none() {
        validator.error(
            "MAIL_FROM",
            "is missing: SMTP_URL needs a sender, such as Console <console@example.com>",
        );
    }
    if given(&settings.smtp_url).is_none() && !base_url_is_local {
        validator.error(
            "SMTP_URL",
            "is missing. Without it codes are shown on the terminal, which is meant for a first look at \
             localhost only. Set SMTP_URL and MAIL_FROM",
        );
    }
    let outbox_sender = lettre::Address::new("vestibule", "localhost").ok();
    let named = |address| Mailbox::new(Some(brand_name.unwrap_or(BRAND).to_owned()), address);
    match from.or(outbox_sender.map(named)) {
        Some(Mailbox { name, email }) => MailSettings {
            smtp,
            from: Mailbox::new(name.or_else(|| brand_name.map(str::to_owned)), email),
        },
        None => unreachable!("vestibule@localhost is an address"),
    }
}
