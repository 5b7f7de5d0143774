//! The sign-in page.

use maud::html;

use super::layout::{BRAND, MARK, Screen};
use crate::domain::ReturnTo;

/// WorkOS on top, the email code below it.
pub fn screen(return_to: &ReturnTo, email_codes: bool) -> Screen {
    let email_step = return_to.carried_by("/sign-in/email");
    Screen {
        title: "Sign in".to_owned(),
        body: html! {
            (MARK)
            h1 { "Sign in to " (BRAND) }
            p.lead { "Use your organization’s sign-in." }
            a.button role="link" aria-disabled="true" aria-describedby="why-disabled" { "Continue with WorkOS" }
            p #why-disabled .why {
                "WorkOS isn’t configured for this environment. Contact your admin to set the WorkOS credentials."
            }
            @if email_codes {
                p.aside { a href=(email_step) hx-get=(email_step) hx-target="#card" { "or use email code" } }
            }
        },
    }
}
