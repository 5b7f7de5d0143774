//! The import of accounts from a CSV file: upload, then preview.

use maud::{Markup, html};

use super::accounts::role_label;
use super::{ACCOUNTS, page};
use crate::domain::words;
use crate::views::account_menu::Viewer;
use crate::views::components::not_done;
use crate::views::layout::Site;

const IMPORT: &str = "/admin/accounts/import";
/// How many rows of each kind the preview lists. The counts include the rest.
const SHOWN: usize = 100;

#[derive(Debug)]
pub struct Import<'a> {
    pub viewer: Viewer<'a>,
    /// Why the file cannot be read.
    pub not_done: Option<&'a str>,
}

#[derive(Debug)]
pub struct Preview<'a> {
    pub viewer: Viewer<'a>,
    /// The file's text, which the form sends again.
    pub text: &'a str,
    /// The accounts to add.
    pub new: Vec<Row<'a>>,
    /// Rows whose address already has an account.
    pub already_there: Vec<Row<'a>>,
    /// Lines that cannot be read: the number and the reason.
    pub bad: Vec<(usize, &'a str)>,
}

#[derive(Debug)]
pub struct Row<'a> {
    /// The line number.
    pub line: usize,
    pub email: &'a str,
    /// May be empty.
    pub name: &'a str,
    /// “member” or “admin”.
    pub role: &'a str,
    pub confirmed: bool,
}

impl Import<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            p.back { a href=(ACCOUNTS) { "All accounts" } }
            h1 { "Import accounts" }
            (not_done(self.not_done))
            p.lead {
                "You’ll see a preview before anything is added. The first line names the columns: " code { "email" }
                " and, if you like, " code { "name" } ", " code { "role" } ", " code { "confirmed" } "."
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
                button.button.small type="submit" { "Preview" }
            }
        };
        page(site, "Import accounts", &self.viewer, ACCOUNTS, &content)
    }
}

impl Preview<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            p.back { a href=(IMPORT) { "Another file" } }
            h1 { (self.title()) }
            p.lead { (self.summary()) }
            @if self.new.is_empty() {
                p.empty { "Choose another file." }
            } @else {
                (self.confirming())
            }
            @if !self.bad.is_empty() { (self.bad_lines()) }
            (rows("New accounts", &self.new))
            (rows("Already have an account", &self.already_there))
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
            0 => "All addresses are new.".to_owned(),
            1 => "1 address already has an account and is skipped.".to_owned(),
            count => format!(
                "{} addresses already have an account and are skipped.",
                number(count)
            ),
        };
        match self.bad.len() {
            0 => there,
            1 => format!("{there} 1 line can’t be read and is skipped."),
            count => format!(
                "{there} {} lines can’t be read and are skipped.",
                number(count)
            ),
        }
    }

    fn bad_lines(&self) -> Markup {
        html! {
            section aria-labelledby="bad-lines" {
                h2 #bad-lines { "Skipped lines" }
                ul.rows {
                    @for (line, why) in &self.bad {
                        li.row.bad-line { b { "Line " (line) } " " span { (why) } }
                    }
                }
            }
        }
    }

    /// The form carries the file, so the server stores nothing between preview and import.
    fn confirming(&self) -> Markup {
        html! {
            form.confirming method="post" action={ (IMPORT) "/confirm" } enctype="multipart/form-data" {
                input type="hidden" name="text" value=(self.text);
                label.check { input type="checkbox" name="invite" value="yes"; span { "Send an invitation to each address" } }
                div.actions {
                    button.button.small type="submit" { "Add accounts" }
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
                                " line " (row.line) " · " (role_label(row.role))
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
