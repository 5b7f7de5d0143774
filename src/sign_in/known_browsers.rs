//! Which browsers an account has been used with, and the mail when it is a new one.

use std::sync::Arc;

use super::client::Client;
use crate::db::accounts::AccountRow;
use crate::db::{QueryResult, SqliteConnection, activity};
use crate::domain::BaseUrl;
use crate::domain::{Device, Timestamp, WayIn};
use crate::keys::Keys;
use crate::mail::MailQueue;
use crate::mail::messages::NewBrowserMail;

/// Knows a browser by what it remembers itself, and mails about one that it does not know.
pub struct KnownBrowsers {
    /// The keys that name accounts in a browser's memory.
    pub keys: Keys,
    mail: Arc<MailQueue>,
    host: String,
    sessions_page: String,
}

impl KnownBrowsers {
    /// Mails from this queue, with a link to somebody's sessions at this origin.
    pub fn new(keys: &Keys, mail: &Arc<MailQueue>, base_url: &BaseUrl) -> Self {
        Self {
            keys: keys.clone(),
            mail: Arc::clone(mail),
            host: base_url.host(),
            sessions_page: base_url.link("/account/sessions"),
        }
    }

    /// Queues a mail when an account that has signed in before does so from a browser that it never
    /// used: inside the transaction of the sign-in, and before that is written down. Call
    /// [`KnownBrowsers::look_again`] when `true` is committed.
    ///
    /// # Errors
    /// When a query fails.
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

    /// A mail waits.
    pub fn look_again(&self) {
        self.mail.look_again();
    }

    /// What the browser is to remember after this sign-in.
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
