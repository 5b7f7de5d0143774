//! A list of activity.

use maud::{Markup, html};

use super::components::moment;
use crate::domain::Timestamp;

#[derive(Debug)]
pub struct ActivityLine<'a> {
    pub at: Timestamp,
    /// The event, in a few words.
    pub what: &'a str,
    /// The account's address. `None` on pages about a single account.
    pub whom: Option<&'a str>,
    /// The admin or operator who did it, if it was not the account's owner.
    pub actor: Option<&'a str>,
    /// May be empty.
    pub ip: &'a str,
    /// May be empty.
    pub browser: &'a str,
    /// May be empty.
    pub detail: &'a str,
}

pub fn list(lines: &[ActivityLine<'_>], now: Timestamp) -> Markup {
    html! {
        @if lines.is_empty() {
            p.empty { "No activity." }
        } @else {
            ul.rows { @for line in lines { li.row { (row(line, now)) } } }
        }
    }
}

fn row(line: &ActivityLine<'_>, now: Timestamp) -> Markup {
    let by = line.actor.map(|actor| format!("by {actor}"));
    let parts = [
        line.detail,
        line.browser,
        line.ip,
        by.as_deref().unwrap_or(""),
    ];
    html! {
        b { (line.what) }
        @if let Some(whom) = line.whom { span.whom { (whom) } }
        div.quiet {
            (moment(line.at, now))
            @for part in parts.into_iter().filter(|part| !part.is_empty()) { " · " (part) }
        }
    }
}
