use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// An event in the activity log. The database and the URL of a filtered page use these words.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum ActivityKind {
    /// A code was requested; the row's outcome says what became of the request.
    CodeRequested,
    WrongCode,
    /// The owner of the mailbox used the link “This wasn’t me”.
    CodeDisowned,
    /// An operator made a one-time code on the terminal.
    OperatorCode,
    /// A session began; the detail is the [`WayIn`](super::WayIn) and how the provider authenticated the person.
    SignedIn,
    /// A WorkOS admin began a session in the account's name; the detail is their reason.
    Impersonated,
    /// WorkOS authenticated the person, and they were not admitted; the detail says why.
    TurnedAway,
    /// A session was ended in its own browser.
    SignedOut,
    /// A session was ended from elsewhere; the detail says which.
    SessionEnded,
    /// A known browser was forgotten, or several; the detail is its name, or how many.
    BrowserForgotten,
    AccountAdded,
    /// The account was added from a CSV file.
    AccountImported,
    /// An admin confirmed the address.
    AccountConfirmed,
    AccountSuspended,
    /// The suspension was lifted.
    AccountRestored,
    /// The detail is the new role.
    RoleChanged,
    /// The account was unlinked from WorkOS.
    MovedBack,
    AccountDeleted,
    /// The person changed their own name.
    NameChanged,
    /// An operator cleared the limits of the address.
    LimitsCleared,
}

impl ActivityKind {
    /// The name on a page.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::CodeRequested => "Code requested",
            Self::WrongCode => "Wrong code",
            Self::CodeDisowned => "“This wasn’t me”",
            Self::OperatorCode => "Code made on the terminal",
            Self::SignedIn => "Signed in",
            Self::Impersonated => "Viewed by a WorkOS admin",
            Self::TurnedAway => "Turned away",
            Self::SignedOut => "Signed out",
            Self::SessionEnded => "Session ended",
            Self::BrowserForgotten => "Browser forgotten",
            Self::AccountAdded => "Account added",
            Self::AccountImported => "Account imported",
            Self::AccountConfirmed => "Account confirmed",
            Self::AccountSuspended => "Account suspended",
            Self::AccountRestored => "Account restored",
            Self::RoleChanged => "Role changed",
            Self::MovedBack => "Moved back from WorkOS",
            Self::AccountDeleted => "Account deleted",
            Self::NameChanged => "Name changed",
            Self::LimitsCleared => "Limits cleared",
        }
    }
}

/// The outcome of a request for a code. The database stores these words.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum CodeOutcome {
    /// The address has no account.
    NoAccount,
    /// No admin has confirmed the account yet.
    NotConfirmed,
    Suspended,
    /// The organization or domain that admitted the account no longer does.
    NoLongerAdmitted,
    /// The account signs in with WorkOS. A mail said so instead, at most once an hour.
    Moved,
    /// Admins sign in with WorkOS (`ADMIN_SIGN_IN=workos`). A mail said so instead, at most once an hour.
    #[strum(serialize = "admins_use_workos")]
    AdminsUseWorkOs,
    /// A limit refused; the detail says which.
    Limited,
    /// The mail is waiting; the detail is the mail server's last answer, if there was one.
    Queued,
    /// The mail server accepted the mail; the detail is its answer.
    Accepted,
    /// There is no mail server: the mail is in the outbox, the folder that the detail names.
    Outbox,
    /// The mail server refused the mail; the detail is its answer.
    Refused,
    /// The code expired before the mail server accepted the mail; the detail is its last answer.
    GivenUp,
    /// The mail queue was full.
    QueueFull,
}

impl CodeOutcome {
    /// What happened, for an admin.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoAccount => "No account has this address",
            Self::NotConfirmed => "The account isn’t confirmed",
            Self::Suspended => "The account is suspended",
            Self::NoLongerAdmitted => {
                "The organization or domain that admitted the account no longer does"
            }
            Self::Moved => "Moved to WorkOS: told so by mail instead",
            Self::AdminsUseWorkOs => "Admins sign in with WorkOS: told so by mail instead",
            Self::Limited => "A limit refused it",
            Self::Queued => "The mail is waiting to be sent",
            Self::Accepted => "The mail server accepted it",
            Self::Outbox => "Written to the outbox, since no mail server is set",
            Self::Refused => "The mail server refused it",
            Self::GivenUp => "The mail wasn’t sent in time",
            Self::QueueFull => "Too much mail was waiting",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_and_outcome_has_its_own_word_and_can_be_read_back() {
        for kind in ActivityKind::VARIANTS {
            assert_eq!(kind.to_string().parse(), Ok(*kind));
        }
        for outcome in CodeOutcome::VARIANTS {
            assert_eq!(outcome.into_str().parse(), Ok(*outcome));
        }
        assert!("nonsense".parse::<ActivityKind>().is_err());
    }

    // A renamed variant would make rows of older versions unreadable.
    #[test]
    fn the_words_in_the_database_do_not_change() {
        let kinds: Vec<_> = ActivityKind::VARIANTS
            .iter()
            .map(|kind| kind.into_str())
            .collect();
        assert_eq!(
            kinds.join(" "),
            "code_requested wrong_code code_disowned operator_code signed_in impersonated turned_away \
             signed_out session_ended browser_forgotten account_added account_imported \
             account_confirmed account_suspended account_restored role_changed moved_back account_deleted \
             name_changed limits_cleared"
        );
        let outcomes: Vec<_> = CodeOutcome::VARIANTS
            .iter()
            .map(|one| one.into_str())
            .collect();
        assert_eq!(
            outcomes.join(" "),
            "no_account not_confirmed suspended no_longer_admitted moved admins_use_workos limited queued accepted outbox refused \
             given_up queue_full"
        );
    }

    #[test]
    fn every_kind_and_outcome_has_its_own_name_on_a_page() {
        let kinds: HashSet<_> = ActivityKind::VARIANTS
            .iter()
            .map(|kind| kind.describe())
            .collect();
        assert_eq!(kinds.len(), ActivityKind::VARIANTS.len());
        let outcomes: HashSet<_> = CodeOutcome::VARIANTS
            .iter()
            .map(|one| one.describe())
            .collect();
        assert_eq!(outcomes.len(), CodeOutcome::VARIANTS.len());
    }
}
