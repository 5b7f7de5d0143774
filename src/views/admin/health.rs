//! How the console is, for admins.

use std::borrow::Cow;

use maud::{Markup, html};

use super::HEALTH;
use crate::views::account_menu::Viewer;
use crate::views::layout::Site;

/// What the page shows.
#[derive(Debug)]
pub struct HealthPage<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// A line for each part.
    pub lines: Vec<HealthLine>,
}

/// How one part is.
#[derive(Debug, PartialEq, Eq)]
pub struct HealthLine {
    /// Which part.
    pub what: &'static str,
    /// Whether somebody has to do something.
    pub state: HealthState,
    /// What is known of it, in sentences.
    pub words: Vec<String>,
    /// What to do; empty where there is nothing to do.
    pub next: Cow<'static, str>,
}

/// Whether somebody has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthState {
    /// Nobody has.
    Fine,
    /// Somebody has.
    NeedsAttention,
    /// There is nothing to judge.
    Neutral,
}

impl HealthPage<'_> {
    /// The page.
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
