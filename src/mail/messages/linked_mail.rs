use super::letter::{Block, Letter};
use crate::domain::Timestamp;

/// Tells an account's owner that the account was linked to `WorkOS`.
#[derive(Debug)]
pub struct LinkedMail<'a> {
    pub at: Timestamp,
    /// The URL of the page where sessions are ended.
    pub sessions_page: &'a str,
}

impl LinkedMail<'_> {
    pub fn letter(&self, host: &str) -> Letter {
        Letter {
            subject: format!("Your account at {host} is linked to WorkOS"),
            preheader: "You can sign in with WorkOS from now on.".to_owned(),
            blocks: vec![
                Block::Text {
                    before: "Your account at ".to_owned(),
                    strong: host.to_owned(),
                    after: format!(" was linked to WorkOS, {}.", self.at.describe()),
                },
                Block::text(
                    "You can sign in with WorkOS from now on. If it was you, you don't need to do anything else.",
                ),
                Block::text("If it wasn't you, end all sessions that you don't recognise now."),
                Block::button("See your sessions", self.sessions_page),
                Block::quiet("Then tell your admin, who can remove the link."),
            ],
            last_line: None,
        }
    }
}
