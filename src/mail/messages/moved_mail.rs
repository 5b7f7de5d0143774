use super::letter::{Block, Letter};
use crate::domain::{AccountId, Email};

/// Tells the owner of a moved account to sign in with `WorkOS` instead of a code.
#[derive(Debug)]
pub struct MovedMail {
    /// Names the account in the log, where its address does not belong.
    pub account_id: AccountId,
    /// The address stored on the account.
    pub recipient: Email,
    /// The URL of the sign-in page.
    pub sign_in: String,
}

impl MovedMail {
    pub fn letter(&self, host: &str) -> Letter {
        Letter {
            subject: format!("Sign in to {host} with WorkOS"),
            preheader: "Your account signs in with WorkOS, so no code was sent.".to_owned(),
            blocks: vec![
                Block::Text {
                    before: "Your account at ".to_owned(),
                    strong: host.to_owned(),
                    after: " signs in with WorkOS, so no code was sent.".to_owned(),
                },
                Block::text("Open the sign-in page and choose \"Continue with WorkOS\"."),
                Block::button("Open the sign-in page", &self.sign_in),
                Block::quiet(
                    "Didn't ask for a code? You can ignore this mail. Your account is not affected.",
                ),
            ],
            last_line: None,
        }
    }
}
