//! The first page after a sign-in.

use maud::{Markup, html};

use super::account_menu::Viewer;
use super::components::moment;
use super::layout::{Site, console_page};
use crate::domain::{AuthenticationMethod, SignInMethod, Timestamp};

#[derive(Debug)]
pub struct Dashboard<'a> {
    pub viewer: Viewer<'a>,
    pub method: SignInMethod,
    /// How the provider authenticated the viewer.
    pub authentication: Option<&'a AuthenticationMethod>,
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
    /// How the provider authenticated the person.
    pub authentication: Option<&'a AuthenticationMethod>,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// Whether this is the session of this browser.
    pub this_one: bool,
}

impl Dashboard<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            h1 { "Welcome, " (first_name(&self.viewer)) }
            p.lead { "Signed in with " (with(self.method)) (by(self.authentication)) ", " (moment(self.signed_in_at, self.now)) "." }
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
                (line.ip) " · " (line.how()) " · "
                @if line.this_one {
                    "signed in " (moment(line.created_at, self.now))
                } @else {
                    "last seen " (moment(line.last_seen_at, self.now))
                }
            }
        }
    }
}

impl SessionLine<'_> {
    /// As in “WorkOS, by SSO”.
    pub fn how(&self) -> String {
        format!("{}{}", self.method.describe(), by(self.authentication))
    }
}

fn by(authentication: Option<&AuthenticationMethod>) -> String {
    authentication.map_or_else(String::new, |method| format!(", by {}", method.as_str()))
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
