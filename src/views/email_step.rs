//! Asks for the address that a code is to go to.

use maud::html;

use super::layout::Screen;
use crate::domain::ReturnTo;

/// What the step shows.
#[derive(Debug, Default)]
pub struct EmailStep<'a> {
    /// Where to go after the sign-in.
    pub return_to: ReturnTo,
    /// What was typed, so that nobody types it twice.
    pub typed: &'a str,
    /// What is wrong with it, and what to do.
    pub error: Option<String>,
}

impl EmailStep<'_> {
    /// The step.
    pub fn screen(&self) -> Screen {
        let send = self.return_to.carried_by("/sign-in/email");
        let back = self.return_to.carried_by("/sign-in");
        let invalid = self.error.is_some();
        Screen {
            title: "Get a code by email".to_owned(),
            body: html! {
                h1 { "Get a code by email" }
                p.lead { "We’ll send six digits to your inbox." }
                form method="post" action=(send) novalidate hx-post=(send) hx-target="#card" hx-disable="find button" {
                    div.field {
                        label for="email" { "Email" }
                        // Not type=email: browsers then rewrite or refuse addresses in other scripts.
                        input #email name="email" type="text" inputmode="email" autocomplete="email"
                            autocapitalize="none" spellcheck="false" maxlength="300" value=(self.typed) required autofocus
                            aria-invalid=[invalid.then_some("true")] aria-describedby=[invalid.then_some("email-error")];
                        @if let Some(error) = &self.error {
                            p #email-error .error role="alert" { (error) }
                        }
                    }
                    button.button type="submit" { "Send code" }
                }
                p.aside { a href=(back) hx-get=(back) hx-target="#card" { "Back to all sign-in options" } }
            },
        }
    }
}
