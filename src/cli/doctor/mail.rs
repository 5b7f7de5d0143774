use url::{Host, Url};

use super::check::Check;
use crate::config::{MailSettings, SmtpUrl};
use crate::operations::mail_probe::{Failed, Step, probe};
use crate::operations::sender_domain::{SenderRecords, records};

const CONNECTION: &str = "mail server";
const TLS: &str = "mail TLS";
const LOGIN: &str = "mail login";

/// Checks the mail server and the DNS records of the sender's domain. Sends no mail.
pub(super) async fn checks(mail: &MailSettings) -> Vec<Check> {
    let Some(smtp) = &mail.smtp else {
        let reason = "none is set: codes are shown on the terminal, for a first try";
        let next = "Set SMTP_URL and MAIL_FROM before other people sign in";
        return vec![Check::open(CONNECTION, reason).and_next(next)];
    };
    let Some(server) = SmtpCheck::of(smtp) else {
        return vec![Check::failed(
            CONNECTION,
            "SMTP_URL is not a URL",
            "Correct it",
        )];
    };
    let failed = probe(smtp).await.err();
    let mut checks = vec![
        server.connection(failed.as_ref()),
        server.tls(failed.as_ref()),
        server.login(failed.as_ref()),
    ];
    checks.extend(sender(mail.from.email.domain()).await);
    checks
}

/// What `SMTP_URL` says, without its secrets.
struct SmtpCheck {
    server: String,
    on_this_machine: bool,
    tls: Tls,
    login: bool,
}

enum Tls {
    FromTheStart,
    Required,
    Opportunistic,
    None,
}

impl SmtpCheck {
    fn of(smtp: &SmtpUrl) -> Option<Self> {
        let url = Url::parse(smtp.expose()).ok()?;
        let host = url.host_str()?;
        let tls = url.query_pairs().find(|(key, _)| key == "tls");
        Some(Self {
            server: url
                .port()
                .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            on_this_machine: is_here(host),
            tls: match (url.scheme(), tls.as_ref().map(|(_, value)| &**value)) {
                ("smtps", _) => Tls::FromTheStart,
                (_, Some("required")) => Tls::Required,
                (_, Some(_)) => Tls::Opportunistic,
                (_, None) => Tls::None,
            },
            login: !url.username().is_empty(),
        })
    }

    fn connection(&self, failed: Option<&Failed>) -> Check {
        match failed {
            Some(Failed {
                at: Step::Connection,
                reason,
            }) => Check::failed(
                CONNECTION,
                format!("{} cannot be used: {reason}", self.server),
                "Check the host and port in SMTP_URL, and that no firewall is in between",
            ),
            _ => Check::fine(CONNECTION, format!("{} answers", self.server)),
        }
    }

    fn tls(&self, failed: Option<&Failed>) -> Check {
        match failed {
            Some(failed) if failed.at < Step::Tls => {
                Check::open(TLS, "not checked, since an earlier step failed")
            }
            Some(failed) if failed.at == Step::Tls => Check::failed(
                TLS,
                failed.reason.clone(),
                "Use smtps:// for implicit TLS (port 465), or ?tls=required for STARTTLS (port 587), and the host \
                 name that is in the server’s certificate",
            ),
            _ => match self.tls {
                Tls::FromTheStart => Check::fine(TLS, "implicit TLS"),
                Tls::Required => Check::fine(TLS, "STARTTLS"),
                Tls::Opportunistic => {
                    Check::open(TLS, "opportunistic: used only if the server offers it")
                        .and_next("Add ?tls=required to insist on it")
                }
                Tls::None if self.on_this_machine => {
                    Check::fine(TLS, "none, and none is needed on this machine")
                }
                Tls::None => Check::failed(
                    TLS,
                    "none: codes are sent in plain text",
                    "Use smtps://, or ?tls=required for STARTTLS",
                ),
            },
        }
    }

    fn login(&self, failed: Option<&Failed>) -> Check {
        match failed {
            Some(failed) if failed.at < Step::Login => {
                Check::open(LOGIN, "not checked, since an earlier step failed")
            }
            Some(failed) => Check::failed(
                LOGIN,
                failed.reason.clone(),
                "Check the user and the password in SMTP_URL; write an @ in them as %40",
            ),
            None if self.login => Check::fine(LOGIN, "the user and the password are accepted"),
            None => Check::open(LOGIN, "none, since SMTP_URL names no user"),
        }
    }
}

fn is_here(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Ok(Host::Ipv4(ip)) => ip.is_loopback(),
        Ok(Host::Ipv6(ip)) => ip.is_loopback(),
        Err(_) => false,
    }
}

async fn sender(domain: &str) -> Vec<Check> {
    let (spf, dmarc) = match records(domain).await {
        Ok(SenderRecords { spf, dmarc }) => (
            match spf {
                Some(record) => Check::fine("SPF", format!("{domain} says {record}")),
                None => Check::failed(
                    "SPF",
                    format!("{domain} does not say who may send its mail"),
                    format!(
                        "Publish a TXT record at {domain} that names the mail server, v=spf1 …"
                    ),
                ),
            },
            match dmarc {
                Some(record) => Check::fine("DMARC", format!("{domain} says {record}")),
                None => Check::failed(
                    "DMARC",
                    format!("{domain} does not say what to do with forged mail"),
                    format!(
                        "Publish a TXT record at _dmarc.{domain}, v=DMARC1; p=none to begin with"
                    ),
                ),
            },
        ),
        Err(e) => {
            let why = e.to_string();
            (Check::open("SPF", why.clone()), Check::open("DMARC", why))
        }
    };
    let dkim = Check::open(
        "DKIM",
        "the name of its record is known only to the mail server",
    )
    .and_next("Look for dkim=pass in the headers of a mail from `vestibule test-mail`");
    vec![spf, dkim, dmarc]
}
