use std::fmt;

/// What can happen to an account, or around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivityKind {
    /// A code was asked for; the outcome says what became of it.
    CodeRequested,
    /// A code was entered that was not right.
    WrongCode,
    /// The owner of the mailbox said that they had not asked for a code.
    CodeDisowned,
    /// An operator had a one-time code shown on the terminal.
    OperatorCode,
    /// A session began; the detail is the way in.
    SignedIn,
    /// WorkOS knows them, and they were not let in; the detail says why.
    TurnedAway,
    /// A session was ended by the one who sat there.
    SignedOut,
    /// A session was ended from elsewhere; the detail says which.
    SessionEnded,
    /// The account was made.
    AccountAdded,
    /// The account was made from a CSV file.
    AccountImported,
    /// An admin vouched for the address.
    AccountConfirmed,
    /// The account was shut.
    AccountSuspended,
    /// The account was opened again.
    AccountRestored,
    /// The detail is the new role.
    RoleChanged,
    /// The account no longer belongs to anybody at WorkOS.
    MovedBack,
    /// The account is gone.
    AccountDeleted,
    /// The person changed what they are called.
    NameChanged,
    /// The limits of the address were cleared.
    LimitsCleared,
}

impl ActivityKind {
    /// Each of them.
    pub const ALL: [Self; 18] = [
        Self::CodeRequested,
        Self::WrongCode,
        Self::CodeDisowned,
        Self::OperatorCode,
        Self::SignedIn,
        Self::TurnedAway,
        Self::SignedOut,
        Self::SessionEnded,
        Self::AccountAdded,
        Self::AccountImported,
        Self::AccountConfirmed,
        Self::AccountSuspended,
        Self::AccountRestored,
        Self::RoleChanged,
        Self::MovedBack,
        Self::AccountDeleted,
        Self::NameChanged,
        Self::LimitsCleared,
    ];

    /// The word kept in the database, and in the address of a filtered page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeRequested => "code_requested",
            Self::WrongCode => "wrong_code",
            Self::CodeDisowned => "code_disowned",
            Self::OperatorCode => "operator_code",
            Self::SignedIn => "signed_in",
            Self::TurnedAway => "turned_away",
            Self::SignedOut => "signed_out",
            Self::SessionEnded => "session_ended",
            Self::AccountAdded => "account_added",
            Self::AccountImported => "account_imported",
            Self::AccountConfirmed => "account_confirmed",
            Self::AccountSuspended => "account_suspended",
            Self::AccountRestored => "account_restored",
            Self::RoleChanged => "role_changed",
            Self::MovedBack => "moved_back",
            Self::AccountDeleted => "account_deleted",
            Self::NameChanged => "name_changed",
            Self::LimitsCleared => "limits_cleared",
        }
    }

    /// Reads the word; `None` for any other, such as one that a newer version wrote.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What it is called on a page.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::CodeRequested => "Code requested",
            Self::WrongCode => "Wrong code",
            Self::CodeDisowned => "“This wasn’t me”",
            Self::OperatorCode => "Code made on the terminal",
            Self::SignedIn => "Signed in",
            Self::TurnedAway => "Turned away",
            Self::SignedOut => "Signed out",
            Self::SessionEnded => "Session ended",
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

impl fmt::Display for ActivityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of a request for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeOutcome {
    /// The address has no account.
    NoAccount,
    /// The account waits for an admin to confirm it.
    NotConfirmed,
    /// The account is shut.
    Suspended,
    /// The account signs in with WorkOS, and was told so instead, at most once an hour.
    Moved,
    /// A limit refused; the detail says which.
    Limited,
    /// The mail waits; the detail is the mail server's last answer, if there was one.
    Queued,
    /// The mail server took it; the detail is its answer.
    Accepted,
    /// There is no mail server: the mail is in the outbox, the folder that the detail names.
    Outbox,
    /// The mail server will not take it; the detail is its answer.
    Refused,
    /// The code ran out before the mail server took it; the detail is its last answer.
    GivenUp,
    /// More mail waited than the queue holds.
    QueueFull,
}

impl CodeOutcome {
    const ALL: [Self; 11] = [
        Self::NoAccount,
        Self::NotConfirmed,
        Self::Suspended,
        Self::Moved,
        Self::Limited,
        Self::Queued,
        Self::Accepted,
        Self::Outbox,
        Self::Refused,
        Self::GivenUp,
        Self::QueueFull,
    ];

    /// The word kept in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAccount => "no_account",
            Self::NotConfirmed => "not_confirmed",
            Self::Suspended => "suspended",
            Self::Moved => "moved",
            Self::Limited => "limited",
            Self::Queued => "queued",
            Self::Accepted => "accepted",
            Self::Outbox => "outbox",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
            Self::QueueFull => "queue_full",
        }
    }

    /// Reads the word; `None` for any other.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }

    /// What happened, for an admin.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoAccount => "No account has this address",
            Self::NotConfirmed => "The account isn’t confirmed",
            Self::Suspended => "The account is suspended",
            Self::Moved => "Moved to WorkOS: told so by mail instead",
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
    fn every_kind_and_outcome_has_a_word_of_its_own_that_leads_back_to_it() {
        for kind in ActivityKind::ALL {
            assert_eq!(ActivityKind::from_word(&kind.to_string()), Some(kind));
        }
        for outcome in CodeOutcome::ALL {
            assert_eq!(CodeOutcome::from_word(outcome.as_str()), Some(outcome));
        }
        assert_eq!(ActivityKind::from_word("nonsense"), None);
    }

    #[test]
    fn a_person_tells_every_kind_and_outcome_by_its_words() {
        let kinds = ActivityKind::ALL.map(ActivityKind::describe);
        assert_eq!(HashSet::from(kinds).len(), kinds.len());
        let outcomes = CodeOutcome::ALL.map(CodeOutcome::describe);
        assert_eq!(HashSet::from(outcomes).len(), outcomes.len());
    }
}
