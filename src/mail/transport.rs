use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::server_reply::ReplyFilter;
use crate::config::SmtpUrl;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For one whole delivery, because lettre waits without limit for the answer to a command.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// A folder, for a first look without a mail server.
    Outbox(PathBuf),
}

/// Why a mail was not sent, for an operator.
#[derive(Debug, Clone)]
pub struct NotSent {
    /// The error, or the mail server's answer after [`ReplyFilter`].
    pub cause: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// The result of an attempt. A mail server's answer has passed [`ReplyFilter`].
pub(super) enum Delivery {
    /// With the server's answer.
    Accepted(String),
    /// A temporary failure.
    Later(String),
    /// A permanent failure.
    Refused(String),
}

impl Transport {
    /// Prepares the transport to a mail server. Nothing connects yet.
    ///
    /// # Errors
    /// Lettre does not understand the URL, or the system's certificates cannot be read.
    pub(super) fn smtp(url: &SmtpUrl) -> Result<Self, lettre::transport::smtp::Error> {
        // One connection for each delivery. A pool would reuse a connection whose delivery timed out, and would take
        // its late answer for that of the next mail.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())?
            .timeout(Some(CONNECT_TIMEOUT))
            .build();
        Ok(Self::Smtp(transport))
    }

    /// Tries once, and explains a failure to the operator who waits for the result.
    pub(super) async fn try_now(&self, message: Message) -> Result<String, NotSent> {
        let not_sent = |cause, advice| Err(NotSent { cause, advice });
        let server = match self {
            Self::Smtp(server) => server,
            Self::Outbox(_) => {
                return match self.deliver(message).await {
                    Delivery::Accepted(answer) => Ok(answer),
                    Delivery::Later(e) | Delivery::Refused(e) => not_sent(e, FOLDER_ADVICE),
                };
            }
        };
        let filter = ReplyFilter::of(&message);
        match tokio::time::timeout(DELIVERY_TIMEOUT, server.send(message)).await {
            Ok(Ok(response)) => Ok(filter.reply(&response)),
            Ok(Err(e)) => not_sent(filter.error(&e), advice(&e)),
            Err(_) => not_sent("it took too long to answer".to_owned(), SILENCE_ADVICE),
        }
    }

    pub(super) async fn deliver(&self, message: Message) -> Delivery {
        match self {
            Self::Smtp(server) => {
                let filter = ReplyFilter::of(&message);
                match tokio::time::timeout(DELIVERY_TIMEOUT, server.send(message)).await {
                    Ok(Ok(response)) => Delivery::Accepted(filter.reply(&response)),
                    Ok(Err(e)) if is_about_the_recipient(&e) => Delivery::Refused(filter.error(&e)),
                    Ok(Err(e)) => Delivery::Later(filter.error(&e)),
                    Err(_) => Delivery::Later("the mail server took too long".to_owned()),
                }
            }
            Self::Outbox(folder) => match write_eml(folder, &message) {
                Ok(()) => Delivery::Accepted(format!("in {}", folder.display())),
                Err(e) => Delivery::Later(format!("{} cannot be written: {e}", folder.display())),
            },
        }
    }
}

const FOLDER_ADVICE: &str = "Let the server's user write there.";
const SILENCE_ADVICE: &str = "Check the host and the port in SMTP_URL: smtps:// speaks TLS from the start (port 465), \
                              smtp://…?tls=required begins with STARTTLS (port 587). A firewall may drop the rest.";

/// Advice for an error, by the server's reply code (RFC 5321, 4.2.3; RFC 4954, 6) or by the kind of error.
fn advice(error: &lettre::transport::smtp::Error) -> &'static str {
    match error.status().map(u16::from) {
        Some(530 | 534 | 535 | 538) => {
            "Check the user and the password in SMTP_URL: write %40 for an @ in the user name, and use an app \
             password where the provider asks for one."
        }
        Some(550 | 551 | 553 | 554) => {
            "The mail server knows no such mailbox, or does not let MAIL_FROM send. Check the address, and which \
             senders this user may use."
        }
        Some(400..=499) => {
            "The mail server asks to try again later. Codes are tried again by themselves for as long as they work."
        }
        Some(_) => "The mail server's own log says why.",
        None if is_about_tls(error) => {
            "Check the certificate, and how TLS begins: smtps:// from the start (port 465), \
             smtp://…?tls=required with STARTTLS (port 587). Set SSL_CERT_FILE for a private CA."
        }
        None => SILENCE_ADVICE,
    }
}

/// Rustls reports its errors as I/O errors of kind `InvalidData`, which lettre classifies as connection errors.
fn is_about_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let io = next.downcast_ref::<std::io::Error>();
        if io.is_some_and(|e| e.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        cause = next.source();
    }
    error.is_tls()
}

/// Replies 550, 551 and 553 are about the mailbox (RFC 5321, 4.2.3). Other refusals, such as a wrong password, may be
/// corrected while the code is still valid.
fn is_about_the_recipient(error: &lettre::transport::smtp::Error) -> bool {
    error
        .status()
        .is_some_and(|code| matches!(u16::from(code), 550 | 551 | 553))
}

/// Writes a draft and renames it, so that no program reads half a mail. Mode 0600, because mails contain codes.
fn write_eml(folder: &Path, message: &Message) -> std::io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let micros = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros();
    let mut draft = tempfile::Builder::new()
        .prefix(&format!("{micros}-"))
        .suffix(".draft")
        .tempfile_in(folder)?;
    draft.write_all(&message.formatted())?;
    let path = draft.path().with_extension("eml");
    draft.persist_noclobber(path)?;
    Ok(())
}
