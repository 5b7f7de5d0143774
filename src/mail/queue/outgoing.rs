use std::time::Duration;

use lettre::message::Mailbox;

use crate::db::outgoing_mails::OutgoingMailRow;
use crate::domain::Timestamp;
use crate::mail::messages::letter::{Letter, message_id};

const FIRST_RETRY: Duration = Duration::from_secs(30);
const SLOWEST_RETRY: Duration = Duration::from_hours(1);
const GIVE_UP: Duration = Duration::from_hours(72);

/// 30 s, 1 min, 2 min, … an hour.
pub(super) fn pause(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(7);
    (FIRST_RETRY * 2_u32.pow(doublings)).min(SLOWEST_RETRY)
}

pub(super) fn row(
    from: &Mailbox,
    recipient: &str,
    letter: &Letter,
    now: Timestamp,
) -> OutgoingMailRow {
    OutgoingMailRow {
        message_id: message_id(from),
        recipient: recipient.to_owned(),
        subject: letter.subject.clone(),
        body_text: letter.text.clone(),
        body_html: letter.html.clone(),
        attempts: 0,
        created_at: now.0,
        next_attempt_at: now.0,
        give_up_at: now.plus(GIVE_UP).0,
    }
}
