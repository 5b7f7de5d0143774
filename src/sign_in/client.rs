//! The client of a request: its browser and its IP address.

use crate::db::activity::NewActivity;
use crate::domain::{BrowserName, ClientIp, TokenHash};

#[derive(Debug, Clone)]
pub struct Client {
    pub ip: ClientIp,
    pub browser: BrowserName,
    /// The hash of the token in the known-browser cookie. The browser may be unknown all the same.
    pub browser_token: Option<TokenHash>,
}

impl Client {
    /// The activity row of an action of this client with an address.
    pub fn doing<'a>(&'a self, email: &'a str) -> NewActivity<'a> {
        NewActivity {
            email,
            ip: Some(self.ip),
            browser: Some(&self.browser),
            ..NewActivity::default()
        }
    }
}
