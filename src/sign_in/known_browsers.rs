//! Known browsers, and the mail about a sign-in from a new one.

use std::sync::Arc;

use super::client::Client;
use crate::db::accounts::AccountRow;
use crate::db::{QueryResult, SqliteConnection, activity};
use crate::domain::BaseUrl;
use crate::domain::{Device, Timestamp, WayIn};
use crate::keys::Keys;
use crate::mail::MailQueue;
use crate::mail::messages::NewBrowserMail;

/// A browser is known for an account if its signed cookie names the account.
pub struct KnownBrowsers {
    pub keys: Keys,
    mail: Arc<MailQueue>,
    host: String,
    sessions_page: String,
}

impl KnownBrowsers {
    pub fn new(keys: &Keys, mail: &Arc<MailQueue>, base_url: &BaseUrl) -> Self {
        Self {
            keys: keys.clone(),
            mail: Arc::clone(mail),
            host: base_url.host(),
            sessions_page: base_url.link("/account/sessions"),
        }
    }

    /// Queues a mail when an account that has signed in before signs in from a new browser. Call this inside the
    /// transaction of the sign-in, before the sign-in is recorded, and call [`KnownBrowsers::look_again`] after the
    /// commit if it returned `true`.
    pub fn tell_if_new(
        &self,
        c: &mut SqliteConnection,
        account: &AccountRow,
        way_in: WayIn,
        client: &Client,
        now: Timestamp,
    ) -> QueryResult<bool> {
        let is_new =
            !self.is_known(account, client, now) && activity::has_signed_in(c, account.id)?;
        if is_new {
            let mail = NewBrowserMail {
                way_in,
                browser: client.browser.clone(),
                ip: client.ip,
                at: now,
                sessions_page: self.sessions_page.clone(),
            };
            self.mail
                .queue(c, &account.email, &mail.letter(&self.host), now)?;
        }
        Ok(is_new)
    }

    pub fn look_again(&self) {
        self.mail.look_again();
    }

    /// The content of the known-browser cookie after this sign-in.
    pub fn remembering(&self, account: &AccountRow, client: &Client, now: Timestamp) -> Device {
        let device = client
            .device
            .clone()
            .unwrap_or_else(|| Device::generate(&mut rand::rng()));
        device.after_sign_in(&account.email, &self.keys.current, now)
    }

    fn is_known(&self, account: &AccountRow, client: &Client, now: Timestamp) -> bool {
        let device = client.device.as_ref();
        self.keys
            .known_browser(device, &account.email, now)
            .is_some()
    }
}
