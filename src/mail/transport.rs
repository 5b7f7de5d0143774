use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::config::SmtpUrl;
use crate::domain::{printable, with_causes};

/// For the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For the whole of one delivery: lettre waits for ever for an answer to a command.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(20);

/// A way out.
pub(super) enum Transport {
    /// A mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// A folder, for a first look without a mail server.
    Outbox(PathBuf),
}

/// What became of an attempt.
pub(super) enum Delivery {
    /// The server took it, with these words.
    Accepted(String),
    /// It may work later.
    Later(String),
    /// The server will not take this mail, ever.
    Refused(String),
}

impl Transport {
    /// Prepares the way to a mail server; nothing is connected yet.
    ///
    /// # Errors
    /// When lettre does not understand the URL, or the system's certificates cannot be read.
    pub(super) fn smtp(url: &SmtpUrl) -> Result<Self, String> {
        // A connection for each delivery: in a pool, one that was given up half-way would be used
        // again, and its late answer taken for another mail's.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
            .map_err(|e| e.to_string())?
            .timeout(Some(CONNECT_TIMEOUT))
            .build();
        Ok(Self::Smtp(transport))
    }

    /// Tries once, for someone who waits to see what comes of it.
    ///
    /// # Errors
    /// With the cause, and what to do about it.
    pub(super) async fn try_now(&self, message: Message) -> Result<String, (String, &'static str)> {
        let server = match self {
            Self::Smtp(server) => server,
            Self::Outbox(_) => {
                return match self.deliver(message).await {
                    Delivery::Accepted(answer) => Ok(answer),
                    Delivery::Later(e) | Delivery::Refused(e) => Err((e, FOLDER_ADVICE)),
                };
            }
        };
        match tokio::time::timeout(DELIVERY_TIMEOUT, server.send(message)).await {
            Ok(Ok(response)) => Ok(answer_in_words(&response)),
            Ok(Err(e)) => Err((with_causes(&e), advice(&e))),
            Err(_) => Err(("it took too long to answer".to_owned(), SILENCE_ADVICE)),
        }
    }

    /// Tries once.
    pub(super) async fn deliver(&self, message: Message) -> Delivery {
        match self {
            Self::Smtp(server) => {
                match tokio::time::timeout(DELIVERY_TIMEOUT, server.send(message)).await {
                    Ok(Ok(response)) => Delivery::Accepted(answer_in_words(&response)),
                    Ok(Err(e)) if is_about_the_recipient(&e) => {
                        Delivery::Refused(plain(&e.to_string()))
                    }
                    Ok(Err(e)) => Delivery::Later(with_causes(&e)),
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
const SILENCE_ADVICE: &str = "Look at the host and the port in SMTP_URL: smtps:// speaks TLS from the start (port 465), \
                              smtp://…?tls=required begins with STARTTLS (port 587). A firewall may drop the rest.";

fn answer_in_words(response: &lettre::transport::smtp::response::Response) -> String {
    let words: Vec<&str> = response.message().collect();
    plain(&format!("{} {}", response.code(), words.join(" ")))
}

/// A mail server's words go to terminals, pages and files: none of them may be a command there.
fn plain(words: &str) -> String {
    printable(words).trim().to_owned()
}

/// What to do about an error, by the server's answer (RFC 5321, 4.2.3; RFC 4954, 6) or by how far it
/// came.
fn advice(error: &lettre::transport::smtp::Error) -> &'static str {
    match error.status().map(u16::from) {
        Some(530 | 534 | 535 | 538) => {
            "Look at the user and the password in SMTP_URL: write %40 for an @ in the user name, and use an app \
             password where the provider asks for one."
        }
        Some(550 | 551 | 553 | 554) => {
            "The mail server knows no such mailbox, or does not let MAIL_FROM send. Look at the address, and at \
             whom this user may send as."
        }
        Some(400..=499) => {
            "The mail server asks to try again later. Codes are tried again by themselves for as long as they work."
        }
        Some(_) => "The mail server's own log says why.",
        None if is_about_tls(error) => {
            "Look at the certificate, and at how TLS begins: smtps:// from the start (port 465), \
             smtp://…?tls=required with STARTTLS (port 587). Set SSL_CERT_FILE for a private CA."
        }
        None => SILENCE_ADVICE,
    }
}

/// rustls speaks through an I/O error of invalid data, which lettre takes for one of the connection.
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

/// 550, 551 and 553 speak of a mailbox (RFC 5321, 4.2.3); other refusals, a wrong password among
/// them, may be mended while the code is still valid.
fn is_about_the_recipient(error: &lettre::transport::smtp::Error) -> bool {
    error
        .status()
        .is_some_and(|code| matches!(u16::from(code), 550 | 551 | 553))
}

/// Written whole beside its place and then renamed, so that nobody reads half a mail; for the
/// owner's eyes only, since codes are in it.
fn write_eml(folder: &Path, message: &Message) -> std::io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let name = message.headers().get_raw("Message-ID").unwrap_or("mail");
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(32)
        .collect();
    let micros = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros();
    let path = folder.join(format!("{micros}-{plain}.eml"));
    let draft = path.with_extension("draft");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(&message.formatted())?;
    fs::rename(draft, path)
}
