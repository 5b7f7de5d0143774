//! Known browsers, and the mail about a sign-in from a new one (SECURITY rule 33).
//!
//! A known browser has its own limits, so a stranger who knows an address can neither lock its owner out nor use up the
//! owner's requests. Its cookie holds a random token. The database holds the token's hash, once for each account that the
//! browser has signed in to.

use std::sync::Arc;
use std::time::Duration;

use super::client::Client;
use super::session::{LiveSession, OwnChangeError};
use crate::clock::Clock;
use crate::db::accounts::AccountRow;
use crate::db::known_browsers::{self, AccountOfBrowser, KnownBrowserRow, NewKnownBrowser};
use crate::db::{Database, DatabaseError, QueryResult, SqliteConnection};
use crate::domain::{
    AccountId, ActivityKind, BaseUrl, Email, KnownBrowserId, Timestamp, Token, TokenHash, WayIn,
};
use crate::mail::MailQueue;
use crate::mail::messages::NewBrowserMail;

/// How long a browser is known after its newest sign-in to an account.
pub const KNOWN_FOR: Duration = Duration::from_hours(180 * 24);
/// The most known browsers of an account. The one with the oldest sign-in is forgotten first.
const KEPT: i64 = 20;

pub struct KnownBrowsers {
    database: Database,
    clock: Clock,
    mail: Arc<MailQueue>,
    host: String,
    sessions_page: String,
}

/// A known browser, as its account's owner sees it.
#[derive(Debug)]
pub struct ListedBrowser {
    pub id: KnownBrowserId,
    /// Browser and system in words.
    pub browser: String,
    /// The first sign-in.
    pub created_at: Timestamp,
    /// The newest sign-in.
    pub last_seen_at: Timestamp,
    /// Whether this is the browser that asks.
    pub this_one: bool,
}

impl KnownBrowsers {
    pub fn new(
        database: Database,
        clock: Clock,
        mail: &Arc<MailQueue>,
        base_url: &BaseUrl,
    ) -> Self {
        Self {
            database,
            clock,
            mail: Arc::clone(mail),
            host: base_url.host(),
            sessions_page: base_url.link("/account/sessions"),
        }
    }

    /// The browser of this client, if it is known for the account of an address. The query reads the browser's rows and
    /// does not depend on the address (SECURITY rule 5).
    pub fn find(
        &self,
        client: &Client,
        email: &Email,
    ) -> Result<Option<KnownBrowserId>, DatabaseError> {
        let now = self.clock.now();
        let known = self
            .database
            .read_in_place(|c| accounts_of(c, client, now))?;
        let of_address = known.into_iter().find(|known| known.email == *email);
        Ok(of_address.map(|known| known.id))
    }

    /// Queues a mail when an account that has signed in before signs in from a new browser. Call this inside the
    /// transaction of the sign-in, before the browser is remembered, and call [`KnownBrowsers::look_again`] after the
    /// commit if it returned `true`.
    pub fn tell_if_new(
        &self,
        c: &mut SqliteConnection,
        account: &AccountRow,
        way_in: WayIn,
        client: &Client,
        now: Timestamp,
    ) -> QueryResult<bool> {
        let known = accounts_of(c, client, now)?;
        let is_known = known.iter().any(|known| known.account_id == account.id);
        let is_new = !is_known && account.last_sign_in_at.is_some();
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

    /// The browsers that are known for an account, the browser of this client first.
    pub async fn of_account(
        &self,
        id: AccountId,
        client: &Client,
    ) -> Result<Vec<ListedBrowser>, DatabaseError> {
        let (now, this_one) = (self.clock.now(), client.browser_token);
        let rows = self
            .database
            .read(move |c| known_browsers::of_account(c, id, now.minus(KNOWN_FOR)))
            .await?;
        let mut listed: Vec<_> = rows.into_iter().map(|row| listed(row, this_one)).collect();
        listed.sort_by_key(|browser| !browser.this_one);
        Ok(listed)
    }

    /// Forgets a browser of the session's own account. A browser of another account stays, and a browser that is not
    /// known any more is not an error. The result does not tell these cases apart.
    pub async fn forget(
        &self,
        id: KnownBrowserId,
        live: Arc<LiveSession>,
        client: Client,
    ) -> Result<(), OwnChangeError> {
        let now = self.clock.now();
        self.database
            .write_checked::<_, OwnChangeError, _>(move |c| {
                live.authorization().require(c)?;
                let Some(browser) = known_browsers::delete_one(c, live.account_id, id)? else {
                    return Ok(());
                };
                Ok(live.note(c, ActivityKind::BrowserForgotten, &client, &browser, now)?)
            })
            .await
    }
}

/// Makes the browser of a sign-in known for its account, inside the sign-in's transaction. Returns the token for the
/// browser's cookie. The token is always new, so a token that someone planted in the browser gains nothing.
pub fn remember(
    c: &mut SqliteConnection,
    account: &AccountRow,
    client: &Client,
    now: Timestamp,
) -> QueryResult<Token> {
    let token = Token::generate(&mut rand::rng());
    if let Some(older) = client.browser_token {
        known_browsers::replace_token(c, older, token.hash())?;
    }
    let new = NewKnownBrowser {
        token_hash: token.hash(),
        account_id: account.id,
        browser: &client.browser,
        now,
    };
    known_browsers::record(c, &new)?;
    known_browsers::keep_newest(c, account.id, KEPT)?;
    Ok(token)
}

/// The accounts that the browser of this client is known for.
fn accounts_of(
    c: &mut SqliteConnection,
    client: &Client,
    now: Timestamp,
) -> QueryResult<Vec<AccountOfBrowser>> {
    match client.browser_token {
        Some(hash) => known_browsers::accounts_of(c, hash, now.minus(KNOWN_FOR)),
        None => Ok(Vec::new()),
    }
}

fn listed(row: KnownBrowserRow, this_one: Option<TokenHash>) -> ListedBrowser {
    ListedBrowser {
        id: row.id,
        browser: row.browser,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        this_one: this_one == Some(row.token_hash),
    }
}
