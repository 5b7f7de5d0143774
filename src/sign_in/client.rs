//! The client of a request: its browser and its IP address.

use crate::db::activity::NewActivity;
use crate::domain::{BrowserName, ClientIp, Device};

#[derive(Debug, Clone)]
pub struct Client {
    pub ip: ClientIp,
    pub browser: BrowserName,
    /// The known-browser cookie, if its signature is valid.
    pub device: Option<Device>,
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
