//! The accounts as admins keep them: looked through, added with an invitation, changed. Each change
//! is a verb of [`accounts`], in a transaction of its own.

mod import;
mod invite;

use std::sync::Arc;

use super::changes::{self, Actor, ChangeError};
use super::end_sessions;
use super::paging::{TO_READ, page_of};
use crate::clock::Clock;
use crate::db::account_search;
use crate::db::activity::{self, ActivityRow, Filter};
use crate::db::{Database, DatabaseError, QueryResult, SqliteConnection, sessions};
use crate::domain::BaseUrl;
use crate::domain::{AccountId, Role, SessionId, Timestamp};
use crate::mail::MailQueue;

pub use crate::db::account_search::Search;
pub use crate::db::accounts::AccountRow;
pub use invite::Invitee;

/// What an account's own page shows of its activity.
const NEWEST: i64 = 20;

/// Every account.
pub struct Directory {
    database: Database,
    clock: Clock,
    mail: Arc<MailQueue>,
    /// What people know the console by.
    host: String,
    /// The sign-in page.
    sign_in: String,
}

/// What an admin can do to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Vouch for its address.
    Confirm,
    /// Shut it.
    Suspend,
    /// Open it again.
    Restore,
    /// Let it let others in.
    MakeAdmin,
    /// The opposite.
    MakeMember,
    /// Undo the move to WorkOS.
    MoveBack,
}

/// A page of accounts, in the order of their addresses.
#[derive(Debug)]
pub struct Page {
    /// What stands on it.
    pub lines: Vec<Line>,
    /// How many accounts there are on all pages.
    pub count: i64,
    /// The address after which the next page begins, if there is one.
    pub after: Option<String>,
}

/// One account of a page.
#[derive(Debug)]
pub struct Line {
    /// The account.
    pub account: AccountRow,
    /// When it last signed in, as far as is still known.
    pub last_sign_in: Option<Timestamp>,
}

/// All that is known of an account, but its sessions.
#[derive(Debug)]
pub struct Details {
    /// The account.
    pub account: AccountRow,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last signed in, as far as is still known.
    pub last_sign_in: Option<Timestamp>,
    /// Whether nobody could let anybody in without it, so that it has to stay an admin who gets in.
    pub is_last_admin: bool,
    /// What happened to it, the newest first.
    pub activity: Vec<ActivityRow>,
}

impl Change {
    const ALL: [Self; 6] = [
        Self::Confirm,
        Self::Suspend,
        Self::Restore,
        Self::MakeAdmin,
        Self::MakeMember,
        Self::MoveBack,
    ];

    /// Its word in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Suspend => "suspend",
            Self::Restore => "restore",
            Self::MakeAdmin => "make-admin",
            Self::MakeMember => "make-member",
            Self::MoveBack => "move-back",
        }
    }

    /// Reads the word; `None` for any other.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.word() == word)
    }

    fn make(
        self,
        c: &mut SqliteConnection,
        actor: &Actor,
        id: AccountId,
        now: Timestamp,
    ) -> QueryResult<Result<AccountRow, ChangeError>> {
        match self {
            Self::Confirm => changes::confirm(c, actor, id, now),
            Self::Suspend => changes::suspend(c, actor, id, now),
            Self::Restore => changes::restore(c, actor, id, now),
            Self::MakeAdmin => changes::change_role(c, actor, id, Role::Admin, now),
            Self::MakeMember => changes::change_role(c, actor, id, Role::Member, now),
            Self::MoveBack => changes::move_back(c, actor, id, now),
        }
    }
}

impl Directory {
    /// Reads and changes this database; invitations leave from `mail`, and lead to `console`.
    pub fn new(database: Database, clock: Clock, mail: Arc<MailQueue>, console: &BaseUrl) -> Self {
        Self {
            database,
            clock,
            mail,
            host: console.host(),
            sign_in: console.link("/sign-in"),
        }
    }

    /// One page of the accounts that a search finds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn page(&self, search: Search) -> Result<Page, DatabaseError> {
        self.database.read(move |c| page(c, &search)).await
    }

    /// One account; `None` when there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn details(&self, id: AccountId) -> Result<Option<Details>, DatabaseError> {
        self.database.read(move |c| details(c, id)).await
    }

    /// Changes an account.
    ///
    /// # Errors
    /// When the database does not answer; nothing is changed then.
    pub async fn change(
        &self,
        actor: Actor,
        id: AccountId,
        change: Change,
    ) -> Result<Result<AccountRow, ChangeError>, DatabaseError> {
        let now = self.clock.now();
        self.database
            .write(move |c| change.make(c, &actor, id, now))
            .await
    }

    /// Removes an account with all that belongs to it.
    ///
    /// # Errors
    /// When the database does not answer; nothing is changed then.
    pub async fn delete(
        &self,
        actor: Actor,
        id: AccountId,
    ) -> Result<Result<AccountRow, ChangeError>, DatabaseError> {
        let now = self.clock.now();
        self.database
            .write(move |c| changes::delete(c, &actor, id, now))
            .await
    }

    /// Ends one session of an account, or all of them.
    ///
    /// # Errors
    /// When the database does not answer; nothing is changed then.
    pub async fn end_sessions(
        &self,
        actor: Actor,
        id: AccountId,
        which: Option<SessionId>,
    ) -> Result<Result<(), ChangeError>, DatabaseError> {
        let now = self.clock.now();
        self.database
            .write(move |c| end(c, &actor, id, which, now))
            .await
    }
}

fn page(c: &mut SqliteConnection, search: &Search) -> QueryResult<Page> {
    let (rows, others_follow) = page_of(account_search::find(c, search, TO_READ)?);
    let last = rows.last().filter(|_| others_follow);
    let after = last.map(|row| row.email.clone());
    let mut lines = Vec::with_capacity(rows.len());
    for account in rows {
        let last_sign_in = activity::last_sign_in(c, &account)?.map(Timestamp);
        lines.push(Line {
            account,
            last_sign_in,
        });
    }
    let count = account_search::count(c, &search.text)?;
    Ok(Page {
        lines,
        count,
        after,
    })
}

fn details(c: &mut SqliteConnection, id: AccountId) -> QueryResult<Option<Details>> {
    let Some(account) = crate::db::accounts::find(c, id)? else {
        return Ok(None);
    };
    let filter = Filter {
        account_id: Some(id),
        ..Filter::default()
    };
    Ok(Some(Details {
        created_at: account_search::created_at(c, id)?,
        last_sign_in: activity::last_sign_in(c, &account)?.map(Timestamp),
        is_last_admin: changes::is_last_admin(c, &account)?,
        activity: activity::list(c, &filter, NEWEST)?,
        account,
    }))
}

/// That a session has ended already, or is somebody else's, is no error; nothing is written down then.
fn end(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: AccountId,
    which: Option<SessionId>,
    now: Timestamp,
) -> QueryResult<Result<(), ChangeError>> {
    let Some(account) = crate::db::accounts::find(c, id)? else {
        return Ok(Err(ChangeError::NoSuchAccount));
    };
    let Some(session) = which else {
        end_sessions::all_of(c, actor, &account, now)?;
        return Ok(Ok(()));
    };
    let whose = sessions::find_account(c, session)?;
    if whose.is_some_and(|owner| owner.id == account.id) {
        end_sessions::one(c, actor, session, now)?;
    }
    Ok(Ok(()))
}
