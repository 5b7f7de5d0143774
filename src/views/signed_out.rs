//! Where a sign-out lands.

use maud::html;

use super::layout::{MARK, Screen};

/// Says that it is done, or, on the way through the provider's logout, that it soon will be.
pub fn screen(way_out: Option<&str>) -> Screen {
    Screen {
        title: "Signed out".to_owned(),
        body: html! {
            (MARK)
            h1 { "You’re signed out" }
            @if let Some(address) = way_out {
                p.lead role="status" { "Signing you out at WorkOS too…" }
                a.button href=(address) { "Go on" }
            } @else {
                p.lead { "This browser’s session has ended." }
                a.button href="/sign-in" { "Sign in again" }
            }
        },
    }
}
