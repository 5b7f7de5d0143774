use super::messages::{message_id, test_letter};
use super::queue::Sender;
use super::transport::{NotSent, Transport};
use crate::domain::{Email, Timestamp};

/// Sends one mail immediately, without the queue. Returns the mail server's answer.
///
/// # Errors
/// After one attempt: nothing is retried.
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
        Some(url) => Transport::smtp(url).map_err(|e| unusable(e.to_string()))?,
    };
    let id = message_id(&sender.from);
    let letter = test_letter(sender.letterhead.host()).rendered(&sender.letterhead);
    let message = letter
        .addressed(&sender.from, to.as_str(), &id, now)
        .map_err(|e| unusable(e.to_string()))?;
    transport.try_now(message).await
}
