use maud::html;

use super::letter::{Letter, html_letter};
use crate::domain::AccountId;

/// Tells the owner of an account that has moved to WorkOS why no code comes.
#[derive(Debug)]
pub struct MovedMail {
    /// Whose account it is; this, not the address, goes to the log.
    pub account_id: AccountId,
    /// The address stored on the account.
    pub recipient: String,
    /// The sign-in page.
    pub sign_in: String,
}

impl MovedMail {
    /// The words, for people who know the console by `host`.
    pub fn letter(&self, host: &str) -> Letter {
        let what = format!(
            "Somebody, probably you, asked for a sign-in code for {host}. Your account signs in with WorkOS now, so no code was sent."
        );
        let to_do = "Open the sign-in page and choose \"Continue with WorkOS\":";
        let otherwise = "If this wasn't you, you can ignore it: nobody has got in.";
        let body = html! {
            p { (what) }
            p { (to_do) " " a href=(self.sign_in) { (self.sign_in) } }
            p { (otherwise) }
        };
        Letter {
            subject: format!("Sign in to {host} with WorkOS"),
            text: format!(
                "{what}\r\n\r\n{to_do}\r\n{}\r\n\r\n{otherwise}\r\n",
                self.sign_in
            ),
            html: html_letter("Sign in with WorkOS", &body),
        }
    }
}
