use std::time::Duration;

use lettre::message::Mailbox;

use crate::db::outgoing_mails::OutgoingMailRow;
use crate::domain::{Backoff, Email, Timestamp};
use crate::mail::messages::{RenderedLetter, message_id};

pub(super) const RETRY: Backoff = Backoff::new(Duration::from_secs(30), Duration::from_hours(1));
const GIVE_UP: Duration = Duration::from_hours(72);

pub(super) fn row(
    from: &Mailbox,
    recipient: &Email,
    letter: RenderedLetter,
    now: Timestamp,
) -> OutgoingMailRow {
    OutgoingMailRow {
        message_id: message_id(from),
        recipient: recipient.to_string(),
        subject: letter.subject,
        body_text: letter.text,
        body_html: letter.html,
        attempts: 0,
        created_at: now,
        next_attempt_at: now,
        give_up_at: now.plus(GIVE_UP),
    }
}
