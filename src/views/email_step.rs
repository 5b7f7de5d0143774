//! The sign-in step that asks for an address to send a code to.

use maud::html;

use super::layout::Screen;
use crate::domain::ReturnTo;

#[derive(Debug, Default)]
pub struct EmailStep<'a> {
    pub return_to: ReturnTo,
    /// The text that was typed into the field.
    pub typed: &'a str,
    /// Why the address was refused, and what to do.
    pub error: Option<String>,
}

impl EmailStep<'_> {
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
                        // With type=email, browsers rewrite or refuse addresses in other scripts.
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
