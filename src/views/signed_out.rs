//! Where a sign-out lands.

use maud::html;

use super::layout::{MARK, Screen};

/// Says that it is done.
pub fn screen() -> Screen {
    Screen {
        title: "Signed out".to_owned(),
        body: html! {
            (MARK)
            h1 { "You’re signed out" }
            p.lead { "This browser’s session has ended." }
            a.button href="/sign-in" { "Sign in again" }
        },
    }
}
