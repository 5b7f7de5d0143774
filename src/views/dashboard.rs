//! The first page after a sign-in.

use maud::{Markup, html};

use super::account_menu::Viewer;
use super::components::moment;
use super::layout::{Site, console_page};
use crate::domain::{SignInMethod, Timestamp};

#[derive(Debug)]
pub struct Dashboard<'a> {
    pub viewer: Viewer<'a>,
    pub method: SignInMethod,
    pub signed_in_at: Timestamp,
    /// All sessions of the viewer, the session of this browser included.
    pub sessions: Vec<SessionLine<'a>>,
    pub now: Timestamp,
}

#[derive(Debug)]
pub struct SessionLine<'a> {
    /// Browser and system, as in “Firefox on Linux”.
    pub browser: &'a str,
    pub ip: &'a str,
    pub method: SignInMethod,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// Whether this is the session of this browser.
    pub this_one: bool,
}

impl Dashboard<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            h1 { "Welcome, " (first_name(&self.viewer)) }
            p.lead { "Signed in with " (with(self.method)) ", " (moment(self.signed_in_at, self.now)) "." }
            h2 { "Where you’re signed in" }
            ul.rows { @for line in &self.sessions { li.row { (self.line(line)) } } }
            a.more href="/account/sessions" { "Manage sessions" }
        };
        console_page(site, "Dashboard", &self.viewer, &content)
    }

    fn line(&self, line: &SessionLine<'_>) -> Markup {
        html! {
            b { (line.browser) }
            @if line.this_one { " " span.tag { "this browser" } }
            div.quiet {
                (line.ip) " · " (line.method.describe()) " · "
                @if line.this_one {
                    "signed in " (moment(line.created_at, self.now))
                } @else {
                    "last seen " (moment(line.last_seen_at, self.now))
                }
            }
        }
    }
}

fn with(method: SignInMethod) -> &'static str {
    match method {
        SignInMethod::EmailCode => "an email code",
        SignInMethod::WorkOs => "WorkOS",
    }
}

fn first_name<'a>(viewer: &Viewer<'a>) -> &'a str {
    viewer
        .name
        .split_whitespace()
        .next()
        .unwrap_or(viewer.email)
}
