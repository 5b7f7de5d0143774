//! The viewer's sessions, each with a button that ends it, and known browsers, each with a button that forgets it.

use maud::{Markup, html};

use super::page;
use crate::domain::{KnownBrowserId, SessionId, Timestamp};
use crate::views::Site;
use crate::views::account_menu::Viewer;
use crate::views::components::{dangerous_action, done, moment};
use crate::views::dashboard::SessionLine;

#[derive(Debug)]
pub struct Sessions<'a> {
    pub viewer: Viewer<'a>,
    /// The session of this browser first.
    pub sessions: Vec<(SessionId, SessionLine<'a>)>,
    /// Whether there may be more sessions than are listed.
    pub is_cut_off: bool,
    /// The browser of this session first.
    pub browsers: Vec<BrowserLine<'a>>,
    /// The change that was just made.
    pub done: Option<&'a str>,
    pub now: Timestamp,
}

/// A browser that is known for the account.
#[derive(Debug)]
pub struct BrowserLine<'a> {
    pub id: KnownBrowserId,
    /// Browser and system, as in “Firefox on Linux”.
    pub browser: &'a str,
    /// The first sign-in.
    pub created_at: Timestamp,
    /// The newest sign-in.
    pub last_seen_at: Timestamp,
    pub this_one: bool,
}

impl Sessions<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            (done(self.done))
            p.lead { "Where you’re signed in. End sessions that you don’t recognise." }
            ul.rows.spaced { @for (id, line) in &self.sessions { li.row.with-action { (self.line(*id, line)) } } }
            @if self.is_cut_off {
                p.why { "Only the newest " (self.sessions.len()) " sessions are listed." }
            }
            @if self.sessions.iter().any(|(_, line)| !line.this_one) {
                (dangerous_action("/account/sessions/end-others", "End all other sessions"))
            }
            @if !self.browsers.is_empty() {
                h2 { "Browsers you’ve signed in with" }
                p.why {
                    "You get a mail when you sign in with any other browser. Forget browsers that you don’t use any more."
                }
                ul.rows.spaced { @for line in &self.browsers { li.row.with-action { (self.browser(line)) } } }
            }
        };
        page(
            site,
            &self.viewer,
            "/account/sessions",
            "Sessions",
            &content,
        )
    }

    fn line(&self, id: SessionId, line: &SessionLine<'_>) -> Markup {
        let name = format!("session-{}", id.0);
        html! {
            div #(name) {
                b { (line.browser) }
                @if line.this_one { " " span.tag { "this browser" } }
                div.quiet { (line.ip) " · " (line.how()) }
                div.quiet {
                    "signed in " (moment(line.created_at, self.now))
                    " · last seen " (moment(line.last_seen_at, self.now))
                }
            }
            (end(id, &name, line.this_one))
        }
    }

    fn browser(&self, line: &BrowserLine<'_>) -> Markup {
        let name = format!("browser-{}", line.id.0);
        html! {
            div #(name) {
                b { (line.browser) }
                @if line.this_one { " " span.tag { "this browser" } }
                div.quiet {
                    "first signed in " (moment(line.created_at, self.now))
                    " · last signed in " (moment(line.last_seen_at, self.now))
                }
            }
            form.action method="post" action={ "/account/browsers/" (line.id.0) "/forget" } {
                button.button.small.plain type="submit" aria-describedby=(name) { "Forget" }
            }
        }
    }
}

/// Ending the session of this browser signs the viewer out.
fn end(id: SessionId, name: &str, this_one: bool) -> Markup {
    html! {
        form.action method="post" action={ "/account/sessions/" (id.0) "/end" } {
            button.button.small.plain type="submit" aria-describedby=(name) {
                @if this_one { "Sign out" } @else { "End session" }
            }
        }
    }
}
