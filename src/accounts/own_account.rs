//! The verbs of a person’s own account, except those of its sessions.

use std::sync::Arc;

use super::activity::{self, ActivityQuery, Page};
use crate::clock::Clock;
use crate::db::{Database, DatabaseError, accounts};
use crate::domain::{AccountId, ActivityId, ActivityKind, PersonName, Timestamp};
use crate::sign_in::client::Client;
use crate::sign_in::session::{LiveSession, OwnChangeError};

pub struct OwnAccount {
    database: Database,
    clock: Clock,
}

impl OwnAccount {
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock }
    }

    /// When the account first signed in with WorkOS; `None` for an account that gets email codes.
    pub async fn moved_at(&self, id: AccountId) -> Result<Option<Timestamp>, DatabaseError> {
        let found = self.database.read(move |c| accounts::find(c, id)).await?;
        Ok(found.and_then(|account| account.moved_at))
    }

    /// Changes the person's name. All sessions of the account show it from their next request on.
    pub async fn rename(
        &self,
        live: Arc<LiveSession>,
        name: PersonName,
        client: Client,
    ) -> Result<(), OwnChangeError> {
        if live.name == name.as_str() {
            return Ok(());
        }
        let now = self.clock.now();
        self.database
            .write_checked::<_, OwnChangeError, _>(move |c| {
                live.authorization().require(c)?;
                accounts::set_name(c, live.account_id, name.as_str())?;
                Ok(live.note(c, ActivityKind::NameChanged, &client, name.as_str(), now)?)
            })
            .await
    }

    /// A page of the account's activity: the newest, or those before a row.
    pub async fn activity(
        &self,
        id: AccountId,
        older_than: Option<ActivityId>,
    ) -> Result<Page, DatabaseError> {
        let query = ActivityQuery {
            account_id: Some(id),
            older_than,
            ..ActivityQuery::default()
        };
        self.database.read(move |c| activity::page(c, &query)).await
    }
}
