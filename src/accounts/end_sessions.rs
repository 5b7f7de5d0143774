//! Ending other people's sessions. Each verb runs inside its caller's transaction and writes down
//! who did it.

use super::changes::Actor;
use crate::db::accounts::AccountRow;
use crate::db::sessions::{self, SessionRow};
use crate::db::{QueryResult, SqliteConnection};
use crate::domain::{ActivityKind, SessionId, Timestamp};

/// Ends one session, and says whose it was; `None` when there is no such session.
///
/// # Errors
/// When a query fails.
pub fn one(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: SessionId,
    now: Timestamp,
) -> QueryResult<Option<(AccountRow, SessionRow)>> {
    let Some(account) = sessions::find_account(c, id)? else {
        return Ok(None);
    };
    let Some(session) = sessions::find_of_account(c, account.account_id(), id)? else {
        return Ok(None);
    };
    sessions::delete_by_id(c, id)?;
    note(c, actor, &account, &session, now)?;
    Ok(Some((account, session)))
}

/// Ends every session of an account; says how many those were.
///
/// # Errors
/// When a query fails.
pub fn all_of(
    c: &mut SqliteConnection,
    actor: &Actor,
    account: &AccountRow,
    now: Timestamp,
) -> QueryResult<usize> {
    for session in sessions::of_account(c, account.account_id(), i64::MAX)? {
        note(c, actor, account, &session, now)?;
    }
    sessions::delete_of_account(c, account.account_id(), None)
}

fn note(
    c: &mut SqliteConnection,
    actor: &Actor,
    account: &AccountRow,
    session: &SessionRow,
    now: Timestamp,
) -> QueryResult<()> {
    let which = format!("{} at {}", session.browser, session.ip);
    actor.note(c, ActivityKind::SessionEnded, account, &which, now)
}
