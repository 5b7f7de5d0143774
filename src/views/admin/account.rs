//! One account: all of it, and what can be done to it.

use maud::{Markup, html};

use super::accounts::{State, role_in_words};
use super::{ACCOUNTS, page};
use crate::domain::{AccountId, Timestamp};
use crate::views::account_menu::Viewer;
use crate::views::activity_list::{self, ActivityLine};
use crate::views::components::{action, dangerous_action, done, moment, not_done};
use crate::views::dashboard::SessionLine;
use crate::views::layout::Site;

/// What the page shows.
#[derive(Debug)]
pub struct Account<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// Its key.
    pub id: AccountId,
    /// The address.
    pub email: &'a str,
    /// What the person is called; may be empty.
    pub name: &'a str,
    /// “member” or “admin”.
    pub role: &'a str,
    /// Whether it gets in.
    pub state: State,
    /// Whether there is no other admin who gets in.
    pub is_last_admin: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last signed in, as far as is still known.
    pub last_sign_in: Option<Timestamp>,
    /// Since when it signs in with WorkOS.
    pub moved_at: Option<Timestamp>,
    /// Since when it is shut.
    pub suspended_at: Option<Timestamp>,
    /// Where it is signed in, each with the key of its session.
    pub sessions: Vec<(i64, SessionLine<'a>)>,
    /// What happened to it, the newest first.
    pub activity: Vec<ActivityLine<'a>>,
    /// Where all of that is.
    pub all_activity: String,
    /// Where it says why no code came.
    pub why_no_code: String,
    /// What was just done.
    pub done: Option<&'a str>,
    /// What was not, and why.
    pub not_done: Option<&'a str>,
    /// Now.
    pub now: Timestamp,
}

impl Account<'_> {
    /// The page.
    pub fn page(&self, site: &Site) -> Markup {
        let title = if self.name.is_empty() {
            self.email
        } else {
            self.name
        };
        let content = html! {
            p.back { a href=(ACCOUNTS) { "All accounts" } }
            h1 { (title) }
            @if !self.name.is_empty() { p.lead { (self.email) } }
            (done(self.done))
            (not_done(self.not_done))
            (self.facts())
            (self.actions())
            h2 { "Where they’re signed in" }
            (self.sessions())
            h2 { "Newest activity" }
            (activity_list::list(&self.activity, self.now))
            nav.pager aria-label="More about this account" {
                a href=(self.all_activity) { "All activity of this account" }
                a href=(self.why_no_code) { "Why no code?" }
            }
        };
        page(site, title, &self.viewer, ACCOUNTS, &content)
    }

    fn facts(&self) -> Markup {
        html! {
            dl.particulars {
                div { dt { "Role" } dd { (role_in_words(self.role)) } }
                div { dt { "State" } dd.tags { (self.state.tag()) } }
                @if let Some(at) = self.suspended_at {
                    div { dt { "Suspended" } dd { (moment(at, self.now)) } }
                }
                div {
                    dt { "Signs in with" }
                    dd {
                        @match self.moved_at {
                            Some(at) => { "WorkOS, since " (at.describe()) }
                            None => "email code",
                        }
                    }
                }
                div {
                    dt { "Last sign-in" }
                    dd {
                        @match self.last_sign_in {
                            Some(at) => (moment(at, self.now)),
                            None => "never",
                        }
                    }
                }
                div { dt { "Added" } dd { (self.created_at.describe()) } }
            }
        }
    }

    /// What would be refused is not offered.
    fn actions(&self) -> Markup {
        let to = |verb: &str| format!("{ACCOUNTS}/{}/{verb}", self.id.0);
        html! {
            div.actions {
                @if !self.state.confirmed { (action(&to("confirm"), "Confirm")) }
                @if self.role != "admin" {
                    (action(&to("make-admin"), "Make an admin"))
                } @else if !self.is_last_admin {
                    (action(&to("make-member"), "Make a member"))
                }
                @if self.state.moved { (action(&to("move-back"), "Move back from WorkOS")) }
                @if self.state.suspended {
                    (action(&to("restore"), "Restore"))
                } @else if !self.is_last_admin {
                    (dangerous_action(&to("suspend"), "Suspend"))
                }
                @if !self.is_last_admin {
                    a.button.small.plain.danger href=(to("delete")) { "Delete…" }
                }
            }
            @if self.is_last_admin {
                p.why {
                    "This is the only admin who can sign in. Before the account can be suspended, deleted or made a member, "
                    "somebody else has to be made an admin."
                }
            }
        }
    }

    fn sessions(&self) -> Markup {
        let end = |id: &i64| format!("{ACCOUNTS}/{}/sessions/{id}/end", self.id.0);
        html! {
            @if self.sessions.is_empty() {
                p.empty { "Nowhere." }
            } @else {
                ul.rows {
                    @for (id, line) in &self.sessions {
                        li.row.with-action {
                            div {
                                b { (line.browser) }
                                @if line.this_one { " " span.tag { "this one" } }
                                div.quiet {
                                    (line.ip) " · signed in " (moment(line.created_at, self.now))
                                    " · last seen " (moment(line.last_seen_at, self.now))
                                }
                            }
                            form.action method="post" action=(end(id)) {
                                button.button.small.plain type="submit" aria-label={ "End " (line.browser) ", " (line.ip) } { "End" }
                            }
                        }
                    }
                }
                @if self.sessions.len() > 1 {
                    (dangerous_action(&format!("{ACCOUNTS}/{}/sessions/end", self.id.0), "End all of them"))
                }
            }
        }
    }
}
