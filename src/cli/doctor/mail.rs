use url::{Host, Url};

use super::check::Check;
use crate::config::{MailSettings, SmtpUrl};
use crate::operations::mail_probe::{Failed, Step, probe};
use crate::operations::sender_domain::{SenderRecords, records};

const CONNECTION: &str = "mail server";
const TLS: &str = "mail TLS";
const LOGIN: &str = "mail login";

/// The mail server, and whether receivers will believe the sender. No mail is sent.
pub(super) async fn checks(mail: &MailSettings) -> Vec<Check> {
    let Some(smtp) = &mail.smtp else {
        let reason = "none is set: codes are shown on the terminal, for a first look";
        let next = "Set SMTP_URL and MAIL_FROM before anybody else signs in";
        return vec![Check::open(CONNECTION, reason).and_next(next)];
    };
    let Some(asked) = Asked::of(smtp) else {
        return vec![Check::failed(CONNECTION, "SMTP_URL is no URL", "Mend it")];
    };
    let failed = probe(smtp).await.err();
    let mut checks = vec![
        asked.connection(failed.as_ref()),
        asked.tls(failed.as_ref()),
        asked.login(failed.as_ref()),
    ];
    checks.extend(sender(mail.from.email.domain()).await);
    checks
}

/// What `SMTP_URL` asks for, without its secrets.
struct Asked {
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

impl Asked {
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
                "Check host and port in SMTP_URL, and that nothing in between blocks the way",
            ),
            _ => Check::fine(CONNECTION, format!("{} answers", self.server)),
        }
    }

    fn tls(&self, failed: Option<&Failed>) -> Check {
        match failed {
            Some(failed) if failed.at < Step::Tls => Check::open(TLS, "it did not come to that"),
            Some(failed) if failed.at == Step::Tls => Check::failed(
                TLS,
                failed.reason.clone(),
                "Use smtps:// where TLS begins at once, as on port 465, and ?tls=required for \
                 STARTTLS, as on port 587; name the server as its certificate does",
            ),
            _ => match self.tls {
                Tls::FromTheStart => Check::fine(TLS, "from the start"),
                Tls::Required => Check::fine(TLS, "by STARTTLS"),
                Tls::Opportunistic => {
                    Check::open(TLS, "used where the server offers it, which nobody sees to")
                        .and_next("?tls=required insists")
                }
                Tls::None if self.on_this_machine => {
                    Check::fine(TLS, "none, on the way to this very machine")
                }
                Tls::None => Check::failed(
                    TLS,
                    "none: codes travel in the clear",
                    "Use smtps://, or ?tls=required for STARTTLS",
                ),
            },
        }
    }

    fn login(&self, failed: Option<&Failed>) -> Check {
        match failed {
            Some(failed) if failed.at < Step::Login => {
                Check::open(LOGIN, "it did not come to that")
            }
            Some(failed) => Check::failed(
                LOGIN,
                failed.reason.clone(),
                "Check user and password in SMTP_URL; %40 stands for an @ in them",
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
        "its record goes by a name that only the mail server knows",
    )
    .and_next(
        "Look for dkim=pass in the headers of a mail that `vestibule test-mail` has sent you",
    );
    vec![spf, dkim, dmarc]
}
