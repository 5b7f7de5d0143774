//! Whether the mail server can be used: connects, and logs in, and sends nothing.

use std::error::Error;
use std::io;
use std::time::Duration;

use lettre::{AsyncSmtpTransport, Tokio1Executor};

use crate::config::SmtpUrl;
use crate::domain::with_causes;
use crate::mail::ReplyFilter;

/// For all of it.
const WITHIN: Duration = Duration::from_secs(10);

/// How far it went; each step needs the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// There is a mail server that says hello.
    Connection,
    /// TLS, where it is asked for.
    Tls,
    /// The user and the password, where there are any.
    Login,
}

/// Which step failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The step.
    pub at: Step,
    /// In lettre's words, or in the server's after [`ReplyFilter`].
    pub reason: String,
}

/// Goes as far as a mail does before its sender is named.
///
/// # Errors
/// [`Failed`].
pub async fn probe(url: &SmtpUrl) -> Result<(), Failed> {
    let failed = |at, reason| Err(Failed { at, reason });
    let transport: AsyncSmtpTransport<Tokio1Executor> =
        match AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()) {
            Ok(builder) => builder.timeout(Some(WITHIN)).build(),
            Err(e) => return failed(Step::Connection, with_causes(&e)),
        };
    match tokio::time::timeout(WITHIN, transport.test_connection()).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => failed(Step::Connection, "it hung up".to_owned()),
        Ok(Err(e)) => failed(step_of(&e), ReplyFilter::default().error(&e)),
        Err(_) => failed(
            Step::Connection,
            format!("no answer in {} s", WITHIN.as_secs()),
        ),
    }
}

/// lettre does not say at which command it failed, and names neither a missing STARTTLS nor a missing
/// way to log in otherwise than in words.
fn step_of(error: &lettre::transport::smtp::Error) -> Step {
    let words = error.to_string();
    let refused = error.status().map(u16::from);
    if error.is_tls() || words.contains("STARTTLS") || is_about_tls(error) {
        Step::Tls
    } else if words.contains("authentication mechanism")
        || matches!(refused, Some(432 | 454 | 500 | 504 | 530..=538))
    {
        Step::Login
    } else {
        Step::Connection
    }
}

fn is_about_tls(error: &(dyn Error + 'static)) -> bool {
    let within = |error: &(dyn Error + 'static)| {
        let io = error.downcast_ref::<io::Error>();
        error.is::<rustls::Error>()
            || io
                .and_then(io::Error::get_ref)
                .is_some_and(|inner| inner.is::<rustls::Error>())
    };
    let mut next = Some(error);
    while let Some(error) = next {
        if within(error) {
            return true;
        }
        next = error.source();
    }
    false
}
