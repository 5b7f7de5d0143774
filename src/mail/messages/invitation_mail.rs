use maud::html;

use super::letter::{Letter, html_letter};

/// Tells somebody that they have an account now, and where to sign in.
#[derive(Debug)]
pub struct InvitationMail<'a> {
    /// The admin who added them, by address.
    pub inviter: &'a str,
    /// The address that they sign in with.
    pub recipient: &'a str,
    /// The sign-in page.
    pub sign_in: &'a str,
}

impl InvitationMail<'_> {
    /// The words, for people who know the console by `host`.
    pub fn letter(&self, host: &str) -> Letter {
        let what = format!(
            "{} has added an account for you at {host}. You need no password: sign in with this address, {}.",
            self.inviter, self.recipient
        );
        let to_do = "Open the sign-in page:";
        let otherwise = "If you don't know why you got this mail, you can ignore it.";
        let body = html! {
            p { (what) }
            p { (to_do) " " a href=(self.sign_in) { (self.sign_in) } }
            p { (otherwise) }
        };
        Letter {
            subject: format!("You can sign in to {host} now"),
            text: format!(
                "{what}\r\n\r\n{to_do}\r\n{}\r\n\r\n{otherwise}\r\n",
                self.sign_in
            ),
            html: html_letter("You can sign in now", &body),
        }
    }
}
