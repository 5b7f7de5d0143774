//! “Why no code?”: the code requests of one address.

use maud::{Markup, html};

use super::accounts::State;
use super::{CODES, page, text_field};
use crate::domain::Timestamp;
use crate::views::account_menu::Viewer;
use crate::views::activity_list::{self, ActivityLine};
use crate::views::layout::Site;

#[derive(Debug)]
pub struct Codes<'a> {
    pub viewer: Viewer<'a>,
    /// The address as it was typed.
    pub typed: &'a str,
    /// Why the address was refused.
    pub error: Option<String>,
    /// `None`: no address was entered yet.
    pub answer: Option<Answer<'a>>,
    pub now: Timestamp,
}

#[derive(Debug)]
pub struct Answer<'a> {
    /// The finding, in a few words.
    pub headline: &'a str,
    pub advice: &'a str,
    /// The path and the label of the button that takes the admin there.
    pub way: Option<(String, &'a str)>,
    /// The account with this address: path, name and state.
    pub account: Option<(String, &'a str, State)>,
    /// Newest first.
    pub requests: Vec<ActivityLine<'a>>,
}

impl Codes<'_> {
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            h1 { "Why no code?" }
            p.lead { "Enter an address to see what happened to its codes in the last 7 days." }
            form.filter.one method="get" action=(CODES) {
                (text_field("email", "Email", self.typed, self.error.as_deref()))
                button.button.small type="submit" { "Search" }
            }
            @if let Some(answer) = &self.answer { (self.answer(answer)) }
        };
        page(site, "Why no code?", &self.viewer, CODES, &content)
    }

    fn answer(&self, answer: &Answer<'_>) -> Markup {
        html! {
            section.verdict role="status" {
                h2 { (answer.headline) }
                p { (answer.advice) }
                div.actions {
                    @if let Some((path, name)) = &answer.way { a.button.small href=(path) { (name) } }
                    @if let Some((path, name, state)) = &answer.account {
                        a.person href=(path) { span.tags { (name) (state.tags()) } }
                    }
                }
            }
            h2 { "Requests" }
            @if answer.requests.is_empty() {
                p.empty { "No code was requested with this address." }
            } @else {
                (activity_list::list(&answer.requests, self.now))
            }
        }
    }
}
