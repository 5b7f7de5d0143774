//! The problems of a sign-in with WorkOS, each with a code for the URL and a message for the page.

use crate::db::DatabaseError;
use crate::sign_in::limits::Limit;
use crate::sign_in::oidc::{CallbackMismatch, NotAdmitted, SignInError};
use crate::sign_in::provider::ProviderError;

/// A problem as the banner on the sign-in page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInProblem {
    Cancelled,
    Expired,
    /// The sign-in began in another browser, or is already finished.
    OtherBrowser,
    /// The sign-in began under another host than `BASE_URL`.
    OtherAddress,
    /// This console did not begin the sign-in.
    Unknown,
    /// The exchange is no longer kept.
    Lost,
    /// The network has reached its limit.
    TooMany,
    /// The database could not commit the session.
    Busy,
    /// WorkOS does not accept our credentials.
    Credentials,
    /// WorkOS did not accept the code.
    CodeRefused,
    Unreachable,
    Untrusted,
    Refused,
    /// The database refused what WorkOS says of the user.
    NotStorable,
    NoAccount,
    AddressNotVerified,
    NotConfirmed,
    Suspended,
    LinkedToAnother,
    NoLongerAdmitted,
}

const TOO_MANY: Limit = Limit::FailedProviderSignIns;

const ALL: [SignInProblem; 20] = [
    SignInProblem::Cancelled,
    SignInProblem::Expired,
    SignInProblem::OtherBrowser,
    SignInProblem::OtherAddress,
    SignInProblem::Unknown,
    SignInProblem::Lost,
    SignInProblem::TooMany,
    SignInProblem::Busy,
    SignInProblem::Credentials,
    SignInProblem::CodeRefused,
    SignInProblem::Unreachable,
    SignInProblem::Untrusted,
    SignInProblem::Refused,
    SignInProblem::NotStorable,
    SignInProblem::NoAccount,
    SignInProblem::AddressNotVerified,
    SignInProblem::NotConfirmed,
    SignInProblem::Suspended,
    SignInProblem::LinkedToAnother,
    SignInProblem::NoLongerAdmitted,
];

impl SignInProblem {
    /// The value of `problem` in the sign-in page's URL.
    pub const fn code(self) -> &'static str {
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
            Self::NotStorable => "not-storable",
            Self::NoAccount => "no-account",
            Self::AddressNotVerified => "address-not-verified",
            Self::NotConfirmed => "not-confirmed",
            Self::Suspended => "suspended",
            Self::LinkedToAnother => "linked-to-another",
            Self::NoLongerAdmitted => "no-longer-admitted",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        ALL.into_iter().find(|problem| problem.code() == code)
    }

    /// What happened and what to do next. `home` is the console's own URL. Email codes are mentioned
    /// only where they are offered.
    pub fn message(self, home: &str, email_codes: bool) -> String {
        match self {
            Self::Cancelled => "The sign-in was cancelled at WorkOS. You can start again.".to_owned(),
            Self::Expired => "The sign-in expired after ten minutes. Start again.".to_owned(),
            Self::OtherBrowser => "This sign-in was started in another browser, or was finished already. Start again here.".to_owned(),
            Self::OtherAddress => format!("This sign-in was started at another address. Open {home} and start again there."),
            Self::Unknown => "This console did not start that sign-in. Start again here.".to_owned(),
            Self::Lost => "The sign-in can’t be found any more. Start again.".to_owned(),
            Self::TooMany => TOO_MANY.message(TOO_MANY.rule().window),
            Self::Busy => "The console is busy and could not finish the sign-in. Wait a moment, then start again.".to_owned(),
            Self::Credentials => "WorkOS rejected this console’s credentials. Ask your admin to check the WorkOS client ID and API key.".to_owned(),
            Self::CodeRefused => "WorkOS no longer accepts this sign-in. Start again.".to_owned(),
            Self::Unreachable if email_codes => "WorkOS can’t be reached right now. Nothing was lost: try again in a moment, or use an email code.".to_owned(),
            Self::Unreachable => "WorkOS can’t be reached right now. Nothing was lost: try again in a moment.".to_owned(),
            Self::Untrusted => "The answer from WorkOS failed a security check. Tell your admin.".to_owned(),
            Self::Refused => "WorkOS refused this sign-in. Ask your admin, and give them the reference.".to_owned(),
            Self::NotStorable => "Give your admin the reference below: your details from WorkOS can’t be stored here.".to_owned(),
            Self::NoAccount => "You have no account here yet. Ask your admin to add your address.".to_owned(),
            Self::AddressNotVerified => "WorkOS hasn’t verified your address. Verify it there, or ask your admin.".to_owned(),
            Self::NotConfirmed => "Your account isn’t confirmed yet. Ask your admin to confirm it.".to_owned(),
            Self::Suspended => "Your account is suspended. Ask your admin.".to_owned(),
            Self::LinkedToAnother => "Your account is linked to another WorkOS user. Ask your admin to move it back.".to_owned(),
            Self::NoLongerAdmitted => "Ask your admin to confirm your account: you are no longer in the organization or email domain that it came from.".to_owned(),
        }
    }

    /// Whether another user could sign in where this one was refused.
    pub fn is_about_the_user(self) -> bool {
        matches!(
            self,
            Self::NoAccount
                | Self::AddressNotVerified
                | Self::NotConfirmed
                | Self::Suspended
                | Self::LinkedToAnother
                | Self::NoLongerAdmitted
        )
    }

    /// `None` when the error is a defect, which has its own page.
    pub fn of(error: &SignInError) -> Option<Self> {
        Some(match error {
            SignInError::Provider(error) => match error {
                ProviderError::Unreachable { .. } => Self::Unreachable,
                ProviderError::CredentialsRejected(_) | ProviderError::Forbidden(_) => {
                    Self::Credentials
                }
                ProviderError::GrantRefused(_) => Self::CodeRefused,
                ProviderError::Untrusted(_) => Self::Untrusted,
                ProviderError::Refused { .. } => Self::Refused,
            },
            SignInError::NotAdmitted { reason, .. } => (*reason).into(),
            SignInError::NotStorable(_) => Self::NotStorable,
            SignInError::Database(DatabaseError::Unavailable(_)) => Self::Busy,
            SignInError::Database(DatabaseError::Query(_)) | SignInError::Interrupted => {
                return None;
            }
        })
    }
}

impl From<CallbackMismatch> for SignInProblem {
    fn from(mismatch: CallbackMismatch) -> Self {
        match mismatch {
            CallbackMismatch::Expired => Self::Expired,
            CallbackMismatch::OtherAddress => Self::OtherAddress,
            CallbackMismatch::OtherBrowser => Self::OtherBrowser,
            CallbackMismatch::Unknown => Self::Unknown,
        }
    }
}

impl From<NotAdmitted> for SignInProblem {
    fn from(reason: NotAdmitted) -> Self {
        match reason {
            NotAdmitted::NoAccount => Self::NoAccount,
            NotAdmitted::AddressNotVerified => Self::AddressNotVerified,
            NotAdmitted::NotConfirmed => Self::NotConfirmed,
            NotAdmitted::Suspended => Self::Suspended,
            NotAdmitted::LinkedToAnother => Self::LinkedToAnother,
            NotAdmitted::NoLongerAdmitted => Self::NoLongerAdmitted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_its_own_code() {
        for problem in ALL {
            assert_eq!(SignInProblem::from_code(problem.code()), Some(problem));
        }
        assert_eq!(SignInProblem::from_code("nonsense"), None);
    }
}
