//! The viewer's name, address and sign-in method.

use maud::{Markup, html};

use super::page;
use crate::domain::{AuthenticationMethod, Timestamp};
use crate::views::Site;
use crate::views::account_menu::Viewer;
use crate::views::components::done;

#[derive(Debug)]
pub struct Profile<'a> {
    pub viewer: Viewer<'a>,
    /// The value of the name field.
    pub name: &'a str,
    /// Why the name was refused.
    pub error: Option<String>,
    /// The change that was just made.
    pub done: Option<&'a str>,
    /// When the account moved to WorkOS.
    pub moved_at: Option<Timestamp>,
    /// How the provider authenticated the viewer for this session.
    pub authentication: Option<&'a AuthenticationMethod>,
}

impl Profile<'_> {
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
                @if let Some(method) = self.authentication {
                    div { dt { "This session" } dd { "WorkOS, by " (method.as_str()) } }
                }
            }
            p.why { (self.address_source()) " You can’t change it here." }
        };
        page(site, &self.viewer, "/account", "Profile", &content)
    }

    fn address_source(&self) -> &'static str {
        match self.moved_at {
            Some(_) => "Your admin or WorkOS set this address.",
            None => "Your admin set this address.",
        }
    }

    fn sign_in(&self) -> Markup {
        html! {
            @match self.moved_at {
                Some(at) => { "WorkOS, since " time datetime=(at.rfc3339()) { (at.describe()) } },
                None => "Email code",
            }
        }
    }
}
