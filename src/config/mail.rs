use std::fmt;

use lettre::message::Mailbox;

use super::problems::{Validator, given};
use super::settings::Settings;
use super::values::{InvalidValue, smtp_url};

/// Where mail goes, and its sender.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The mail server; `None`: the outbox.
    pub smtp: Option<SmtpUrl>,
    /// The sender of every mail.
    pub from: Mailbox,
}

/// A mail server's URL in lettre's form. It may hold a password, so `Debug` hides it.
#[derive(Clone)]
pub struct SmtpUrl(String);

impl SmtpUrl {
    /// The URL, for the transport only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(……)")
    }
}

/// A sender without a name gets the brand's name, if one is set. Without a brand, only the outbox's sender gets a name:
/// `default_brand`.
pub(super) fn read_mail(
    settings: &Settings,
    brand_name: Option<&str>,
    default_brand: &str,
    base_url_is_local: bool,
    validator: &mut Validator,
) -> MailSettings {
    let smtp = validator.read_optional("SMTP_URL", &settings.smtp_url, |text| {
        smtp_url(text).map(SmtpUrl)
    });
    let from = validator.read_optional("MAIL_FROM", &settings.mail_from, |text| {
        text.parse::<Mailbox>().map_err(|_| {
            InvalidValue::new(format!(
                "“{text}” is not a sender. Write an address, or Name <address>"
            ))
        })
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
            "is missing. Without it codes are shown on the terminal, which is meant for a first try on \
             localhost only. Set SMTP_URL and MAIL_FROM",
        );
    }
    let outbox_sender = lettre::Address::new("vestibule", "localhost").ok();
    let named = |address| {
        Mailbox::new(
            Some(brand_name.unwrap_or(default_brand).to_owned()),
            address,
        )
    };
    match from.or(outbox_sender.map(named)) {
        Some(Mailbox { name, email }) => MailSettings {
            smtp,
            from: Mailbox::new(name.or_else(|| brand_name.map(str::to_owned)), email),
        },
        None => unreachable!("vestibule@localhost is an address"),
    }
}
