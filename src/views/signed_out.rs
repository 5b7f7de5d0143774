//! The page after a sign-out.

use maud::html;

use super::layout::Screen;

/// The sign-out at the provider.
#[derive(Debug, Clone, Copy)]
pub enum LogoutStep<'a> {
    /// Done, or not needed.
    Nothing,
    /// The browser continues to this address of the provider.
    LeadsOut(&'a str),
    /// The provider can't be reached. Its session is revoked in the background once it answers.
    IsToldLater,
}

/// Also shown to people whose account was refused and who want to use another one.
pub fn screen(step: LogoutStep<'_>) -> Screen {
    Screen {
        title: "Signed out".to_owned(),
        body: html! {
            h1 { "You’re signed out" }
            @match step {
                LogoutStep::LeadsOut(address) => {
                    p.lead role="status" { "Signing you out at WorkOS too…" }
                    a.button href=(address) { "Continue" }
                }
                LogoutStep::Nothing => {
                    p.lead { "This browser is signed out. Sign in again, or use another account." }
                    a.button href="/sign-in" { "Sign in" }
                }
                LogoutStep::IsToldLater => {
                    p.lead { "This browser is signed out." }
                    p.notice role="status" {
                        "On a shared computer, close the browser too: WorkOS can’t be reached right now. Your session "
                        "there ends once WorkOS answers."
                    }
                    a.button href="/sign-in" { "Sign in" }
                }
            }
        },
    }
}
