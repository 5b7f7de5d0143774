//! Says what went wrong, and what to do.

use maud::html;

use super::layout::Screen;

/// An error, for a person.
#[derive(Debug)]
pub struct Message<'a> {
    /// What happened, in a few words.
    pub title: &'a str,
    /// What happened and what to do, in sentences.
    pub text: &'a str,
    /// Finds this request in the log.
    pub request_id: &'a str,
}

impl Message<'_> {
    /// The message in the card.
    pub fn screen(&self) -> Screen {
        Screen {
            title: self.title.to_owned(),
            body: html! {
                div role="alert" {
                    h1 #error-title tabindex="-1" autofocus { (self.title) }
                    p.lead { (self.text) }
                }
                a.button href="/" { "Go to the start" }
                p.why { "Need help? Tell your admin this reference: " code { (self.request_id) } }
            },
        }
    }
}
