//! The activity of the viewer's own account.

use maud::{Markup, html};

use super::page;
use crate::domain::{ActivityId, Timestamp};
use crate::views::Site;
use crate::views::account_menu::Viewer;
use crate::views::activity_list::{ActivityLine, list};
use crate::views::components::pager;

const PATH: &str = "/account/activity";

#[derive(Debug)]
pub struct Activity<'a> {
    pub viewer: Viewer<'a>,
    /// Newest first.
    pub lines: Vec<ActivityLine<'a>>,
    /// Whether this is a later page than the first.
    pub is_older: bool,
    /// The id that the next page starts below. `None`: this is the last page.
    pub older_than: Option<ActivityId>,
    pub now: Timestamp,
}

impl Activity<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let older = self.older_than.map(|id| format!("{PATH}?older_than={id}"));
        let content = html! {
            p.lead { "What happened on your account, newest first." }
            div.spaced { (list(&self.lines, self.now)) }
            (pager(self.is_older.then_some(PATH), older.as_deref()))
        };
        page(site, &self.viewer, PATH, "Activity", &content)
    }
}
