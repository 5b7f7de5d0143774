use super::letter::{Block, Letter};

/// Tells a new account's owner where to sign in.
#[derive(Debug)]
pub struct InvitationMail<'a> {
    /// The address of the admin who added the account.
    pub inviter: &'a str,
    pub recipient: &'a str,
    /// The URL of the sign-in page.
    pub sign_in: &'a str,
}

impl InvitationMail<'_> {
    pub fn letter(&self, host: &str) -> Letter {
        Letter {
            subject: format!("You can sign in to {host} now"),
            preheader: "You don't need a password.".to_owned(),
            blocks: vec![
                Block::Text {
                    before: format!("{} has added an account for you at ", self.inviter),
                    strong: host.to_owned(),
                    after: ".".to_owned(),
                },
                Block::text(format!(
                    "Sign in with this address, {}. You don't need a password.",
                    self.recipient
                )),
                Block::button("Open the sign-in page", self.sign_in),
                Block::quiet("Don't know why you got this mail? You can ignore it."),
            ],
            last_line: None,
        }
    }
}
