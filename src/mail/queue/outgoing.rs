use std::time::Duration;

use lettre::message::Mailbox;

use crate::db::outgoing_mails::OutgoingMailRow;
use crate::domain::{Backoff, Timestamp};
use crate::mail::messages::{RenderedLetter, message_id};

pub(super) const RETRY: Backoff = Backoff::new(Duration::from_secs(30), Duration::from_hours(1));
const GIVE_UP: Duration = Duration::from_hours(72);

pub(super) fn row(
    from: &Mailbox,
    recipient: &str,
    letter: RenderedLetter,
    now: Timestamp,
) -> OutgoingMailRow {
    OutgoingMailRow {
        message_id: message_id(from),
        recipient: recipient.to_owned(),
        subject: letter.subject,
        body_text: letter.text,
        body_html: letter.html,
        attempts: 0,
        created_at: now.0,
        next_attempt_at: now.0,
        give_up_at: now.plus(GIVE_UP).0,
    }
}
