use crate::accounts::activity::ActivityRow;
use crate::domain::{ActivityKind, CodeOutcome, Timestamp, WayIn};
use crate::views::activity_list::ActivityLine;
use crate::views::admin::accounts::role_in_words;

/// A row of activity in words, for an admin.
pub(super) struct ActivityPresenter<'a> {
    row: &'a ActivityRow,
    what: &'a str,
    detail: String,
}

impl<'a> ActivityPresenter<'a> {
    /// What happened, as on a list of all kinds. A kind that a newer version wrote goes by its word.
    pub(super) fn of(row: &'a ActivityRow) -> Self {
        let kind = ActivityKind::from_word(&row.kind);
        Self {
            row,
            what: kind.map_or(row.kind.as_str(), |kind| kind.describe()),
            detail: detail(row, kind),
        }
    }

    /// What became of a request for a code, as on a list of nothing else.
    pub(super) fn of_request(row: &'a ActivityRow) -> Self {
        let outcome = CodeOutcome::from_word(&row.outcome);
        Self {
            row,
            what: outcome.map_or(row.outcome.as_str(), |outcome| outcome.describe()),
            detail: row.detail.clone(),
        }
    }

    /// A line of a list that is about one person.
    pub(super) fn line(&self) -> ActivityLine<'_> {
        let row = self.row;
        ActivityLine {
            at: Timestamp(row.at),
            what: self.what,
            whom: None,
            actor: (!row.actor.is_empty()).then_some(&row.actor),
            ip: &row.ip,
            browser: &row.browser,
            detail: &self.detail,
        }
    }

    /// A line of a list that is about everybody.
    pub(super) fn line_with_whom(&self) -> ActivityLine<'_> {
        ActivityLine {
            whom: Some(&self.row.email),
            ..self.line()
        }
    }
}

fn detail(row: &ActivityRow, kind: Option<ActivityKind>) -> String {
    use ActivityKind::{AccountAdded, AccountImported, CodeRequested, RoleChanged, SignedIn};
    match kind {
        Some(CodeRequested) => {
            let outcome = CodeOutcome::from_word(&row.outcome);
            let outcome = outcome.map_or(row.outcome.as_str(), |outcome| outcome.describe());
            let parts = [outcome, &row.detail];
            let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            said.join(": ")
        }
        Some(SignedIn) => match WayIn::from_word(&row.detail) {
            Some(WayIn::EmailCode) => "with an email code".to_owned(),
            Some(WayIn::OperatorCode) => "with an operator’s code".to_owned(),
            Some(WayIn::WorkOs) => "with WorkOS".to_owned(),
            None => row.detail.clone(),
        },
        Some(AccountAdded | AccountImported | RoleChanged) => role_in_words(&row.detail).to_owned(),
        _ => row.detail.clone(),
    }
}
