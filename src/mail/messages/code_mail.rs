use std::time::Duration;

use maud::html;

use super::letter::{Letter, html_letter};
use crate::domain::{AccountId, BrowserName, ClientIp, SignInCode, Timestamp, words};

/// A code on its way to its owner. It is kept in memory only, and never printed whole.
#[derive(Debug)]
pub struct CodeMail {
    /// The row that says what became of the request.
    pub activity_id: i64,
    /// Whose code it is; this, not the address, goes to the log.
    pub account_id: AccountId,
    /// The address stored on the account, never the one that was typed.
    pub recipient: String,
    /// The code.
    pub code: SignInCode,
    /// How long it works.
    pub lifetime: Duration,
    /// Which browser asked.
    pub browser: BrowserName,
    /// From where.
    pub ip: ClientIp,
    /// When.
    pub issued_at: Timestamp,
    /// When the code stops working, and with it every attempt to deliver it.
    pub expires_at: Timestamp,
    /// Where their owner ends the challenge, if they did not ask for it.
    pub not_me: String,
}

impl CodeMail {
    /// The words, for people who know the console by `host`.
    pub fn letter(&self, host: &str) -> Letter {
        let code = self.code.expose();
        let minutes = words::exactly(self.lifetime);
        let asked = format!(
            "{} at {}, on {}",
            self.browser,
            self.ip,
            self.issued_at.describe()
        );
        let text = format!(
            "Your sign-in code for {host}:\r\n\r\n{code}\r\n\r\n\
             It works for {minutes}, in the browser that asked for it.\r\n\r\n\
             Asked for by {asked}.\r\n\r\n\
             If this wasn't you, nobody can sign in without this code: you can ignore it.\r\n\
             To stop the code from working, open this page:\r\n{}\r\n",
            self.not_me
        );
        let body = html! {
            p { "Your sign-in code for " (host) ":" }
            p style="font-size:32px;line-height:1.2;letter-spacing:6px;font-weight:600;margin:16px 0" { (code) }
            p { "It works for " (minutes) ", in the browser that asked for it." }
            p style="opacity:.8;font-size:15px" { "Asked for by " (asked) "." }
            p style="opacity:.8;font-size:15px" {
                "If this wasn't you, nobody can sign in without this code: you can ignore it. "
                "Or stop the code from working: " a href=(self.not_me) { "This wasn't me" }
            }
        };
        let subject = format!("{code} is your sign-in code for {host}");
        Letter {
            html: html_letter("Your sign-in code", &body),
            subject,
            text,
        }
    }
}
