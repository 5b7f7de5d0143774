//! Asks for confirmation before an account is deleted.

use maud::{Markup, html};

use super::{ACCOUNTS, page};
use crate::domain::AccountId;
use crate::views::account_menu::Viewer;
use crate::views::components::not_done;
use crate::views::layout::Site;

#[derive(Debug)]
pub struct DeleteAccount<'a> {
    pub viewer: Viewer<'a>,
    pub id: AccountId,
    pub email: &'a str,
    /// Why the account was not deleted, or cannot be.
    pub not_done: Option<&'a str>,
}

impl DeleteAccount<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let account = format!("{ACCOUNTS}/{}", self.id.0);
        let content = html! {
            h1 { "Delete this account?" }
            p.subject { (self.email) }
            (not_done(self.not_done))
            p.lead {
                "You can’t undo this. The account, its sessions and its link to WorkOS are deleted immediately. Its "
                "activity is kept. To block sign-in for a while, suspend the account instead."
            }
            div.actions.asked {
                @if self.not_done.is_none() {
                    form.action method="post" action={ (account) "/delete" } {
                        button.button.small.danger.filled type="submit" { "Delete the account" }
                    }
                }
                a.button.small.plain href=(account) { "Keep the account" }
            }
        };
        page(site, "Delete an account", &self.viewer, ACCOUNTS, &content)
    }
}
