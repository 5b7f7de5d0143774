use super::letter::{Block, Letter};
use crate::domain::Timestamp;

/// Tells an account's owner that the account is no longer linked to `WorkOS`.
#[derive(Debug)]
pub struct MovedBackMail<'a> {
    pub at: Timestamp,
    /// The URL of the sign-in page.
    pub sign_in: &'a str,
}

impl MovedBackMail<'_> {
    pub fn letter(&self, host: &str) -> Letter {
        Letter {
            subject: format!("Your account at {host} is no longer linked to WorkOS"),
            preheader: "Open the sign-in page to sign in again.".to_owned(),
            blocks: vec![
                Block::Text {
                    before: "The link of your account at ".to_owned(),
                    strong: host.to_owned(),
                    after: format!(" to WorkOS was removed, {}.", self.at.describe()),
                },
                Block::text(
                    "Sessions that began with WorkOS have ended. Open the sign-in page to sign in again.",
                ),
                Block::button("Open the sign-in page", self.sign_in),
                Block::quiet("If you didn't expect this, ask your admin."),
            ],
            last_line: None,
        }
    }
}
