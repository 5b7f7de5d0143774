//! The sign-in page.

use maud::{Markup, html};

use super::layout::Screen;
use crate::domain::ReturnTo;

/// Whether WorkOS can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkOs {
    /// An admin has not set it up.
    NotConfigured,
    /// It is there.
    Ready,
    /// It does not answer.
    Unreachable,
}

/// What the page shows.
#[derive(Debug)]
pub struct SignIn<'a> {
    /// What the console is called.
    pub brand: &'a str,
    /// Where to go after the sign-in.
    pub return_to: ReturnTo,
    /// Whether WorkOS can be used.
    pub workos: WorkOs,
    /// Whether there are email codes.
    pub email_codes: bool,
    /// Why somebody was sent back here.
    pub problem: Option<Banner<'a>>,
    /// The callback that has to be registered, for somebody who did not come back from WorkOS.
    pub unfinished: Option<&'a str>,
}

/// What went wrong at WorkOS.
#[derive(Debug)]
pub struct Banner<'a> {
    /// What happened, and what to do.
    pub words: String,
    /// Finds the cause in the log.
    pub reference: Option<&'a str>,
    /// Where to come as somebody else.
    pub use_another_account: bool,
}

impl SignIn<'_> {
    /// WorkOS on top, the email code below it; the other way round while WorkOS does not answer.
    pub fn screen(&self) -> Screen {
        Screen {
            title: "Sign in".to_owned(),
            body: html! {
                h1 { "Sign in to " (self.brand) }
                @if let Some(problem) = &self.problem { (banner(problem)) }
                @match self.workos {
                    WorkOs::NotConfigured => (self.not_configured()),
                    WorkOs::Ready => (self.ready()),
                    WorkOs::Unreachable => (self.unreachable()),
                }
                @if let Some(callback) = self.unfinished { (unfinished(callback)) }
            },
        }
    }

    fn not_configured(&self) -> Markup {
        html! {
            p.lead { "Use your organization’s sign-in." }
            a.button role="link" aria-disabled="true" aria-describedby="why-disabled" { "Continue with WorkOS" }
            p #why-disabled .why {
                "WorkOS isn’t configured for this environment. Contact your admin to set the WorkOS credentials."
            }
            (self.or_email_code())
        }
    }

    fn ready(&self) -> Markup {
        html! {
            p.lead { "Use your organization’s sign-in." }
            a.button href=(self.workos_address()) data-busy="Opening WorkOS…" { "Continue with WorkOS" }
            (self.or_email_code())
        }
    }

    fn unreachable(&self) -> Markup {
        let email_step = self.email_address();
        html! {
            @if self.email_codes {
                p.notice role="status" {
                    "WorkOS can’t be reached right now. You can sign in with an email code instead."
                }
                a.button href=(email_step) hx-get=(email_step) hx-target="#card" { "Use email code" }
            } @else {
                p.notice role="status" { "WorkOS can’t be reached right now. Try again in a few minutes." }
            }
            p.aside { a href=(self.workos_address()) { "Try WorkOS anyway" } }
        }
    }

    fn or_email_code(&self) -> Markup {
        let email_step = self.email_address();
        html! {
            @if self.email_codes {
                p.aside { a href=(email_step) hx-get=(email_step) hx-target="#card" { "or use email code" } }
            }
        }
    }

    fn email_address(&self) -> String {
        self.return_to.carried_by("/sign-in/email")
    }

    fn workos_address(&self) -> String {
        self.return_to.carried_by("/auth/workos")
    }
}

fn banner(problem: &Banner<'_>) -> Markup {
    html! {
        div #problem .notice.bad role="alert" tabindex="-1" {
            p { (problem.words) }
            @if problem.use_another_account {
                p { a href="/auth/workos/another-account" { "Use another account" } }
            }
            @if let Some(reference) = problem.reference {
                p.reference { "Reference: " code { (reference) } }
            }
        }
    }
}

fn unfinished(callback: &str) -> Markup {
    html! {
        details.help {
            summary { "Problem at WorkOS?" }
            p {
                "If WorkOS says that the redirect URI is invalid, ask your admin to register exactly this "
                "address in the WorkOS dashboard, under Redirects:"
            }
            p { code.address { (callback) } }
        }
    }
}
