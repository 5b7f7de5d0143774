//! What someone sees on arrival.

use maud::{Markup, html};

use super::account_menu::Viewer;
use super::components::moment;
use super::layout::{Site, console_page};
use crate::domain::{Method, Timestamp};

/// What the page shows.
#[derive(Debug)]
pub struct Dashboard<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// How they signed in.
    pub method: Method,
    /// When.
    pub signed_in_at: Timestamp,
    /// Where they are signed in, this place included.
    pub sessions: Vec<SessionLine<'a>>,
    /// Now.
    pub now: Timestamp,
}

/// One session in the list.
#[derive(Debug)]
pub struct SessionLine<'a> {
    /// Browser and system in words.
    pub browser: &'a str,
    /// From where.
    pub ip: &'a str,
    /// How it was begun.
    pub method: Method,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// The one that is looking.
    pub this_one: bool,
}

impl Dashboard<'_> {
    /// The page.
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            h1 { "Welcome, " (first_name(&self.viewer)) }
            p.lead { "You signed in with " (with(self.method)) ", " (moment(self.signed_in_at, self.now)) "." }
            h2 { "Where you’re signed in" }
            ul.rows { @for line in &self.sessions { li.row { (self.line(line)) } } }
            a.more href="/account/sessions" { "See and end sessions" }
        };
        console_page(site, "Dashboard", &self.viewer, &content)
    }

    fn line(&self, line: &SessionLine<'_>) -> Markup {
        html! {
            b { (line.browser) }
            @if line.this_one { " " span.tag { "this one" } }
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

fn with(method: Method) -> &'static str {
    match method {
        Method::EmailCode => "an email code",
        Method::WorkOs => "WorkOS",
    }
}

fn first_name<'a>(viewer: &Viewer<'a>) -> &'a str {
    viewer
        .name
        .split_whitespace()
        .next()
        .unwrap_or(viewer.email)
}
