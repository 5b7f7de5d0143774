use crate::domain::AccountId;
use crate::mail::messages::CodeMail;
use crate::mail::messages::MovedMail;

/// What becomes of a request for a code.
#[derive(Debug)]
pub enum CodeRequestMail {
    /// A code.
    Code(CodeMail),
    /// The word that there is none, at most once an hour.
    Moved(MovedMail),
}

impl CodeRequestMail {
    pub(super) fn account_id(&self) -> AccountId {
        match self {
            Self::Code(mail) => mail.account_id,
            Self::Moved(mail) => mail.account_id,
        }
    }
}
