//! “This wasn’t me”: the page behind the link in a code's mail.

use maud::{Markup, html};

use super::layout::Screen;
use crate::domain::Timestamp;

/// The state of the code.
#[derive(Debug)]
pub enum NotMe<'a> {
    /// The code works and can be cancelled.
    Open {
        /// The token in the link, which the form sends back.
        link: &'a str,
        /// The browser that asked, as in “Firefox on Linux”.
        browser: &'a str,
        ip: &'a str,
        asked_at: Timestamp,
    },
    /// The code was cancelled.
    Stopped,
    /// The code was used to sign in.
    Used {
        /// The token in the link, which the form sends back.
        link: &'a str,
    },
    /// The code was used to sign in, and the owner of the mailbox has reported that.
    UsedByAnother,
    /// The link names no code that still exists.
    Unknown,
}

impl NotMe<'_> {
    pub fn screen(&self) -> Screen {
        let (title, content) = match self {
            Self::Open {
                link,
                browser,
                ip,
                asked_at,
            } => ("Cancel this code?", open(link, browser, ip, *asked_at)),
            Self::Stopped => ("That code no longer works", stopped()),
            Self::Used { link } => ("That code was used", used(link)),
            Self::UsedByAnother => ("That code was used", used_by_another()),
            Self::Unknown => ("This link no longer works", unknown()),
        };
        Screen {
            title: title.to_owned(),
            body: html! {
                h1 { (title) }
                (content)
            },
        }
    }
}

fn open(link: &str, browser: &str, ip: &str, asked_at: Timestamp) -> Markup {
    html! {
        p.lead { "This browser asked for a code to sign in to your account:" }
        dl.facts {
            div { dt { "Browser" } dd { (browser) } }
            div { dt { "From" } dd { (ip) } }
            div { dt { "When" } dd { time datetime=(asked_at.rfc3339()) { (asked_at.describe()) } } }
        }
        (not_me(link))
        p.why { "This cancels the code. Was it you? Then close this page: the code still works." }
    }
}

fn stopped() -> Markup {
    html! {
        p.lead role="status" {
            "It was not used to sign in. Your admin can see that it wasn’t you who asked."
        }
        (see_sessions())
        p.why { "Tell your admin if such mails keep coming." }
    }
}

fn used(link: &str) -> Markup {
    html! {
        p.lead {
            "It was used to sign in to your account. Wasn’t you? Report it here: that ends the session and tells "
            "your admins. Then change your mailbox’s password."
        }
        (not_me(link))
        a.button.plain href="/account/sessions" { "See your sessions" }
    }
}

fn used_by_another() -> Markup {
    html! {
        p.lead role="status" {
            "That session has ended, and your admins got a mail. Change your mailbox’s password now: the code was read "
            "there."
        }
        (see_sessions())
    }
}

fn not_me(link: &str) -> Markup {
    html! {
        form method="post" action="/sign-in/not-me" {
            input type="hidden" name="link" value=(link);
            button.button type="submit" { "This wasn’t me" }
        }
    }
}

fn unknown() -> Markup {
    html! {
        p.lead { "Codes work for a few minutes only. The code from that mail can’t be used to sign in any more." }
        (see_sessions())
    }
}

fn see_sessions() -> Markup {
    html! { a.button href="/account/sessions" { "See your sessions" } }
}
