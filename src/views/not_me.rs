//! “This wasn’t me”: where the link in a code's mail leads.

use maud::{Markup, html};

use super::layout::Screen;
use crate::domain::Timestamp;

/// How it stands with the code.
#[derive(Debug)]
pub enum NotMe<'a> {
    /// It can be stopped.
    Open {
        /// The link's own text, to be sent back.
        link: &'a str,
        /// Browser and system that asked, in words.
        browser: &'a str,
        /// From where.
        ip: &'a str,
        /// When.
        asked_at: Timestamp,
    },
    /// It was stopped.
    Stopped,
    /// Somebody got in with it.
    Used {
        /// The link's own text, to be sent back.
        link: &'a str,
    },
    /// Somebody got in with it, and the owner of the mailbox said that it was not them.
    UsedByAnother,
    /// There is no such code, or not any more.
    Unknown,
}

impl NotMe<'_> {
    /// What happened, and the one thing to do next.
    pub fn screen(&self) -> Screen {
        let (title, content) = match self {
            Self::Open {
                link,
                browser,
                ip,
                asked_at,
            } => ("Stop this code?", open(link, browser, ip, *asked_at)),
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
        p.lead { "Somebody asked for a code to sign in to your account:" }
        dl.facts {
            div { dt { "Browser" } dd { (browser) } }
            div { dt { "From" } dd { (ip) } }
            div { dt { "When" } dd { time datetime=(asked_at.rfc3339()) { (asked_at.describe()) } } }
        }
        (not_me(link))
        p.why { "The code stops working at once. If it was you, close this page: nothing has changed." }
    }
}

fn stopped() -> Markup {
    html! {
        p.lead role="status" {
            "Nobody got in with it, and nobody can now. Your admin can see that it wasn’t you who asked."
        }
        (see_sessions())
        p.why { "If such mails keep coming, tell your admin." }
    }
}

fn used(link: &str) -> Markup {
    html! {
        p.lead {
            "Somebody has signed in with it. If that wasn’t you, say so here, end that session, change the "
            "password of your mailbox, and tell your admin."
        }
        (not_me(link))
        a.button.plain href="/account/sessions" { "See your sessions" }
    }
}

fn used_by_another() -> Markup {
    html! {
        p.lead role="status" {
            "Your admin can see that it wasn’t you. Whoever it was is signed in until you end that session: do so "
            "now, change the password of your mailbox, and tell your admin."
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
        p.lead { "Codes work for a few minutes only, and nobody can sign in with that one any more." }
        (see_sessions())
    }
}

fn see_sessions() -> Markup {
    html! { a.button href="/account/sessions" { "See your sessions" } }
}
