//! Asks before an account is removed.

use maud::{Markup, html};

use super::{ACCOUNTS, page};
use crate::domain::AccountId;
use crate::views::account_menu::Viewer;
use crate::views::components::not_done;
use crate::views::layout::Site;

/// What the page shows.
#[derive(Debug)]
pub struct DeleteAccount<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// The account's key.
    pub id: AccountId,
    /// Its address.
    pub email: &'a str,
    /// Why it was not removed, or would not be.
    pub not_done: Option<&'a str>,
}

impl DeleteAccount<'_> {
    /// The page.
    pub fn page(&self, site: &Site) -> Markup {
        let account = format!("{ACCOUNTS}/{}", self.id.0);
        let content = html! {
            h1 { "Delete this account?" }
            p.subject { (self.email) }
            (not_done(self.not_done))
            p.lead {
                "The account, its sessions and its link to WorkOS go at once and can’t be brought back. "
                "What it did stays in the activity. To keep somebody out for a while, suspend the account instead."
            }
            div.actions.asked {
                @if self.not_done.is_none() {
                    form.action method="post" action={ (account) "/delete" } {
                        button.button.small.danger.filled type="submit" { "Delete the account" }
                    }
                }
                a.button.small.plain href=(account) { "Keep it" }
            }
        };
        page(site, "Delete an account", &self.viewer, ACCOUNTS, &content)
    }
}
