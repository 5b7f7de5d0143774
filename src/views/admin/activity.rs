//! The activity of all accounts.

use maud::{Markup, html};
use strum::VariantArray;

use super::{ACTIVITY, page, text_field};
use crate::domain::{ActivityKind, Timestamp};
use crate::views::account_menu::Viewer;
use crate::views::activity_list::{self, ActivityLine};
use crate::views::components::pager;
use crate::views::layout::Site;

#[derive(Debug)]
pub struct Activity<'a> {
    pub viewer: Viewer<'a>,
    pub filter: FilterFields<'a>,
    /// Newest first.
    pub lines: Vec<ActivityLine<'a>>,
    /// The path of the first page, if this is a later one.
    pub newest: Option<String>,
    /// The path of the next page.
    pub older: Option<String>,
    /// The path of the same activity as a CSV file.
    pub file: String,
    pub now: Timestamp,
}

/// The filter as it was typed.
#[derive(Debug, Default)]
pub struct FilterFields<'a> {
    pub email: &'a str,
    pub kind: Option<ActivityKind>,
    /// The first day.
    pub from: &'a str,
    /// The last day.
    pub to: &'a str,
    pub from_error: Option<&'static str>,
    pub to_error: Option<&'static str>,
}

impl FilterFields<'_> {
    fn is_readable(&self) -> bool {
        self.from_error.is_none() && self.to_error.is_none()
    }
}

impl Activity<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            h1 { "Activity" }
            (self.filter())
            @if self.filter.is_readable() { (activity_list::list(&self.lines, self.now)) }
            (pager(self.newest.as_deref(), self.older.as_deref()))
            @if !self.lines.is_empty() {
                p.file { a href=(self.file) download { "Save as CSV" } span.quiet { " up to 100\u{a0}000 rows, times in UTC" } }
            }
        };
        page(site, "Activity", &self.viewer, ACTIVITY, &content)
    }

    fn filter(&self) -> Markup {
        let filter = &self.filter;
        html! {
            form.filter role="search" method="get" action=(ACTIVITY) {
                (text_field("email", "Email", filter.email, None))
                div.field {
                    label for="kind" { "What" }
                    select #kind name="kind" {
                        option value="" { "Everything" }
                        @for &kind in ActivityKind::VARIANTS {
                            option value=(kind.into_str()) selected[filter.kind == Some(kind)] { (kind.describe()) }
                        }
                    }
                }
                (day("from", "From (UTC)", filter.from, filter.from_error))
                (day("to", "To (UTC)", filter.to, filter.to_error))
                button.button.small type="submit" { "Filter" }
            }
        }
    }
}

fn day(name: &str, label: &str, value: &str, error: Option<&str>) -> Markup {
    let error_id = format!("{name}-error");
    html! {
        div.field.day {
            label for=(name) { (label) }
            input id=(name) name=(name) type="date" value=[error.is_none().then_some(value)] aria-invalid=[error.map(|_| "true")]
                aria-describedby=[error.map(|_| &error_id)];
            @if let Some(error) = error { p.error id=(error_id) role="alert" { (error) } }
        }
    }
}
