//! The accounts as admins manage them: search, details, changes, invitations. Each verb is one transaction.

mod import;
mod invite;

use std::sync::Arc;

use super::account::Account;
use super::activity::{self, Activity, ActivityQuery};
use super::changes::{self, Actor, Change, ChangeError, ChangeResult};
use super::end_sessions;
use super::paging::{TO_READ, page_of};
use crate::clock::Clock;
use crate::db::account_search::{self, Search};
use crate::db::{
    Database, DatabaseError, QueryResult, SqliteConnection, accounts, known_browsers, sessions,
};
use crate::domain::{AccountId, BaseUrl, SessionId, Timestamp};
use crate::mail::MailQueue;
use crate::sign_in::known_browsers::KNOWN_FOR;

pub use invite::Invitee;

/// Activity rows on an account's page.
const ACTIVITY_SHOWN: i64 = 20;

pub struct Directory {
    database: Database,
    clock: Clock,
    mail: Arc<MailQueue>,
    /// The console's host, as mails name it.
    host: String,
    /// The URL of the sign-in page.
    sign_in: String,
}

/// Selects accounts. The default selects all of them.
#[derive(Debug, Clone, Default)]
pub struct AccountsQuery {
    /// A part of the address or of the name; ASCII case does not matter.
    pub text: String,
    /// The last address of the page before.
    pub after: Option<String>,
}

/// A page of accounts, ordered by address.
#[derive(Debug)]
pub struct Page {
    pub accounts: Vec<Account>,
    /// How many accounts the query finds on all pages.
    pub count: i64,
    /// The last address of this page, if another page follows.
    pub after: Option<String>,
}

/// An account with what its page shows, except its sessions.
#[derive(Debug)]
pub struct Details {
    pub account: Account,
    pub created_at: Timestamp,
    /// Whether this is the last admin who can sign in. Such an account cannot be suspended, demoted or deleted.
    pub is_last_admin: bool,
    /// The number of known browsers.
    pub known_browsers: i64,
    /// The newest first.
    pub activity: Vec<Activity>,
}

impl Directory {
    /// `base_url` is the console's, for the links in invitations.
    pub fn new(database: Database, clock: Clock, mail: Arc<MailQueue>, base_url: &BaseUrl) -> Self {
        Self {
            database,
            clock,
            mail,
            host: base_url.host(),
            sign_in: base_url.link("/sign-in"),
        }
    }

    pub async fn page(&self, query: AccountsQuery) -> Result<Page, DatabaseError> {
        self.database.read(move |c| page(c, query)).await
    }

    /// `None` when there is no such account.
    pub async fn details(&self, id: AccountId) -> Result<Option<Details>, DatabaseError> {
        let seen_after = self.clock.now().minus(KNOWN_FOR);
        self.database
            .read(move |c| details(c, id, seen_after))
            .await
    }

    /// Makes a change and returns the account as it was before.
    pub async fn change(
        &self,
        actor: Actor,
        id: AccountId,
        change: Change,
    ) -> Result<Account, ChangeError> {
        let now = self.clock.now();
        let before = self
            .write_as(actor, move |c, actor| {
                changes::change(c, actor, id, change, now)
            })
            .await?;
        self.mail.look_again();
        Ok(before)
    }

    /// Ends one session of an account, or all of them with `None`. That also forgets the account's known browsers.
    pub async fn end_sessions(
        &self,
        actor: Actor,
        id: AccountId,
        session: Option<SessionId>,
    ) -> Result<(), ChangeError> {
        let now = self.clock.now();
        self.write_as(actor, move |c, actor| end(c, actor, id, session, now))
            .await
    }

    /// Runs a transaction of an actor who may still make it. Every write of this type goes through here.
    async fn write_as<T, F>(&self, actor: Actor, write: F) -> Result<T, ChangeError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection, &Actor) -> ChangeResult<T> + Send + 'static,
    {
        self.database
            .write_checked(move |c| {
                actor.authorize(c)?;
                write(c, &actor)
            })
            .await
    }
}

fn page(c: &mut SqliteConnection, query: AccountsQuery) -> QueryResult<Page> {
    let search = Search {
        text: query.text,
        after: query.after,
    };
    let (rows, others_follow) = page_of(account_search::find(c, &search, TO_READ)?);
    let last = rows.last().filter(|_| others_follow);
    let after = last.map(|row| row.email.to_string());
    let count = account_search::count(c, &search.text)?;
    Ok(Page {
        accounts: rows.into_iter().map(Account::from).collect(),
        count,
        after,
    })
}

fn details(
    c: &mut SqliteConnection,
    id: AccountId,
    seen_after: Timestamp,
) -> QueryResult<Option<Details>> {
    let Some(row) = accounts::find(c, id)? else {
        return Ok(None);
    };
    let query = ActivityQuery {
        account_id: Some(id),
        ..ActivityQuery::default()
    };
    Ok(Some(Details {
        created_at: account_search::created_at(c, id)?,
        is_last_admin: changes::is_last_admin(c, &row)?,
        known_browsers: known_browsers::count(c, id, seen_after)?,
        activity: activity::rows(c, &query, ACTIVITY_SHOWN)?,
        account: row.into(),
    }))
}

/// A session that has already ended, or belongs to another account, is left as it is: the result is the same.
fn end(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: AccountId,
    session: Option<SessionId>,
    now: Timestamp,
) -> ChangeResult<()> {
    let account = accounts::find(c, id)?.ok_or(ChangeError::NoSuchAccount)?;
    let Some(session) = session else {
        end_sessions::all_of(c, actor, &account, now)?;
        return Ok(());
    };
    let owner = sessions::find_account(c, session)?;
    if owner.is_some_and(|owner| owner.id == account.id) {
        end_sessions::one(c, actor, session, now)?;
    }
    Ok(())
}
