//! Accounts from a CSV file: asked for, looked over, added.

use maud::{Markup, html};

use super::accounts::role_in_words;
use super::{ACCOUNTS, page};
use crate::domain::words;
use crate::views::account_menu::Viewer;
use crate::views::components::not_done;
use crate::views::layout::Site;

const IMPORT: &str = "/admin/accounts/import";
/// Rows that a preview shows of each kind; the numbers are of all of them.
const SHOWN: usize = 100;

/// The page that asks for a file.
#[derive(Debug)]
pub struct Import<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// Why what was sent cannot be read.
    pub not_done: Option<&'a str>,
}

/// The page that says what would come of it.
#[derive(Debug)]
pub struct Preview<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// The file, to be sent once more.
    pub text: &'a str,
    /// What would be added.
    pub new: Vec<Row<'a>>,
    /// What has an account already.
    pub already_there: Vec<Row<'a>>,
    /// What cannot be added: the line, and why.
    pub bad: Vec<(usize, &'a str)>,
}

/// One row of the file.
#[derive(Debug)]
pub struct Row<'a> {
    /// Where it stands.
    pub line: usize,
    /// The address.
    pub email: &'a str,
    /// The name; may be empty.
    pub name: &'a str,
    /// “member” or “admin”.
    pub role: &'a str,
    /// Whether somebody vouches for the address.
    pub confirmed: bool,
}

impl Import<'_> {
    /// The page.
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            p.back { a href=(ACCOUNTS) { "All accounts" } }
            h1 { "Import accounts" }
            (not_done(self.not_done))
            p.lead {
                "The first line names the columns: " code { "email" } ", and where you have them "
                code { "name" } ", " code { "role" } ", " code { "confirmed" } ". Nothing is added before you have seen what would be."
            }
            form.import method="post" action=(IMPORT) enctype="multipart/form-data" {
                div.field {
                    label for="file" { "CSV file, up to 1 MB" }
                    input #file name="file" type="file" accept=".csv,text/csv,text/plain";
                }
                div.field {
                    label for="text" { "Or paste the rows" }
                    textarea #text name="text" rows="6" spellcheck="false" autocapitalize="none"
                        placeholder="email,name,role" {}
                }
                button.button.small type="submit" { "Look it over" }
            }
        };
        page(site, "Import accounts", &self.viewer, ACCOUNTS, &content)
    }
}

impl Preview<'_> {
    /// The page.
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            p.back { a href=(IMPORT) { "Another file" } }
            h1 { (self.title()) }
            p.lead { (self.summary()) }
            @if self.new.is_empty() {
                p.empty { "There is nothing to add. Choose another file." }
            } @else {
                (self.confirming())
            }
            @if !self.bad.is_empty() { (self.bad_lines()) }
            (rows("To be added", &self.new))
            (rows("Already there, left as they are", &self.already_there))
        };
        page(site, "Import accounts", &self.viewer, ACCOUNTS, &content)
    }

    fn title(&self) -> String {
        match self.new.len() {
            0 => "Nothing to add".to_owned(),
            1 => "Add 1 account?".to_owned(),
            count => format!("Add {} accounts?", number(count)),
        }
    }

    fn summary(&self) -> String {
        let there = match self.already_there.len() {
            0 => "None of the addresses has an account yet.".to_owned(),
            1 => "1 address has an account already, which is left as it is.".to_owned(),
            count => format!(
                "{} addresses have an account already; those are left as they are.",
                number(count)
            ),
        };
        match self.bad.len() {
            0 => there,
            1 => format!("{there} 1 line can’t be read and is left out."),
            count => format!(
                "{there} {} lines can’t be read and are left out.",
                number(count)
            ),
        }
    }

    fn bad_lines(&self) -> Markup {
        html! {
            section aria-labelledby="bad-lines" {
                h2 #bad-lines { "Lines that are left out" }
                ul.rows {
                    @for (line, why) in &self.bad {
                        li.row.bad-line { b { "Line " (line) } " " span { (why) } }
                    }
                }
            }
        }
    }

    /// The file goes along, and is read once more: nothing is kept on the server meanwhile.
    fn confirming(&self) -> Markup {
        html! {
            form.confirming method="post" action={ (IMPORT) "/confirm" } enctype="multipart/form-data" {
                input type="hidden" name="text" value=(self.text);
                label.check { input type="checkbox" name="invite" value="yes"; span { "Send each an invitation by mail" } }
                div.actions {
                    button.button.small type="submit" { "Add them" }
                    a.button.small.plain href=(ACCOUNTS) { "Cancel" }
                }
            }
        }
    }
}

fn rows(title: &str, rows: &[Row<'_>]) -> Markup {
    html! {
        @if !rows.is_empty() {
            section {
                h2 { (title) }
                ul.rows.tight {
                    @for row in rows.iter().take(SHOWN) {
                        li.row {
                            b { (row.email) }
                            span.quiet {
                                " line " (row.line) " · " (role_in_words(row.role))
                                @if !row.name.is_empty() { " · " (row.name) }
                                @if !row.confirmed { " · not confirmed" }
                            }
                        }
                    }
                }
                @if rows.len() > SHOWN { p.quiet { "… and " (number(rows.len() - SHOWN)) " more." } }
            }
        }
    }
}

fn number(count: usize) -> String {
    words::grouped(count.try_into().unwrap_or(i64::MAX))
}
