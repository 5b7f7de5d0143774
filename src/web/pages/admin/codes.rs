//! “Why no code?”: finds out why a code did not arrive.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::activity_presenter::ActivityPresenter;
use super::{account_path, address, query, state_of};
use crate::accounts::account::Account;
use crate::accounts::activity::CodeRequests;
use crate::domain::{CodeOutcome, Email, Role};
use crate::error::AppError;
use crate::views::admin::ACCOUNTS;
use crate::views::admin::codes::{Answer, Codes};
use crate::web::http::extract::Admin;
use crate::web::http::response::html;
use crate::web::http::state::AppState;

const HEALTH: &str = "/admin/health";

#[derive(Deserialize, Default)]
#[serde(default)]
struct PageQuery {
    email: Option<String>,
}

/// Asks for an address; with one, shows the outcome of the codes that were requested for it.
pub async fn show(
    state: web::Data<AppState>,
    Admin(admin): Admin,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let page_query: PageQuery = query(&request)?;
    let mut page = Codes {
        viewer: admin.viewer(),
        typed: page_query.email.as_deref().unwrap_or_default(),
        error: None,
        answer: None,
        now: state.clock.now(),
    };
    let Some(typed) = &page_query.email else {
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
    let requests: Vec<_> = found
        .requests
        .iter()
        .map(ActivityPresenter::of_request)
        .collect();
    let diagnosis = Diagnosis::of(&found);
    let (headline, advice) = diagnosis.message();
    page.answer = Some(Answer {
        headline,
        advice,
        way: diagnosis.link(&email, found.account.as_ref()),
        account: found.account.as_ref().map(|account| {
            let path = account_path(account.id);
            (path, account.email.as_str(), state_of(account))
        }),
        requests: requests.iter().map(ActivityPresenter::line).collect(),
    });
    Ok(html(StatusCode::OK, page.page(&state.site)))
}

/// The likely reason why no code arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Diagnosis {
    NoAccount,
    Suspended,
    NotConfirmed,
    NoLongerAdmitted,
    Moved,
    AdminsUseWorkOs,
    NoRequest,
    Newest(CodeOutcome),
}

impl Diagnosis {
    /// The account's present state takes precedence over the outcome of the newest request.
    fn of(found: &CodeRequests) -> Self {
        let newest = found.requests.first();
        let newest = newest.and_then(|row| row.outcome.as_ref()?.known());
        match (&found.account, newest) {
            (None, _) => Self::NoAccount,
            (Some(account), _) if account.suspended_at.is_some() => Self::Suspended,
            (Some(account), _) if account.confirmed_at.is_none() => Self::NotConfirmed,
            (Some(_), Some(CodeOutcome::NoLongerAdmitted)) => Self::NoLongerAdmitted,
            (Some(account), Some(CodeOutcome::Moved) | None) if account.moved_at.is_some() => {
                Self::Moved
            }
            (Some(account), Some(CodeOutcome::AdminsUseWorkOs)) if account.role == Role::Admin => {
                Self::AdminsUseWorkOs
            }
            (Some(_), None) => Self::NoRequest,
            (Some(_), Some(outcome)) => Self::Newest(outcome),
        }
    }

    /// What happened, and what to do next.
    fn message(self) -> (&'static str, &'static str) {
        use CodeOutcome::{Accepted, GivenUp, Limited, Outbox, QueueFull, Queued, Refused};
        match self {
            Self::NoAccount => (
                "No account has this address",
                "Check the address for typing mistakes, or add it. Only accounts get codes.",
            ),
            Self::Suspended => (
                "The account is suspended",
                "Restore it to let it sign in. A suspended account gets no codes.",
            ),
            Self::NotConfirmed => (
                "The account isn’t confirmed",
                "Confirm it on its page. Only a confirmed account gets codes.",
            ),
            Self::NoLongerAdmitted => (
                "The organization or domain that admitted the account no longer does",
                "Confirm the account on its page to invite the person. Without an invitation it gets no codes.",
            ),
            Self::Moved => (
                "The account signs in with WorkOS",
                "Ask them to choose “Continue with WorkOS”, or move the account back on its page. It gets no codes while \
                 WorkOS can be reached.",
            ),
            Self::AdminsUseWorkOs => (
                "Admins sign in with WorkOS",
                "Ask them to choose “Continue with WorkOS”. ADMIN_SIGN_IN=workos is set, so admins get no codes. If WorkOS \
                 can’t be reached, run `vestibule code` on the server.",
            ),
            Self::NoRequest => (
                "No code was requested for this address",
                "Ask them which address they type. It must be this one.",
            ),
            Self::Newest(Accepted) => (
                "The mail server accepted the newest code",
                "Ask them to look in the spam folder. If the mail isn’t there, search the mail server’s log for it.",
            ),
            Self::Newest(Outbox) => (
                "The newest code is in the outbox",
                "Set SMTP_URL and MAIL_FROM to send codes. No mail server is set, so the mail was written to the folder \
                 below on the server, and the code was shown on its terminal.",
            ),
            Self::Newest(Queued) => (
                "The newest code is waiting to be sent",
                "The mail server hasn’t accepted it yet. Its reply, if any, is below. The health page shows its state.",
            ),
            Self::Newest(Refused) => (
                "The mail server refused the newest code",
                "Its reply below shows whether it refused the address or the sender.",
            ),
            Self::Newest(GivenUp) => (
                "The newest code wasn’t sent in time",
                "Look at the health page, then ask them to try again. The last reply is below.",
            ),
            Self::Newest(QueueFull) => (
                "Too much mail was waiting",
                "Look at the health page, then ask them to try again.",
            ),
            Self::Newest(Limited) => (
                "A limit refused the newest request",
                "The limit is named below. It ends by itself; `vestibule limits clear` on the server ends it at once.",
            ),
            Self::Newest(_) => (
                "The account has changed since the newest request",
                "Ask them to request another code. The account gets codes now.",
            ),
        }
    }

    /// The page for the next step, with the text of its link.
    fn link(self, email: &Email, account: Option<&Account>) -> Option<(String, &'static str)> {
        use CodeOutcome::{GivenUp, QueueFull, Queued};
        let account = account.map(|account| account_path(account.id));
        match self {
            Self::NoAccount => Some((address(ACCOUNTS, &[("add", email.as_str())]), "Add it")),
            Self::Suspended => account.map(|path| (path, "Open the account to restore it")),
            Self::NotConfirmed | Self::NoLongerAdmitted => {
                account.map(|path| (path, "Open the account to confirm it"))
            }
            Self::Moved => account.map(|path| (path, "Open the account to move it back")),
            Self::Newest(Queued | GivenUp | QueueFull) => {
                Some((HEALTH.to_owned(), "Open the health page"))
            }
            Self::AdminsUseWorkOs | Self::NoRequest | Self::Newest(_) => None,
        }
    }
}
