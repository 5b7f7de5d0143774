use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use maud::{DOCTYPE, Markup, html};
use rand::Rng;

use crate::domain::Timestamp;

/// The words of a mail, twice: as text, and for programs that show HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line, written by us alone: nothing that a visitor typed (SECURITY rule 7).
    pub subject: String,
    /// The words.
    pub text: String,
    /// The same.
    pub html: String,
}

/// Tells other programs not to answer (RFC 3834, 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Letter {
    /// Puts the letter into its envelope.
    ///
    /// # Errors
    /// When the recipient is no address that mail can go to; in words for the log.
    pub fn addressed(
        &self,
        from: &Mailbox,
        recipient: &str,
        message_id: &str,
        written_at: Timestamp,
    ) -> Result<Message, String> {
        let to = recipient
            .parse()
            .map_err(|e| format!("{recipient} cannot be mailed to: {e}"))?;
        let date = std::time::UNIX_EPOCH
            + std::time::Duration::from_millis(written_at.0.try_into().unwrap_or_default());
        Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(&self.subject)
            .message_id(Some(message_id.to_owned()))
            .date(date)
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(
                self.text.clone(),
                self.html.clone(),
            ))
            .map_err(|e| e.to_string())
    }
}

/// A new `Message-ID` at the sender's own domain (RFC 5322, 3.6.4).
pub(crate) fn message_id(from: &Mailbox) -> String {
    format!(
        "<{:032x}@{}>",
        rand::rng().next_u64() as u128 | (u128::from(rand::rng().next_u64()) << 64),
        from.email.domain()
    )
}

/// One quiet column, readable in light and dark mail programs, with nothing to fetch.
pub(crate) fn html_letter(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light dark";
                title { (title) }
            }
            body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif" {
                div style="max-width:480px" { (body) }
            }
        }
    }
    .into_string()
}
