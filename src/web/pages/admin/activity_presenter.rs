use crate::accounts::activity::Activity;
use crate::domain::{ActivityKind, Stored, WayIn};
use crate::views::activity_list::ActivityLine;
use crate::views::admin::accounts::role_label;

/// An entry of the activity log as text for an admin.
pub(super) struct ActivityPresenter<'a> {
    row: &'a Activity,
    what: &'a str,
    detail: String,
}

impl<'a> ActivityPresenter<'a> {
    /// For a list of all kinds. A kind that a newer version wrote is shown as its word.
    pub(super) fn of(row: &'a Activity) -> Self {
        let kind = row.kind.known();
        Self {
            row,
            what: kind.map_or(row.kind.as_str(), |kind| kind.describe()),
            detail: detail(row, kind),
        }
    }

    /// For a list of code requests only: shows their outcome.
    pub(super) fn of_request(row: &'a Activity) -> Self {
        Self {
            row,
            what: describe_outcome(row),
            detail: row.detail.clone(),
        }
    }

    /// A line of a list about one account.
    pub(super) fn line(&self) -> ActivityLine<'_> {
        let row = self.row;
        ActivityLine {
            at: row.at,
            what: self.what,
            whom: None,
            actor: (!row.actor.is_empty()).then_some(&row.actor),
            ip: &row.ip,
            browser: &row.browser,
            detail: &self.detail,
        }
    }

    /// A line of a list about all accounts.
    pub(super) fn line_with_whom(&self) -> ActivityLine<'_> {
        ActivityLine {
            whom: Some(&self.row.email),
            ..self.line()
        }
    }
}

/// An outcome that a newer version wrote is shown as its word.
fn describe_outcome(row: &Activity) -> &str {
    match &row.outcome {
        Some(Stored::Known(outcome)) => outcome.describe(),
        Some(Stored::Unknown(word)) => word,
        None => "",
    }
}

fn detail(row: &Activity, kind: Option<ActivityKind>) -> String {
    use ActivityKind::{AccountAdded, AccountImported, CodeRequested, RoleChanged, SignedIn};
    match kind {
        Some(CodeRequested) => {
            let parts = [describe_outcome(row), &row.detail];
            let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            said.join(": ")
        }
        Some(SignedIn) => match WayIn::from_detail(&row.detail) {
            Some((WayIn::EmailCode, _)) => "with an email code".to_owned(),
            Some((WayIn::OperatorCode, _)) => "with an operator’s code".to_owned(),
            Some((WayIn::WorkOs, None)) => "with WorkOS".to_owned(),
            Some((WayIn::WorkOs, Some(method))) => format!("with WorkOS, by {method}"),
            None => row.detail.clone(),
        },
        Some(AccountAdded | AccountImported | RoleChanged) => role_label(&row.detail).to_owned(),
        _ => row.detail.clone(),
    }
}
