use std::time::Duration;

use crate::domain::{AccountId, ActivityId};
use crate::mail::messages::CodeMail;
use crate::mail::messages::MovedMail;

/// The mail that answers a request for a code.
#[derive(Debug)]
pub enum CodeRequestMail {
    Code(CodeMail),
    /// No code, because the account signs in with the provider.
    Moved {
        activity_id: ActivityId,
        mail: MovedMail,
        /// The shortest time between two such mails to one account.
        apart: Duration,
    },
}

impl CodeRequestMail {
    pub(super) fn account_id(&self) -> AccountId {
        match self {
            Self::Code(mail) => mail.account_id,
            Self::Moved { mail, .. } => mail.account_id,
        }
    }
}
