//! Ends the sessions of other people. Each verb runs inside its caller's transaction and records in the
//! activity log who did it.

use super::changes::{Actor, ChangeError, ChangeResult};
use crate::db::accounts::AccountRow;
use crate::db::sessions::{self, SessionRow};
use crate::db::{QueryResult, SqliteConnection, accounts, known_browsers};
use crate::domain::{ActivityKind, Email, SessionId, Timestamp, words};

/// A session that was ended.
#[derive(Debug)]
pub struct EndedSession {
    pub email: Email,
    /// Browser and system in words.
    pub browser: String,
}

/// `None` when there is no such session.
pub fn one(
    c: &mut SqliteConnection,
    actor: &Actor,
    id: SessionId,
    now: Timestamp,
) -> QueryResult<Option<EndedSession>> {
    let Some(account) = sessions::find_account(c, id)? else {
        return Ok(None);
    };
    let Some(session) = sessions::find_of_account(c, account.id, id)? else {
        return Ok(None);
    };
    sessions::delete_by_id(c, id)?;
    note(c, actor, &account, &session, now)?;
    Ok(Some(EndedSession {
        email: account.email,
        browser: session.browser,
    }))
}

/// Ends every session of the account of an address, forgets its known browsers, and returns how many those were.
pub fn all_of_address(
    c: &mut SqliteConnection,
    actor: &Actor,
    email: &Email,
    now: Timestamp,
) -> ChangeResult<usize> {
    let account = accounts::find_by_email(c, email)?.ok_or(ChangeError::NoSuchAccount)?;
    Ok(all_of(c, actor, &account, now)?)
}

/// Ends every session of an account, forgets its known browsers (SECURITY rule 33), and returns how many sessions those
/// were.
pub(super) fn all_of(
    c: &mut SqliteConnection,
    actor: &Actor,
    account: &AccountRow,
    now: Timestamp,
) -> QueryResult<usize> {
    for session in sessions::of_account(c, account.id, i64::MAX)? {
        note(c, actor, account, &session, now)?;
    }
    let forgotten = known_browsers::delete_of_account(c, account.id, None)?;
    if forgotten > 0 {
        let how_many = words::counted(forgotten, "browser", "browsers");
        actor.note(c, ActivityKind::BrowserForgotten, account, &how_many, now)?;
    }
    sessions::delete_of_account(c, account.id, None)
}

fn note(
    c: &mut SqliteConnection,
    actor: &Actor,
    account: &AccountRow,
    session: &SessionRow,
    now: Timestamp,
) -> QueryResult<()> {
    let detail = format!("{} at {}", session.browser, session.ip);
    actor.note(c, ActivityKind::SessionEnded, account, &detail, now)
}
