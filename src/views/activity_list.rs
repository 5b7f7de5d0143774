//! What happened, newest first.

use maud::{Markup, html};

use super::components::moment;
use crate::domain::Timestamp;

/// One thing that happened.
#[derive(Debug)]
pub struct ActivityLine<'a> {
    /// When.
    pub at: Timestamp,
    /// What, in a few words.
    pub what: &'a str,
    /// To whom; `None` on pages that are about one person alone.
    pub whom: Option<&'a str>,
    /// Who did it, when that is somebody else.
    pub actor: Option<&'a str>,
    /// From where; may be empty.
    pub ip: &'a str,
    /// With which browser; may be empty.
    pub browser: &'a str,
    /// What else there is to say; may be empty.
    pub detail: &'a str,
}

/// The list; says so when there is nothing in it.
pub fn list(lines: &[ActivityLine<'_>], now: Timestamp) -> Markup {
    html! {
        @if lines.is_empty() {
            p.empty { "Nothing here." }
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
