//! One account and the actions on it.

use maud::{Markup, html};

use super::accounts::{State, role_label};
use super::{ACCOUNTS, page};
use crate::domain::{AccountId, Timestamp};
use crate::views::account_menu::Viewer;
use crate::views::activity_list::{self, ActivityLine};
use crate::views::components::{action, dangerous_action, done, moment, not_done};
use crate::views::dashboard::SessionLine;
use crate::views::layout::Site;

#[derive(Debug)]
pub struct Account<'a> {
    pub viewer: Viewer<'a>,
    pub id: AccountId,
    pub email: &'a str,
    /// May be empty.
    pub name: &'a str,
    /// “member” or “admin”.
    pub role: &'a str,
    pub state: State,
    /// Whether no other admin can sign in.
    pub is_last_admin: bool,
    pub created_at: Timestamp,
    /// `None`: no sign-in is on record. Old activity is deleted.
    pub last_sign_in: Option<Timestamp>,
    /// When the account moved to WorkOS.
    pub moved_at: Option<Timestamp>,
    /// The rule that the account depends on, as in “Email domain”. `None` for an invited account.
    pub admitted_by: Option<&'static str>,
    pub suspended_at: Option<Timestamp>,
    /// How many browsers the account has signed in with.
    pub known_browsers: i64,
    pub sessions: Vec<(i64, SessionLine<'a>)>,
    /// The latest activity, newest first.
    pub activity: Vec<ActivityLine<'a>>,
    /// The path of the page with all activity of this account.
    pub all_activity: String,
    /// The path of the page “Why no code?” for this address.
    pub why_no_code: String,
    /// The change that was just made.
    pub done: Option<&'a str>,
    /// Why a change was not made.
    pub not_done: Option<&'a str>,
    pub now: Timestamp,
}

impl Account<'_> {
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
            h2 { "Sessions" }
            (self.sessions())
            h2 { "Latest activity" }
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
                div { dt { "Role" } dd { (role_label(self.role)) } }
                div { dt { "State" } dd { (self.state.describe()) } }
                @if let Some(at) = self.suspended_at {
                    div { dt { "Suspended" } dd { (moment(at, self.now)) } }
                }
                div {
                    dt { "Signs in with" }
                    dd {
                        @match self.moved_at {
                            Some(at) => { "WorkOS, since " (at.describe()) }
                            None => "Email code",
                        }
                    }
                }
                div {
                    dt { "Last sign-in" }
                    dd {
                        @match self.last_sign_in {
                            Some(at) => (moment(at, self.now)),
                            None => "Never",
                        }
                    }
                }
                @if let Some(rule) = self.admitted_by { div { dt { "Admitted by" } dd { (rule) } } }
                @if self.known_browsers > 0 { div { dt { "Known browsers" } dd { (self.known_browsers) } } }
                div { dt { "Added" } dd { (self.created_at.describe()) } }
            }
        }
    }

    /// Offers only the actions that would succeed.
    fn actions(&self) -> Markup {
        let to = |verb: &str| format!("{ACCOUNTS}/{}/{verb}", self.id.0);
        html! {
            div.actions {
                @if !self.state.confirmed || self.admitted_by.is_some() { (action(&to("confirm"), "Confirm")) }
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
                    "Make someone else an admin before you suspend, delete or demote this account: no other admin can "
                    "sign in."
                }
            }
        }
    }

    fn sessions(&self) -> Markup {
        let end = |id: &i64| format!("{ACCOUNTS}/{}/sessions/{id}/end", self.id.0);
        html! {
            @if self.sessions.is_empty() {
                p.empty { "No sessions." }
            } @else {
                ul.rows {
                    @for (id, line) in &self.sessions {
                        li.row.with-action {
                            div {
                                b { (line.browser) }
                                @if line.this_one { " " span.tag { "this browser" } }
                                div.quiet {
                                    (line.ip) " · " (line.how()) " · signed in " (moment(line.created_at, self.now))
                                    " · last seen " (moment(line.last_seen_at, self.now))
                                }
                            }
                            form.action method="post" action=(end(id)) {
                                button.button.small.plain type="submit" aria-label={ "End " (line.browser) ", " (line.ip) } { "End" }
                            }
                        }
                    }
                }
            }
            @if self.sessions.len() > 1 || self.known_browsers > 0 {
                (dangerous_action(
                    &format!("{ACCOUNTS}/{}/sessions/end", self.id.0),
                    "End all sessions and forget browsers",
                ))
            }
        }
    }
}
