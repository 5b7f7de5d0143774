//! The state of the console's parts.

use std::borrow::Cow;

use maud::{Markup, html};

use super::HEALTH;
use crate::views::account_menu::Viewer;
use crate::views::layout::Site;

#[derive(Debug)]
pub struct HealthPage<'a> {
    pub viewer: Viewer<'a>,
    pub lines: Vec<HealthLine>,
}

/// The state of one part.
#[derive(Debug, PartialEq, Eq)]
pub struct HealthLine {
    /// The part's name.
    pub what: &'static str,
    pub state: HealthState,
    /// Findings, one sentence each.
    pub words: Vec<String>,
    /// What to do. May be empty.
    pub next: Cow<'static, str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthState {
    Fine,
    NeedsAttention,
    /// The part has no good or bad state.
    Neutral,
}

impl HealthPage<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let bad = |line: &&HealthLine| line.state == HealthState::NeedsAttention;
        let troubles = self.lines.iter().filter(bad).count();
        let content = html! {
            h1 { "Health" }
            p.lead {
                @match troubles {
                    0 => "Everything works.",
                    1 => "One thing needs attention.",
                    _ => { (troubles) " things need attention." }
                }
            }
            ul.rows { @for line in &self.lines { li.row { (row(line)) } } }
        };
        super::page(site, "Health", &self.viewer, HEALTH, &content)
    }
}

fn row(line: &HealthLine) -> Markup {
    html! {
        b { (line.what) }
        @match line.state {
            HealthState::Fine => { " " span.tag { "fine" } }
            HealthState::NeedsAttention => { " " span.tag.bad { "needs attention" } }
            HealthState::Neutral => {}
        }
        @for words in &line.words { div.quiet { (words) } }
        @if !line.next.is_empty() { p.next { (line.next) } }
    }
}
