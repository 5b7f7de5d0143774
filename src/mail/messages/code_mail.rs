use std::time::Duration;

use super::letter::{Block, Letter};
use crate::domain::{
    AccountId, ActivityId, BrowserName, ClientIp, Email, SignInCode, Timestamp, words,
};

/// A code on its way to its owner. It is kept in memory only, and its `Debug` form hides the code.
#[derive(Debug)]
pub struct CodeMail {
    /// The activity row that records what became of the request.
    pub activity_id: ActivityId,
    /// Names the account in the log, where its address does not belong.
    pub account_id: AccountId,
    /// The address stored on the account, never the one that was typed.
    pub recipient: Email,
    pub code: SignInCode,
    pub lifetime: Duration,
    /// The browser that asked for the code.
    pub browser: BrowserName,
    /// The address that asked for the code.
    pub ip: ClientIp,
    pub issued_at: Timestamp,
    /// When the code stops working. Delivery is not attempted after that.
    pub expires_at: Timestamp,
    /// The URL of the page that cancels the code.
    pub not_me: String,
}

impl CodeMail {
    pub fn letter(&self, host: &str) -> Letter {
        let code = self.code.expose();
        let minutes = words::exactly(self.lifetime);
        Letter {
            subject: format!("{code} is your sign-in code for {host}"),
            preheader: format!("{code} is your code. It works for {minutes}."),
            blocks: vec![
                Block::Text {
                    before: "Enter this code to sign in to ".to_owned(),
                    strong: host.to_owned(),
                    after: ":".to_owned(),
                },
                Block::Code(code.to_owned()),
                Block::quiet(format!(
                    "It works for {minutes}, in the browser that asked for it."
                )),
                Block::Aside {
                    text: format!(
                        "Requested from {}, {}, {}. Wasn't you? You can ignore this mail, or",
                        self.browser.mid_sentence(),
                        self.ip,
                        self.issued_at.describe()
                    ),
                    label: "cancel the code".to_owned(),
                    url: self.not_me.clone(),
                },
            ],
            last_line: Some(format!("@{} #{code}", without_port(host))),
        }
    }
}

/// The host of an origin-bound one-time code, which browsers and mail programs fill in on that
/// site alone.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_part_of_the_host_that_a_code_is_bound_to() {
        for (host, bound_to) in [
            ("console.acme.test", "console.acme.test"),
            ("console.acme.test:8443", "console.acme.test"),
            ("[::1]", "[::1]"),
            ("[::1]:8080", "[::1]"),
        ] {
            assert_eq!(without_port(host), bound_to);
        }
    }
}
