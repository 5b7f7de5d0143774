//! Ending sessions: this one, and others of the same account.

use std::sync::Arc;

use super::{LiveSession, OwnChangeError, Sessions};
use crate::db::activity::{self, NewActivity};
use crate::db::sessions::{self, SessionRow};
use crate::db::{DatabaseError, QueryResult, SqliteConnection, known_browsers};
use crate::domain::{ActivityKind, SessionId, Timestamp, Token, TokenHash, words};
use crate::sign_in::client::Client;

impl Sessions {
    /// Ends the session of a token. A session that has ended already is not an error.
    pub async fn end(
        &self,
        hash: TokenHash,
        live: Arc<LiveSession>,
        client: Client,
    ) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        self.database
            .write(move |c| {
                sessions::delete(c, hash)?;
                live.note(c, ActivityKind::SignedOut, &client, "", now)
            })
            .await?;
        self.remembered.remove(&hash);
        self.ended.notify_one();
        Ok(())
    }

    /// Ends another session of the same account. A session of another account stays, and a session that has ended
    /// already is not an error. The result does not tell these cases apart.
    pub async fn end_one(
        &self,
        id: SessionId,
        live: Arc<LiveSession>,
        client: Client,
    ) -> Result<(), OwnChangeError> {
        let now = self.clock.now();
        self.database
            .write_checked::<_, OwnChangeError, _>(move |c| {
                live.authorization().require(c)?;
                let Some(ended) = sessions::find_of_account(c, live.account_id, id)? else {
                    return Ok(());
                };
                sessions::delete_one(c, live.account_id, id)?;
                Ok(note_ended(c, &live, &client, &ended, now)?)
            })
            .await?;
        self.ended.notify_one();
        Ok(())
    }

    /// Ends every other session of the same account, and forgets its other known browsers (SECURITY rule 33). Returns the
    /// new token of this browser, if it is known: a copy of the older one is worthless.
    pub async fn end_others(
        &self,
        live: Arc<LiveSession>,
        client: Client,
    ) -> Result<Option<Token>, OwnChangeError> {
        let now = self.clock.now();
        let newer = self
            .database
            .write_checked::<_, OwnChangeError, _>(move |c| {
                live.authorization().require(c)?;
                let all = sessions::of_account(c, live.account_id, i64::MAX)?;
                for ended in all.iter().filter(|row| row.id != live.id) {
                    note_ended(c, &live, &client, ended, now)?;
                }
                sessions::delete_of_account(c, live.account_id, Some(live.id))?;
                let this_browser = client.browser_token;
                let forgotten =
                    known_browsers::delete_of_account(c, live.account_id, this_browser)?;
                if forgotten > 0 {
                    let how_many = words::counted(forgotten, "browser", "browsers");
                    live.note(c, ActivityKind::BrowserForgotten, &client, &how_many, now)?;
                }
                let Some(older) = this_browser else {
                    return Ok(None);
                };
                let newer = Token::generate(&mut rand::rng());
                let is_known = known_browsers::replace_token(c, older, newer.hash())?;
                Ok(is_known.then_some(newer))
            })
            .await?;
        self.ended.notify_one();
        Ok(newer)
    }
}

impl LiveSession {
    /// Records an action of a person on their own account, with the impersonator if there is one.
    pub fn note(
        &self,
        c: &mut SqliteConnection,
        kind: ActivityKind,
        client: &Client,
        detail: &str,
        now: Timestamp,
    ) -> QueryResult<()> {
        let what = NewActivity {
            account_id: Some(self.account_id),
            actor: self.impersonator.as_deref().unwrap_or(""),
            detail,
            ..client.doing(self.email.as_str())
        };
        activity::add(c, kind, &what, now)?;
        Ok(())
    }
}

fn note_ended(
    c: &mut SqliteConnection,
    live: &LiveSession,
    client: &Client,
    ended: &SessionRow,
    now: Timestamp,
) -> QueryResult<()> {
    let which = format!("{} at {}", ended.browser, ended.ip);
    live.note(c, ActivityKind::SessionEnded, client, &which, now)
}
