//! The sign-in page.

use maud::{Markup, html};

use super::layout::Screen;
use crate::domain::ReturnTo;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkOs {
    /// The settings name no provider.
    NotConfigured,
    Ready,
    Unreachable,
}

#[derive(Debug)]
pub struct SignIn<'a> {
    /// The console's name.
    pub brand: &'a str,
    pub return_to: ReturnTo,
    pub workos: WorkOs,
    /// Whether email codes are offered.
    pub email_codes: bool,
    /// Why the last sign-in failed.
    pub problem: Option<Banner<'a>>,
    /// The callback to register, for a person who left for WorkOS and did not come back through it.
    pub unfinished: Option<&'a str>,
}

/// A sign-in with WorkOS that failed.
#[derive(Debug)]
pub struct Banner<'a> {
    /// What happened and what to do.
    pub words: String,
    /// The request id in the log.
    pub reference: Option<&'a str>,
    /// Whether to offer a sign-in with another account.
    pub use_another_account: bool,
}

impl SignIn<'_> {
    /// The primary button is WorkOS. During an outage it is the email code.
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
                "Does WorkOS say that the redirect URI is invalid? Ask your admin to add this address in the "
                "WorkOS dashboard, under Redirects:"
            }
            p { code.address { (callback) } }
        }
    }
}
