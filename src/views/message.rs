//! An error page.

use maud::html;

use super::layout::Screen;

#[derive(Debug)]
pub struct Message<'a> {
    pub title: &'a str,
    /// What happened and what to do.
    pub text: &'a str,
    /// The request id in the log.
    pub request_id: &'a str,
}

impl Message<'_> {
    pub fn screen(&self) -> Screen {
        Screen {
            title: self.title.to_owned(),
            body: html! {
                div role="alert" {
                    h1 #error-title tabindex="-1" autofocus { (self.title) }
                    p.lead { (self.text) }
                }
                a.button href="/" { "Go to the start page" }
                p.why { "Need help? Give your admin this reference: " code { (self.request_id) } }
            },
        }
    }
}
