//! What happened to one's own account.

use maud::{Markup, html};

use super::page;
use crate::domain::Timestamp;
use crate::views::Site;
use crate::views::account_menu::Viewer;
use crate::views::activity_list::{ActivityLine, list};
use crate::views::components::pager;

const PATH: &str = "/account/activity";

/// What the page shows.
#[derive(Debug)]
pub struct Activity<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// What happened, the newest first.
    pub lines: Vec<ActivityLine<'a>>,
    /// Whether this is not the first page.
    pub is_older: bool,
    /// Where the next page begins.
    pub older_than: Option<i64>,
    /// Now.
    pub now: Timestamp,
}

impl Activity<'_> {
    /// The page.
    pub fn page(&self, site: &Site) -> Markup {
        let older = self.older_than.map(|id| format!("{PATH}?older_than={id}"));
        let content = html! {
            p.lead { "What happened on your account, the newest first." }
            div.spaced { (list(&self.lines, self.now)) }
            (pager(self.is_older.then_some(PATH), older.as_deref()))
        };
        page(site, &self.viewer, PATH, "Activity", &content)
    }
}
