use super::letter::{Block, Letter};

/// Tells an account's owner that wrong codes for the account have passed a threshold.
#[derive(Debug)]
pub struct WrongCodesMail<'a> {
    /// The URL of the account's activity, which lists the wrong codes.
    pub activity_page: &'a str,
}

impl WrongCodesMail<'_> {
    pub fn letter(&self, host: &str) -> Letter {
        Letter {
            subject: format!("Wrong sign-in codes for your account at {host}"),
            preheader: "If it wasn't you, someone may be guessing.".to_owned(),
            blocks: vec![
                Block::Text {
                    before: "10 wrong codes were entered for your account at ".to_owned(),
                    strong: host.to_owned(),
                    after: " in the last 24 hours.".to_owned(),
                },
                Block::text("If it was you, send a new code and enter the newest one."),
                Block::text(
                    "If it wasn't you, someone may be guessing. They are not signed in. Give no code to anyone, and \
                     cancel the codes that you didn't ask for with the link in their mails.",
                ),
                Block::button("See your activity", self.activity_page),
                Block::quiet(
                    "If the wrong codes go on, tell your admin. This mail comes at most once a day.",
                ),
            ],
            last_line: None,
        }
    }
}
