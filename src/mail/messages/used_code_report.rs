use super::letter::{Block, Letter};
use crate::domain::Timestamp;

/// Tells the admins that the owner of a mailbox reported a code that another person had used to sign in.
#[derive(Debug)]
pub struct UsedCodeReport<'a> {
    /// The account's address.
    pub email: &'a str,
    /// The browser that asked for the code, as in “Firefox on Linux”.
    pub browser: &'a str,
    pub ip: &'a str,
    pub asked_at: Timestamp,
    /// The URL of the activity log.
    pub activity_page: String,
}

impl UsedCodeReport<'_> {
    pub fn letter(&self, host: &str) -> Letter {
        Letter {
            subject: format!("Another person signed in as {}", self.email),
            preheader: "Their session has ended. The mailbox may be open to others.".to_owned(),
            blocks: vec![
                Block::Text {
                    before: format!(
                        "A sign-in code for {host} was used, and the owner of the mailbox said “This wasn't me”: "
                    ),
                    strong: self.email.to_owned(),
                    after: String::new(),
                },
                Block::Text {
                    before: "The code was requested from ".to_owned(),
                    strong: format!(
                        "{}, {}, {}.",
                        self.browser,
                        self.ip,
                        self.asked_at.describe()
                    ),
                    after: String::new(),
                },
                Block::text(
                    "The session that the code began has ended. Suspend the account until its owner has changed the \
                     mailbox's password: the code was read there.",
                ),
                Block::button("See the activity", &self.activity_page),
            ],
            last_line: None,
        }
    }
}
