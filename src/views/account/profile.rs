//! What somebody is called, and how they sign in.

use maud::{Markup, html};

use super::page;
use crate::domain::Timestamp;
use crate::views::Site;
use crate::views::account_menu::Viewer;
use crate::views::components::done;

/// What the page shows.
#[derive(Debug)]
pub struct Profile<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// What stands in the field.
    pub name: &'a str,
    /// What is wrong with it, and what to do.
    pub error: Option<String>,
    /// What was just done.
    pub done: Option<&'a str>,
    /// Since when they sign in with WorkOS.
    pub moved_at: Option<Timestamp>,
}

impl Profile<'_> {
    /// The page.
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            (done(self.done))
            form.narrow method="post" action="/account/name" {
                div.field {
                    label for="name" { "Name" }
                    input #name name="name" value=(self.name) autocomplete="name" maxlength="200"
                        aria-invalid=[self.error.is_some().then_some("true")]
                        aria-describedby=[self.error.is_some().then_some("name-error")];
                    @if let Some(error) = &self.error { p #name-error .error role="alert" { (error) } }
                }
                button.button.small type="submit" { "Save name" }
            }
            h2 { "How you sign in" }
            dl.facts {
                div { dt { "Email" } dd { (self.viewer.email) } }
                div { dt { "Sign-in" } dd { (self.sign_in()) } }
            }
            p.why { (self.who_gave_the_address()) " It can’t be changed here." }
        };
        page(site, &self.viewer, "/account", "Profile", &content)
    }

    fn who_gave_the_address(&self) -> &'static str {
        match self.moved_at {
            Some(_) => "Your admin or WorkOS gave this address.",
            None => "Your admin gave this address.",
        }
    }

    fn sign_in(&self) -> Markup {
        html! {
            @match self.moved_at {
                Some(at) => { "Moved to WorkOS, since " time datetime=(at.rfc3339()) { (at.describe()) } },
                None => "Email code",
            }
        }
    }
}
