use super::code_mail::CodeMail;
use super::moved_mail::MovedMail;
use crate::domain::AccountId;

/// What becomes of a request for a code.
#[derive(Debug)]
pub enum Handed {
    /// A code.
    Code(CodeMail),
    /// The word that there is none, at most once an hour.
    Moved(MovedMail),
}

impl Handed {
    pub(super) fn account_id(&self) -> AccountId {
        match self {
            Self::Code(mail) => mail.account_id,
            Self::Moved(mail) => mail.account_id,
        }
    }
}
