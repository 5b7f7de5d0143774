//! The sign-in step that asks for the six digits.

use maud::html;

use super::layout::Screen;
use crate::domain::ReturnTo;

#[derive(Debug, Default)]
pub struct CodeStep<'a> {
    /// The address as it was typed. `None`: this browser has no challenge.
    pub email: Option<&'a str>,
    /// How long a code works, as in “10 minutes”.
    pub lifetime: &'a str,
    pub return_to: ReturnTo,
    /// The text that was typed into the field.
    pub typed: String,
    /// Why the code was refused, and what to do.
    pub error: Option<String>,
    /// Why no new code was sent, and what to do.
    pub not_sent: Option<String>,
    /// Whether a new code was just sent.
    pub resent: bool,
    /// Seconds until another request can succeed.
    pub resend_in: u64,
}

impl CodeStep<'_> {
    pub fn screen(&self) -> Screen {
        let another_address = self.return_to.carried_by("/sign-in/email");
        let invalid = self.error.is_some();
        Screen {
            title: "Enter the code".to_owned(),
            body: html! {
                h1 { "Check your email" }
                p.lead {
                    @if let Some(email) = self.email {
                        "If " b { (email) } " has an account here, a six-digit code is on its way. It works for " (self.lifetime) "."
                    } @else {
                        "Enter the six-digit code from the mail, in the browser that asked for it."
                    }
                }
                @if let Some(words) = &self.not_sent {
                    p.notice role="alert" { (words) }
                }
                @if self.resent {
                    p.notice role="status" { "A new code is on its way. The older one no longer works." }
                }
                form #code-form method="post" action="/sign-in/code" novalidate hx-post="/sign-in/code" hx-target="#card" hx-disable="find button" {
                    div.field {
                        label for="code" { "Code" }
                        input #code .code name="code" type="text" inputmode="numeric" autocomplete="one-time-code"
                            autocapitalize="none" spellcheck="false" maxlength="40" value=(self.typed) required autofocus
                            aria-invalid=[invalid.then_some("true")] aria-describedby=[invalid.then_some("code-error")];
                        @if let Some(error) = &self.error {
                            p #code-error .error role="alert" { (error) }
                        }
                    }
                    button.button type="submit" { "Sign in" }
                }
                div.aside {
                    @if self.email.is_some() {
                        form method="post" action="/sign-in/code/resend" hx-post="/sign-in/code/resend" hx-target="#card" hx-disable="find button" {
                            button.link type="submit" data-resend-in=(self.resend_in) { "Send a new code" }
                        }
                    } @else {
                        a href=(another_address) hx-get=(another_address) hx-target="#card" { "Send a new code" }
                    }
                    a href=(another_address) hx-get=(another_address) hx-target="#card" { "Use another address" }
                }
                details.help {
                    summary { "No code yet?" }
                    ul {
                        li { "Look in your spam folder." }
                        li { "Codes go to confirmed accounts only. Ask your admin if yours is one." }
                        li { "Wait one minute before you ask again." }
                    }
                }
            },
        }
    }
}
