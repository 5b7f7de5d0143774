use std::fmt;

use lettre::message::Mailbox;
use url::Url;

use super::problems::{Validator, given};
use super::settings::Settings;
use super::values::InvalidValue;

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
    /// Checks the URL with lettre. The errors do not repeat the text, which may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let form = "must look like smtps://user:password@mail.example.com, or smtp://…:587?tls=required for STARTTLS";
        let url = Url::parse(text).map_err(|_| InvalidValue::new(form))?;
        if !matches!(url.scheme(), "smtp" | "smtps") || url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidValue::new(form));
        }
        if !url.username().is_empty() && url.password().is_none() {
            return Err(InvalidValue::new("names a user and no password"));
        }
        let tls_is_known = url
            .query_pairs()
            .all(|(key, value)| key == "tls" && matches!(&*value, "required" | "opportunistic"));
        if !tls_is_known {
            return Err(InvalidValue::new(
                "may have ?tls=required or ?tls=opportunistic behind it and nothing else",
            ));
        }
        lettre::AsyncSmtpTransport::<lettre::Tokio1Executor>::from_url(text)
            .map_err(|_| InvalidValue::new(form))?;
        Ok(Self(text.to_owned()))
    }

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
    let smtp = validator.read_optional("SMTP_URL", &settings.smtp_url, SmtpUrl::parse);
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
