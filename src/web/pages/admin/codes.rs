//! Says why no code came.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::activity_presenter::ActivityPresenter;
use super::{account_path, address, query, state_of};
use crate::accounts::activity::CodeRequests;
use crate::accounts::directory::AccountRow;
use crate::domain::{CodeOutcome, Email};
use crate::error::AppError;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::codes::{Answer, Codes};
use crate::web::http::extract::Admin;
use crate::web::http::response::html;
use crate::web::http::state::AppState;

const HEALTH: &str = "/admin/health";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    email: Option<String>,
}

/// Asks for an address, and says what became of the codes that were asked for with it.
///
/// # Errors
/// When the database does not answer.
pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let asked: Asked = query(&request)?;
    let mut page = Codes {
        viewer: admin.viewer(),
        typed: asked.email.as_deref().unwrap_or_default(),
        error: None,
        answer: None,
        now: state.clock.now(),
    };
    let Some(typed) = &asked.email else {
        return Ok(html(StatusCode::OK, page.page(&state.site)));
    };
    let email = match Email::parse(typed) {
        Ok(email) => email,
        Err(invalid) => {
            page.error = Some(invalid.to_string());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(html(status, page.page(&state.site)));
        }
    };
    let found = state.activity.code_requests(email.clone()).await?;
    let told: Vec<_> = found
        .requests
        .iter()
        .map(ActivityPresenter::of_request)
        .collect();
    let verdict = Verdict::of(&found);
    let (headline, advice) = verdict.words();
    page.answer = Some(Answer {
        verdict: headline,
        advice,
        way: verdict.way(&email, found.account.as_ref()),
        account: found.account.as_ref().map(|account| {
            let path = account_path(account.account_id());
            (path, account.email.as_str(), state_of(account))
        }),
        requests: told.iter().map(ActivityPresenter::line).collect(),
    });
    Ok(html(StatusCode::OK, page.page(&state.site)))
}

/// Why no code came, as far as can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    NoAccount,
    Suspended,
    NotConfirmed,
    Moved,
    NobodyAsked,
    Newest(CodeOutcome),
}

impl Verdict {
    /// What is so now counts before what was so when a code was last asked for.
    fn of(found: &CodeRequests) -> Self {
        let newest = found.requests.first();
        let newest = newest.and_then(|row| CodeOutcome::from_word(&row.outcome));
        match (&found.account, newest) {
            (None, _) => Self::NoAccount,
            (Some(account), _) if account.suspended_at.is_some() => Self::Suspended,
            (Some(account), _) if account.confirmed_at.is_none() => Self::NotConfirmed,
            (Some(account), Some(CodeOutcome::Moved) | None) if account.moved_at.is_some() => {
                Self::Moved
            }
            (Some(_), None) => Self::NobodyAsked,
            (Some(_), Some(outcome)) => Self::Newest(outcome),
        }
    }

    /// What happened, and what to do next.
    fn words(self) -> (&'static str, &'static str) {
        use CodeOutcome::{Accepted, GivenUp, Limited, Outbox, QueueFull, Queued, Refused};
        match self {
            Self::NoAccount => (
                "No account has this address",
                "Nobody gets a code without one. Check the address for typing mistakes, or add it.",
            ),
            Self::Suspended => (
                "The account is suspended",
                "It gets no codes and can’t sign in. Restore it if that is over.",
            ),
            Self::NotConfirmed => (
                "The account isn’t confirmed",
                "It gets no codes until an admin vouches for the address. Confirm it on its page.",
            ),
            Self::Moved => (
                "The account signs in with WorkOS",
                "It gets no codes while WorkOS can be reached. Ask them to choose “Continue with WorkOS”, or move \
                 the account back on its page.",
            ),
            Self::NobodyAsked => (
                "Nobody asked for a code with this address",
                "Ask them which address they type: it has to be this one.",
            ),
            Self::Newest(Accepted) => (
                "The mail server accepted the newest code",
                "Ask them to look in the spam folder. If it isn’t there either, look for the mail in your mail \
                 server’s own log.",
            ),
            Self::Newest(Outbox) => (
                "The newest code is in the outbox",
                "No mail server is set, so nothing is sent: the mail was written to the folder below, where the server \
                 runs, and the code was shown there. Set SMTP_URL and MAIL_FROM to send codes.",
            ),
            Self::Newest(Queued) => (
                "The newest code is waiting to be sent",
                "The mail server hasn’t taken it yet. What it answered, if anything, is below; its state is on the \
                 health page.",
            ),
            Self::Newest(Refused) => (
                "The mail server refused the newest code",
                "Its answer is below, and says whether the address or the sender is to blame.",
            ),
            Self::Newest(GivenUp) => (
                "The newest code wasn’t sent in time",
                "What came of it is below. Look at the health page, then ask them to try again.",
            ),
            Self::Newest(QueueFull) => (
                "Too much mail was waiting",
                "Look at the health page, then ask them to try again.",
            ),
            Self::Newest(Limited) => (
                "A limit refused the newest request",
                "Which one is below. It lifts on its own after a while; `vestibule limits clear` on the server lifts it at once.",
            ),
            Self::Newest(_) => (
                "The account has changed since the newest request",
                "It gets codes now. Ask them to ask for another one.",
            ),
        }
    }

    /// Where to do it, where that is a page of ours.
    fn way(self, email: &Email, account: Option<&AccountRow>) -> Option<(String, &'static str)> {
        use CodeOutcome::{GivenUp, QueueFull, Queued};
        let account = account.map(|account| account_path(account.account_id()));
        match self {
            Self::NoAccount => Some((address(ACCOUNTS, &[("add", email.as_str())]), "Add it")),
            Self::Suspended => account.map(|path| (path, "Open the account to restore it")),
            Self::NotConfirmed => account.map(|path| (path, "Open the account to confirm it")),
            Self::Moved => account.map(|path| (path, "Open the account to move it back")),
            Self::Newest(Queued | GivenUp | QueueFull) => {
                Some((HEALTH.to_owned(), "Open the health page"))
            }
            Self::NobodyAsked | Self::Newest(_) => None,
        }
    }
}
