//! What people see and change of their own account.

use std::sync::Arc;

use super::activity::{self, Filter, Page};
use crate::clock::Clock;
use crate::db::{Database, DatabaseError, accounts};
use crate::domain::{AccountId, ActivityKind, PersonName, Timestamp};
use crate::sign_in::client::Client;
use crate::sign_in::session::LiveSession;

/// The verbs of somebody's own account, beside those of its sessions.
pub struct OwnAccount {
    database: Database,
    clock: Clock,
}

impl OwnAccount {
    /// Accounts as they are in this database.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock }
    }

    /// Since when the account signs in with WorkOS; `None` for one that gets email codes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn moved_at(&self, id: AccountId) -> Result<Option<Timestamp>, DatabaseError> {
        let found = self.database.read(move |c| accounts::find(c, id)).await?;
        Ok(found.and_then(|account| account.moved_at).map(Timestamp))
    }

    /// Changes what somebody is called. Every page of theirs says so from its next request on.
    ///
    /// # Errors
    /// When the database does not answer; the name stays as it was then.
    pub async fn rename(
        &self,
        live: Arc<LiveSession>,
        name: PersonName,
        client: Client,
    ) -> Result<(), DatabaseError> {
        if live.name == name.as_str() {
            return Ok(());
        }
        let now = self.clock.now();
        self.database
            .write(move |c| {
                accounts::set_name(c, live.account_id, name.as_str())?;
                live.note(c, ActivityKind::NameChanged, &client, name.as_str(), now)
            })
            .await
    }

    /// What happened to an account before this row of its activity, or of late.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn activity(
        &self,
        id: AccountId,
        older_than: Option<i64>,
    ) -> Result<Page, DatabaseError> {
        let filter = Filter {
            account_id: Some(id),
            older_than,
            ..Filter::default()
        };
        self.database
            .read(move |c| activity::page(c, &filter))
            .await
    }
}
