//! What can go wrong on the way to WorkOS and back: for each cause its words and its fix.

use crate::db::DatabaseError;
use crate::sign_in::oidc::{CallbackMismatch, Failure, NotAdmitted};

/// A cause, as the sign-in page's banner shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// They changed their mind.
    Cancelled,
    /// It took too long.
    Expired,
    /// It began elsewhere, or was finished already.
    OtherBrowser,
    /// It began at another address than `BASE_URL`.
    OtherAddress,
    /// It is no sign-in of ours.
    Unknown,
    /// It is not remembered any more.
    Lost,
    /// Too many came from this network.
    TooMany,
    /// The database did not take the session.
    Busy,
    /// WorkOS does not take our credentials.
    Credentials,
    /// WorkOS did not take the code.
    CodeRefused,
    /// WorkOS does not answer.
    Unreachable,
    /// Its answer cannot be trusted.
    Untrusted,
    /// It says no.
    Refused,
    /// There is no account here.
    NoAccount,
    /// The address is not verified.
    AddressNotVerified,
    /// The account is not confirmed.
    NotConfirmed,
    /// The account is shut.
    Suspended,
    /// The account is somebody else's at WorkOS.
    LinkedToAnother,
}

const ALL: [Problem; 18] = [
    Problem::Cancelled,
    Problem::Expired,
    Problem::OtherBrowser,
    Problem::OtherAddress,
    Problem::Unknown,
    Problem::Lost,
    Problem::TooMany,
    Problem::Busy,
    Problem::Credentials,
    Problem::CodeRefused,
    Problem::Unreachable,
    Problem::Untrusted,
    Problem::Refused,
    Problem::NoAccount,
    Problem::AddressNotVerified,
    Problem::NotConfirmed,
    Problem::Suspended,
    Problem::LinkedToAnother,
];

impl Problem {
    /// Its word in the address of the sign-in page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::OtherBrowser => "other-browser",
            Self::OtherAddress => "other-address",
            Self::Unknown => "unknown",
            Self::Lost => "lost",
            Self::TooMany => "too-many",
            Self::Busy => "busy",
            Self::Credentials => "credentials",
            Self::CodeRefused => "code-refused",
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::Refused => "refused",
            Self::NoAccount => "no-account",
            Self::AddressNotVerified => "address-not-verified",
            Self::NotConfirmed => "not-confirmed",
            Self::Suspended => "suspended",
            Self::LinkedToAnother => "linked-to-another",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        ALL.into_iter().find(|problem| problem.word() == word)
    }

    /// What happened, and what to do about it. `home` is the console's own address;
    /// an email code is spoken of where there are any.
    pub fn words(self, home: &str, email_codes: bool) -> String {
        match self {
            Self::Cancelled => "The sign-in was cancelled at WorkOS. Try again whenever you like.".to_owned(),
            Self::Expired => "This sign-in has expired: one has to be finished within ten minutes. Try again.".to_owned(),
            Self::OtherBrowser => "This sign-in was started in another browser, or was finished already. Start it again here.".to_owned(),
            Self::OtherAddress => format!("This sign-in was started at another address than {home}. Open {home} and start again there."),
            Self::Unknown => "That was no sign-in of this console. Start it here.".to_owned(),
            Self::Lost => "That sign-in can’t be found any more. Start again.".to_owned(),
            Self::TooMany => "Many sign-ins came from your network. Wait one minute, then try again.".to_owned(),
            Self::Busy => "The console is busy, so this sign-in was not finished. Wait a moment, then start again.".to_owned(),
            Self::Credentials => "WorkOS rejected this console’s credentials. Ask your admin to check the WorkOS client ID and API key.".to_owned(),
            Self::CodeRefused => "WorkOS didn’t accept this sign-in any more. Try again.".to_owned(),
            Self::Unreachable if email_codes => "WorkOS can’t be reached right now. Nothing was lost: try again in a moment, or use an email code.".to_owned(),
            Self::Unreachable => "WorkOS can’t be reached right now. Nothing was lost: try again in a moment.".to_owned(),
            Self::Untrusted => "WorkOS sent an answer that can’t be trusted, so nobody was signed in. Tell your admin.".to_owned(),
            Self::Refused => "WorkOS refused this sign-in. Ask your admin; the reference tells them why.".to_owned(),
            Self::NoAccount => "You have no account here yet. Ask your admin to add your address.".to_owned(),
            Self::AddressNotVerified => "WorkOS hasn’t verified your address. Verify it there, or ask your admin.".to_owned(),
            Self::NotConfirmed => "Your account waits for an admin to confirm it. Ask yours.".to_owned(),
            Self::Suspended => "Your account is suspended. Ask your admin.".to_owned(),
            Self::LinkedToAnother => "The account of your address belongs to another WorkOS user. Ask your admin to move it back first.".to_owned(),
        }
    }

    /// Whether somebody else might get in.
    pub fn is_about_the_person(self) -> bool {
        matches!(
            self,
            Self::NoAccount
                | Self::AddressNotVerified
                | Self::NotConfirmed
                | Self::Suspended
                | Self::LinkedToAnother
        )
    }
}

impl From<CallbackMismatch> for Problem {
    fn from(stray: CallbackMismatch) -> Self {
        match stray {
            CallbackMismatch::Expired => Self::Expired,
            CallbackMismatch::OtherAddress => Self::OtherAddress,
            CallbackMismatch::OtherBrowser => Self::OtherBrowser,
            CallbackMismatch::Unknown => Self::Unknown,
        }
    }
}

impl From<NotAdmitted> for Problem {
    fn from(reason: NotAdmitted) -> Self {
        match reason {
            NotAdmitted::NoAccount => Self::NoAccount,
            NotAdmitted::AddressNotVerified => Self::AddressNotVerified,
            NotAdmitted::NotConfirmed => Self::NotConfirmed,
            NotAdmitted::Suspended => Self::Suspended,
            NotAdmitted::LinkedToAnother => Self::LinkedToAnother,
        }
    }
}

impl Problem {
    /// The cause of a failure; `None` when it is a defect, which has a page of its own.
    pub fn of(failure: &Failure) -> Option<Self> {
        Some(match failure {
            Failure::Unreachable(_) => Self::Unreachable,
            Failure::CredentialsRejected(_) => Self::Credentials,
            Failure::CodeRefused(_) => Self::CodeRefused,
            Failure::Untrusted(_) => Self::Untrusted,
            Failure::Refused { .. } => Self::Refused,
            Failure::NotAdmitted { reason, .. } => (*reason).into(),
            Failure::Database(DatabaseError::Unavailable(_)) => Self::Busy,
            Failure::Database(DatabaseError::Query(_)) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_a_word_of_its_own_that_leads_back_to_it() {
        for problem in ALL {
            assert_eq!(Problem::from_word(problem.word()), Some(problem));
        }
        assert_eq!(Problem::from_word("nonsense"), None);
    }
}
