use maud::html;

use super::letter::{Letter, html_letter};
use crate::domain::{BrowserName, ClientIp, Timestamp, WayIn};

/// Tells somebody that their account was signed in to from a browser that it was never used with.
#[derive(Debug)]
pub struct NewBrowserMail {
    /// How.
    pub way_in: WayIn,
    /// With which browser.
    pub browser: BrowserName,
    /// From where.
    pub ip: ClientIp,
    /// When.
    pub at: Timestamp,
    /// The page where sessions are ended.
    pub sessions_page: String,
}

impl NewBrowserMail {
    /// The words, for people who know the console by `host`.
    pub fn letter(&self, host: &str) -> Letter {
        let what = format!(
            "Your account at {host} was signed in to from a browser that it wasn't used with before:"
        );
        let which = format!(
            "{} at {}, with {}, on {}.",
            self.browser,
            self.ip,
            match self.way_in {
                WayIn::EmailCode => "an email code",
                WayIn::OperatorCode => "a code from an operator of the server",
                WayIn::WorkOs => "WorkOS",
            },
            self.at.describe()
        );
        let if_you = "If this was you, there is nothing to do.";
        let otherwise = "If it wasn't, end that session now:";
        let then = match self.way_in {
            WayIn::EmailCode => {
                "Then tell your admin, and change the password of your mailbox: whoever it was has read a mail to you."
            }
            WayIn::OperatorCode => {
                "Then tell your admin: whoever it was got the code from somebody with a terminal on the server."
            }
            WayIn::WorkOs => {
                "Then tell your admin, and change the password that you use with WorkOS."
            }
        };
        let body = html! {
            p { (what) }
            p { b { (which) } }
            p { (if_you) }
            p { (otherwise) " " a href=(self.sessions_page) { (self.sessions_page) } }
            p { (then) }
        };
        Letter {
            subject: format!("New sign-in to {host}"),
            text: format!(
                "{what}\r\n\r\n{which}\r\n\r\n{if_you}\r\n\r\n{otherwise}\r\n{}\r\n\r\n{then}\r\n",
                self.sessions_page
            ),
            html: html_letter("New sign-in", &body),
        }
    }
}
