//! Who is asking: the browser, and the address it asks from.

use crate::db::activity::NewActivity;
use crate::domain::{BrowserName, ClientIp, Device};

/// What is known of the one who sent a request.
#[derive(Debug, Clone)]
pub struct Client {
    /// From where.
    pub ip: ClientIp,
    /// With what.
    pub browser: BrowserName,
    /// The browser's memory of earlier sign-ins, if it has one that we signed.
    pub device: Option<Device>,
}

impl Client {
    /// What is written down of something that they do with this address.
    pub fn doing<'a>(&'a self, email: &'a str) -> NewActivity<'a> {
        NewActivity {
            email,
            ip: Some(self.ip),
            browser: Some(&self.browser),
            ..NewActivity::default()
        }
    }
}
