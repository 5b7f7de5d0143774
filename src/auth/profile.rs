//! What people say of themselves.

use std::sync::Arc;

use super::client::Client;
use super::session::LiveSession;
use crate::db::{Database, DatabaseError, accounts};
use crate::domain::{ActivityKind, PersonName, Timestamp};

/// Changes what somebody is called. Every open page of theirs says so from its next request on.
///
/// # Errors
/// When the database does not answer; the name stays as it was then.
pub async fn rename(
    database: &Database,
    live: Arc<LiveSession>,
    name: PersonName,
    client: Client,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    if live.name == name.as_str() {
        return Ok(());
    }
    database
        .write(move |c| {
            accounts::set_name(c, live.account_id, name.as_str())?;
            live.note(c, ActivityKind::NameChanged, &client, name.as_str(), now)
        })
        .await
}
