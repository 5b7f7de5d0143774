use super::letter::{Block, Letter};
use crate::domain::{AccountId, Email};

/// Tells the owner of a moved account, or an admin, to sign in with `WorkOS` instead of a code.
#[derive(Debug)]
pub struct MovedMail {
    /// Names the account in the log, where its address does not belong.
    pub account_id: AccountId,
    /// The address stored on the account.
    pub recipient: Email,
    /// The URL of the sign-in page.
    pub sign_in: String,
    /// No admin of the console gets codes.
    pub for_admin: bool,
}

impl MovedMail {
    pub fn letter(&self, host: &str) -> Letter {
        let (whose, at, verb) = if self.for_admin {
            ("Admins", "of", "sign in")
        } else {
            ("Your account", "at", "signs in")
        };
        Letter {
            subject: format!("Sign in to {host} with WorkOS"),
            preheader: format!("{whose} {verb} with WorkOS, so no code was sent."),
            blocks: vec![
                Block::Text {
                    before: format!("{whose} {at} "),
                    strong: host.to_owned(),
                    after: format!(" {verb} with WorkOS, so no code was sent."),
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
