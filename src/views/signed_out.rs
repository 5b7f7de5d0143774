//! Where a sign-out lands.

use maud::html;

use super::layout::Screen;

/// What is left to be done at the provider.
#[derive(Debug, Clone, Copy)]
pub enum LogoutStep<'a> {
    /// Nothing, or it has been done.
    Nothing,
    /// The browser goes there at once, by this address.
    LeadsOut(&'a str),
    /// It does not answer now, and is told as soon as it does.
    IsToldLater,
}

/// Says that it is done, or, on the way through the provider's logout, that it soon will be. People
/// come here too who were turned away, to be somebody else.
pub fn screen(there: LogoutStep<'_>) -> Screen {
    Screen {
        title: "Signed out".to_owned(),
        body: html! {
            h1 { "You’re signed out" }
            @match there {
                LogoutStep::LeadsOut(address) => {
                    p.lead role="status" { "Signing you out at WorkOS too…" }
                    a.button href=(address) { "Go on" }
                }
                LogoutStep::Nothing => {
                    p.lead { "Nobody is signed in in this browser now. Sign in again, or as somebody else." }
                    a.button href="/sign-in" { "Sign in" }
                }
                LogoutStep::IsToldLater => {
                    p.lead { "Nobody is signed in here now." }
                    p.notice role="status" {
                        "WorkOS can’t be reached right now. Your session there ends as soon as it answers again; on a "
                        "shared computer, close the browser too."
                    }
                    a.button href="/sign-in" { "Sign in" }
                }
            }
        },
    }
}
