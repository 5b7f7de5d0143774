//! The list of accounts.

use maud::{Markup, html};

use super::{ACCOUNTS, page, text_field};
use crate::domain::{AccountId, Role, Timestamp, words};
use crate::views::account_menu::Viewer;
use crate::views::components::{done, moment};
use crate::views::layout::Site;

#[derive(Debug)]
pub struct Accounts<'a> {
    pub viewer: Viewer<'a>,
    /// The search text. May be empty.
    pub text: &'a str,
    /// The number of accounts found, on all pages.
    pub count: i64,
    pub lines: Vec<AccountLine<'a>>,
    /// The path of the first page, if this is a later one.
    pub first: Option<String>,
    /// The path of the next page.
    pub next: Option<String>,
    pub adding: Adding<'a>,
    /// The change that was just made.
    pub done: Option<&'a str>,
    pub now: Timestamp,
}

#[derive(Debug)]
pub struct AccountLine<'a> {
    pub id: AccountId,
    pub email: &'a str,
    /// May be empty.
    pub name: &'a str,
    /// “member” or “admin”.
    pub role: &'a str,
    pub state: State,
    /// `None`: no sign-in is on record. Old activity is deleted.
    pub last_sign_in: Option<Timestamp>,
}

/// Whether an account can sign in, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// An admin, an operator or the provider has confirmed the address.
    pub confirmed: bool,
    pub suspended: bool,
    /// Whether the account signs in with WorkOS.
    pub moved: bool,
}

/// The form that adds an account.
#[derive(Debug, Default)]
pub struct Adding<'a> {
    /// Whether the form is unfolded.
    pub open: bool,
    /// As typed.
    pub email: &'a str,
    /// As typed.
    pub name: &'a str,
    pub as_admin: bool,
    pub email_error: Option<String>,
    pub name_error: Option<String>,
}

impl State {
    /// Tags for all that differs from a confirmed account that signs in with email codes.
    pub fn tags(self) -> Markup {
        html! {
            @if self.suspended {
                span.tag.bad { "Suspended" }
            } @else if !self.confirmed {
                span.tag.note { "Not confirmed" }
            }
            @if self.moved { span.tag { "Moved to WorkOS" } }
        }
    }

    fn is_exceptional(self) -> bool {
        self.suspended || self.moved || !self.confirmed
    }

    pub fn describe(self) -> &'static str {
        match (self.suspended, self.confirmed) {
            (true, _) => "Suspended",
            (false, true) => "Confirmed",
            (false, false) => "Not confirmed",
        }
    }
}

impl Accounts<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            h1 { "Accounts" }
            (done(self.done))
            (self.search())
            (self.adding())
            p.count role="status" { (self.found()) }
            @if !self.lines.is_empty() { (self.table()) }
            (self.pager())
        };
        page(site, "Accounts", &self.viewer, ACCOUNTS, &content)
    }

    fn search(&self) -> Markup {
        html! {
            form.filter.one role="search" method="get" action=(ACCOUNTS) {
                (text_field("q", "Address or name", self.text, None))
                button.button.small type="submit" { "Search" }
            }
        }
    }

    fn adding(&self) -> Markup {
        let adding = &self.adding;
        html! {
            div.actions {
                details.fold open[adding.open] {
                    summary.button.small.plain { "Add an account" }
                    form #add method="post" action=(ACCOUNTS) novalidate {
                        (text_field("email", "Email", adding.email, adding.email_error.as_deref()))
                        (text_field("name", "Name (optional)", adding.name, adding.name_error.as_deref()))
                        div.field {
                            label for="role" { "Role" }
                            select #role name="role" {
                                option value=(Role::Member) selected[!adding.as_admin] { "Member: signs in" }
                                option value=(Role::Admin) selected[adding.as_admin] { "Admin: also manages accounts" }
                            }
                        }
                        p.hint { "An invitation goes to this address. The account is confirmed: its owner can sign in immediately." }
                        button.button.small type="submit" { "Add and invite" }
                    }
                }
                a.button.small.plain href="/admin/accounts/import" { "Import a CSV file" }
            }
        }
    }

    fn found(&self) -> String {
        let count = words::grouped(self.count);
        let noun = words::noun(&self.count, "account", "accounts");
        match (self.text, self.count) {
            ("", _) => format!("{count} {noun}"),
            (text, 0) => {
                format!("No account matches “{text}”. Try a shorter text, or add the account.")
            }
            (text, _) => format!("{count} {noun} with “{text}”"),
        }
    }

    /// The ARIA roles are explicit because browsers drop the table semantics when CSS lays the table
    /// out as blocks, as it does on a narrow screen.
    fn table(&self) -> Markup {
        html! {
            table.table role="table" aria-label="Accounts" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Person", "Role", "State", "Last sign-in"] {
                            th role="columnheader" scope="col" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" {
                    @for line in &self.lines { (self.line(line)) }
                }
            }
        }
    }

    fn line(&self, line: &AccountLine<'_>) -> Markup {
        html! {
            tr role="row" {
                td role="cell" {
                    a.person href={ (ACCOUNTS) "/" (line.id.0) } {
                        @if line.name.is_empty() {
                            b { (line.email) }
                        } @else {
                            b { (line.name) }
                            span.quiet { (line.email) }
                        }
                    }
                }
                td role="cell" data-label="Role" { div { (role_label(line.role)) } }
                td role="cell" data-label="State" {
                    @if line.state.is_exceptional() { div.tags { (line.state.tags()) } }
                }
                td role="cell" data-label="Last sign-in" {
                    div.quiet {
                        @match line.last_sign_in {
                            Some(at) => (moment(at, self.now)),
                            None => "Never",
                        }
                    }
                }
            }
        }
    }

    fn pager(&self) -> Markup {
        html! {
            @if self.first.is_some() || self.next.is_some() {
                nav.pager aria-label="Pages" {
                    @if let Some(path) = &self.first { a href=(path) { "First page" } }
                    @if let Some(path) = &self.next { a href=(path) rel="next" { "Next page" } }
                }
            }
        }
    }
}

pub fn role_label(role: &str) -> &str {
    match role {
        "admin" => "Admin",
        "member" => "Member",
        other => other,
    }
}
