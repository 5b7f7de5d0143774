use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::address::AddressError;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use rand::Rng;

use super::html_part::html_part;
use super::letter::{Letter, Letterhead};
use super::text_part::text_part;
use crate::domain::Timestamp;

/// A letter in the two forms that a mail has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedLetter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Why a letter cannot become a mail. The messages hold no address: they go to the log.
#[derive(Debug, thiserror::Error)]
pub enum AddressingError {
    #[error("the account's address cannot receive mail: {0}")]
    Recipient(#[from] AddressError),
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
}

/// Asks other programs not to reply automatically (RFC 3834, 5).
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
    pub fn rendered(&self, letterhead: &Letterhead) -> RenderedLetter {
        RenderedLetter {
            subject: self.subject.clone(),
            text: text_part(self, letterhead),
            html: html_part(self, letterhead),
        }
    }
}

impl RenderedLetter {
    /// Adds the headers.
    pub fn addressed(
        &self,
        from: &Mailbox,
        recipient: &str,
        message_id: &str,
        written_at: Timestamp,
    ) -> Result<Message, AddressingError> {
        let date = UNIX_EPOCH + Duration::from_millis(written_at.0.try_into().unwrap_or_default());
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, recipient.parse()?))
            .subject(&self.subject)
            .message_id(Some(message_id.to_owned()))
            .date(date)
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(
                self.text.clone(),
                self.html.clone(),
            ))?;
        Ok(message)
    }
}

/// A new `Message-ID` at the sender's domain (RFC 5322, 3.6.4).
pub(in crate::mail) fn message_id(from: &Mailbox) -> String {
    format!(
        "<{:032x}@{}>",
        rand::rng().next_u64() as u128 | (u128::from(rand::rng().next_u64()) << 64),
        from.email.domain()
    )
}
