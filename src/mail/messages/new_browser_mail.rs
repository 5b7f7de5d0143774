use super::letter::{Block, Letter};
use crate::domain::{BrowserName, ClientIp, Timestamp, WayIn};

/// Tells an account's owner about a sign-in from a browser that the account had not used before.
#[derive(Debug)]
pub struct NewBrowserMail {
    pub way_in: WayIn,
    pub browser: BrowserName,
    pub ip: ClientIp,
    pub at: Timestamp,
    /// The URL of the page where sessions are ended.
    pub sessions_page: String,
}

impl NewBrowserMail {
    pub fn letter(&self, host: &str) -> Letter {
        let method = match self.way_in {
            WayIn::EmailCode => "an email code",
            WayIn::OperatorCode => "a code from an operator of the server",
            WayIn::WorkOs => "WorkOS",
        };
        let sign_in = format!(
            "{}, {}, with {method}, {}.",
            self.browser,
            self.ip,
            self.at.describe()
        );
        let afterwards = match self.way_in {
            WayIn::EmailCode => {
                "Then tell your admin, and change the password of your mailbox: the code was read there."
            }
            WayIn::OperatorCode => {
                "Then tell your admin: an operator of the server made the code for this sign-in."
            }
            WayIn::WorkOs => {
                "Then tell your admin, and change the password that you use with WorkOS."
            }
        };
        Letter {
            subject: format!("New sign-in to {host}"),
            preheader: format!("{}, {}.", self.browser, self.at.describe()),
            blocks: vec![
                Block::Text {
                    before: "Your account at ".to_owned(),
                    strong: host.to_owned(),
                    after: " was signed in to from a new browser:".to_owned(),
                },
                Block::Text {
                    before: String::new(),
                    strong: sign_in,
                    after: String::new(),
                },
                Block::text("Was it you? Then you don't need to do anything."),
                Block::text("Wasn't you? End that session now."),
                Block::button("See your sessions", &self.sessions_page),
                Block::quiet(afterwards),
            ],
            last_line: None,
        }
    }
}
