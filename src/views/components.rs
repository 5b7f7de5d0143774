//! Pieces that several pages of the console are made of.

use maud::{Markup, Render, html};

use crate::domain::Timestamp;

/// One page of a section, in its navigation.
#[derive(Debug, Clone, Copy)]
pub struct Tab<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Where it is.
    pub path: &'a str,
}

/// The pages of a section; `current` is the path of the one that is open.
pub fn tabs(label: &str, pages: &[Tab<'_>], current: &str) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for page in pages {
                a href=(page.path) aria-current=[(page.path == current).then_some("page")] { (page.name) }
            }
        }
    }
}

/// A form that is one button.
pub fn action(path: &str, label: &str) -> Markup {
    html! {
        form.action method="post" action=(path) { button.button.small.plain type="submit" { (label) } }
    }
}

/// The same for what cannot be undone.
pub fn dangerous_action(path: &str, label: &str) -> Markup {
    html! {
        form.action method="post" action=(path) { button.button.small.plain.danger type="submit" { (label) } }
    }
}

/// That something was done, right after it.
pub fn done(words: Option<&str>) -> Markup {
    html! { @if let Some(words) = words { p.notice role="status" { (words) } } }
}

/// That something was not done, and why.
pub fn not_done(words: Option<&str>) -> Markup {
    html! { @if let Some(words) = words { p.notice.bad role="alert" { (words) } } }
}

/// The way to the page with what is older, and back to the newest.
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

/// A moment in a page. Relative, so that it is right in every time zone; the browser adds the reader's own
/// clock.
pub struct Moment {
    at: Timestamp,
    now: Timestamp,
}

/// See [`Moment`].
pub fn moment(at: Timestamp, now: Timestamp) -> Moment {
    Moment { at, now }
}

impl Render for Moment {
    /// Digits and plain letters: there is nothing to escape.
    fn render_to(&self, page: &mut String) {
        page.push_str("<time datetime=\"");
        page.push_str(&self.at.rfc3339());
        page.push_str("\">");
        page.push_str(&self.at.ago(self.now));
        page.push_str("</time>");
    }
}
