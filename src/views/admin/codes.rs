//! Says why no code came.

use maud::{Markup, html};

use super::accounts::State;
use super::{CODES, page, text_field};
use crate::domain::Timestamp;
use crate::views::account_menu::Viewer;
use crate::views::activity_list::{self, ActivityLine};
use crate::views::layout::Site;

/// What the page shows.
#[derive(Debug)]
pub struct Codes<'a> {
    /// Who is here.
    pub viewer: Viewer<'a>,
    /// The address, as typed.
    pub typed: &'a str,
    /// What is wrong with it.
    pub error: Option<String>,
    /// What is known of it, once one was given.
    pub answer: Option<Answer<'a>>,
    /// Now.
    pub now: Timestamp,
}

/// What is known of an address.
#[derive(Debug)]
pub struct Answer<'a> {
    /// What happened, in a few words.
    pub verdict: &'a str,
    /// What to do next.
    pub advice: &'a str,
    /// Where to do it: an address and its name.
    pub way: Option<(String, &'a str)>,
    /// The account that the address has: where it is, what it is called, whether it gets in.
    pub account: Option<(String, &'a str, State)>,
    /// The requests of the last days, the newest first.
    pub requests: Vec<ActivityLine<'a>>,
}

impl Codes<'_> {
    /// The page.
    pub fn page(&self, site: &Site) -> Markup {
        let content = html! {
            h1 { "Why no code?" }
            p.lead { "What became of the codes that were asked for with one address, in the last 7 days." }
            form.filter.one method="get" action=(CODES) {
                (text_field("email", "Email", self.typed, self.error.as_deref()))
                button.button.small type="submit" { "Look" }
            }
            @if let Some(answer) = &self.answer { (self.answer(answer)) }
        };
        page(site, "Why no code?", &self.viewer, CODES, &content)
    }

    fn answer(&self, answer: &Answer<'_>) -> Markup {
        html! {
            section.verdict role="status" {
                h2 { (answer.verdict) }
                p { (answer.advice) }
                div.actions {
                    @if let Some((path, name)) = &answer.way { a.button.small href=(path) { (name) } }
                    @if let Some((path, name, state)) = &answer.account {
                        a.person href=(path) { span.tags { (name) (state.tag()) } }
                    }
                }
            }
            h2 { "Requests" }
            @if answer.requests.is_empty() {
                p.empty { "Nobody asked for a code with this address." }
            } @else {
                (activity_list::list(&answer.requests, self.now))
            }
        }
    }
}
