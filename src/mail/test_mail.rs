use maud::html;

use super::messages::letter::{Letter, html_letter, message_id};
use super::queue::Sender;
use super::transport::Transport;
use crate::domain::{Email, Timestamp};

/// Why a mail was not sent, for the operator who tries it.
#[derive(Debug, Clone)]
pub struct NotSent {
    /// What the mail server, or the way to it, said.
    pub cause: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// Sends one mail at once, past the queue, and gives the mail server's answer.
///
/// # Errors
/// [`NotSent`] after one attempt.
pub async fn send_test_mail(
    sender: &Sender,
    to: &Email,
    now: Timestamp,
) -> Result<String, NotSent> {
    let unusable = |cause| NotSent {
        cause,
        advice: "Look at the address, at MAIL_FROM and at SMTP_URL.",
    };
    let transport = match &sender.smtp {
        None => Transport::Outbox(sender.outbox.clone()),
        Some(url) => Transport::smtp(url).map_err(unusable)?,
    };
    let id = message_id(&sender.from);
    let message = letter(&sender.host)
        .addressed(&sender.from, to.as_str(), &id, now)
        .map_err(unusable)?;
    transport
        .try_now(message)
        .await
        .map_err(|(cause, advice)| NotSent { cause, advice })
}

fn letter(host: &str) -> Letter {
    let what = format!(
        "Somebody who runs the console {host} sent this to see whether its mail arrives. It does."
    );
    let to_do = "You need not do anything.";
    let body = html! { p { (what) } p { (to_do) } };
    Letter {
        subject: format!("A test mail from {host}"),
        text: format!("{what}\r\n\r\n{to_do}\r\n"),
        html: html_letter("A test mail", &body),
    }
}
