//! Every account, page by page.

use maud::{Markup, html};

use super::{ACCOUNTS, page, text_field};
use crate::domain::{AccountId, Role, Timestamp, words};
use crate::views::account_menu::Viewer;
use crate::views::components::{done, moment};
use crate::views::layout::Site;

/// What the page shows.
#[derive(Debug)]
pub struct Accounts<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// What is searched for; may be empty.
    pub text: &'a str,
    /// How many accounts that finds, on all pages.
    pub count: i64,
    /// The accounts of this page.
    pub lines: Vec<Line<'a>>,
    /// Where the first page is, when this is another one.
    pub first: Option<String>,
    /// Where the next page is, if there is one.
    pub next: Option<String>,
    /// The form for somebody new.
    pub adding: Adding<'a>,
    /// What was just done.
    pub done: Option<&'a str>,
    /// Now.
    pub now: Timestamp,
}

/// One account.
#[derive(Debug)]
pub struct Line<'a> {
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
    /// When it last signed in, as far as is still known.
    pub last_sign_in: Option<Timestamp>,
}

/// Whether an account gets in, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// Somebody vouched for the address.
    pub confirmed: bool,
    /// It is shut.
    pub suspended: bool,
    /// It signs in with WorkOS.
    pub moved: bool,
}

/// The form for somebody new.
#[derive(Debug, Default)]
pub struct Adding<'a> {
    /// Whether the form shows at once.
    pub open: bool,
    /// The address, as typed.
    pub email: &'a str,
    /// The name, as typed.
    pub name: &'a str,
    /// Whether “admin” is chosen.
    pub as_admin: bool,
    /// What is wrong with the address.
    pub email_error: Option<String>,
    /// What is wrong with the name.
    pub name_error: Option<String>,
}

impl State {
    /// The state as a tag, and whether it keeps the account out.
    pub fn tag(self) -> Markup {
        html! {
            @if self.suspended {
                span.tag.bad { "Suspended" }
            } @else if !self.confirmed {
                span.tag.note { "Not confirmed" }
            } @else {
                span.tag { "Confirmed" }
            }
            @if self.moved { span.tag { "WorkOS" } }
        }
    }
}

impl Accounts<'_> {
    /// The page.
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
                                option value=(Role::Admin) selected[adding.as_admin] { "Admin: lets others in, too" }
                            }
                        }
                        p.hint { "The account is confirmed at once, and an invitation with the way to sign in goes to the address." }
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
            (text, 0) => format!(
                "No account has “{text}” in its address or name. Search for less of it, or add it."
            ),
            (text, _) => format!("{count} {noun} with “{text}”"),
        }
    }

    /// The roles are said in so many words, since a browser forgets that this is a table when it is
    /// laid out as blocks on a narrow screen.
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

    fn line(&self, line: &Line<'_>) -> Markup {
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
                td role="cell" data-label="Role" { div { (role_in_words(line.role)) } }
                td role="cell" data-label="State" { div.tags { (line.state.tag()) } }
                td role="cell" data-label="Last sign-in" {
                    div.quiet {
                        @match line.last_sign_in {
                            Some(at) => (moment(at, self.now)),
                            None => "never",
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

/// What a role is called on a page.
pub fn role_in_words(role: &str) -> &str {
    match role {
        "admin" => "Admin",
        "member" => "Member",
        other => other,
    }
}
