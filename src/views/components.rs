//! Parts that several pages of the console share.

use std::fmt::Write;

use maud::{Markup, Render, html};

use crate::domain::Timestamp;

/// One page in the navigation of a section.
#[derive(Debug, Clone, Copy)]
pub struct Tab<'a> {
    pub name: &'a str,
    pub path: &'a str,
}

/// The navigation of a section. `current` is the path of the open page.
pub fn tabs(label: &str, pages: &[Tab<'_>], current: &str) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for page in pages {
                a href=(page.path) aria-current=[(page.path == current).then_some("page")] { (page.name) }
            }
        }
    }
}

/// A form with a single button.
pub fn action(path: &str, label: &str) -> Markup {
    html! {
        form.action method="post" action=(path) { button.button.small.plain type="submit" { (label) } }
    }
}

/// A form with a single button, for an action that cannot be undone.
pub fn dangerous_action(path: &str, label: &str) -> Markup {
    html! {
        form.action method="post" action=(path) { button.button.small.plain.danger type="submit" { (label) } }
    }
}

/// Confirms the change that was just made.
pub fn done(words: Option<&str>) -> Markup {
    html! { @if let Some(words) = words { p.notice role="status" { (words) } } }
}

/// Says why a change was not made.
pub fn not_done(words: Option<&str>) -> Markup {
    html! { @if let Some(words) = words { p.notice.bad role="alert" { (words) } } }
}

/// Links to the next older page and back to the first.
pub fn pager(newest: Option<&str>, older: Option<&str>) -> Markup {
    html! {
        @if newest.is_some() || older.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some(path) = newest { a href=(path) { "Newest" } }
                @if let Some(path) = older { a href=(path) rel="next" { "Older" } }
            }
        }
    }
}

/// A relative time, which is right in every time zone. `app.js` adds the reader's local time as a tooltip.
pub struct Moment {
    at: Timestamp,
    now: Timestamp,
}

pub fn moment(at: Timestamp, now: Timestamp) -> Moment {
    Moment { at, now }
}

impl Render for Moment {
    /// The text holds digits and ASCII letters only: nothing needs escaping.
    fn render_to(&self, page: &mut String) {
        page.push_str("<time datetime=\"");
        // Writing to a string cannot fail.
        let _cannot_fail = write!(page, "{}", self.at.rfc3339());
        page.push_str("\">");
        page.push_str(&self.at.ago(self.now));
        page.push_str("</time>");
    }
}
