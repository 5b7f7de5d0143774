use super::letter::{Block, Letter};
use crate::domain::{Role, Timestamp};

/// Tells an account's owner about a new role.
#[derive(Debug)]
pub struct RoleMail<'a> {
    pub role: Role,
    pub at: Timestamp,
    /// The URL of the account's activity, which names the person who changed the role.
    pub activity_page: &'a str,
}

impl RoleMail<'_> {
    pub fn letter(&self, host: &str) -> Letter {
        let (who, what) = match self.role {
            Role::Admin => (
                "an admin",
                "You can open the admin pages and manage accounts from now on.",
            ),
            Role::Member => ("a member", "The admin pages are closed to you from now on."),
        };
        Letter {
            subject: format!("You are {who} of {host} now"),
            preheader: what.to_owned(),
            blocks: vec![
                Block::Text {
                    before: "The role of your account at ".to_owned(),
                    strong: host.to_owned(),
                    after: format!(" was changed, {}: you are {who} now.", self.at.describe()),
                },
                Block::text(what),
                Block::text("If you didn't expect this, see who changed your role."),
                Block::button("See your activity", self.activity_page),
                Block::quiet("Then ask an admin to change it back."),
            ],
            last_line: None,
        }
    }
}
