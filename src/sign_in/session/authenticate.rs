//! Finds the session of a cookie's token, in the cache or in the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::{LiveSession, Sessions};
use crate::db::DatabaseError;
use crate::db::accounts::AccountRow;
use crate::db::sessions::{self, HeldRow, Revision, SessionRow};
use crate::domain::{Timestamp, TokenHash};

/// The last use of a session is noted at most this often.
const TOUCH_EVERY: Duration = Duration::from_secs(5);

impl Sessions {
    /// The session of a token, if it is in force. It comes from the cache if no session has ended since it was read, and
    /// otherwise from the database.
    pub fn authenticate(&self, hash: TokenHash) -> Result<Option<Arc<LiveSession>>, DatabaseError> {
        let now = self.clock.now();
        let revision = self.database.session_revision()?;
        if self.newest.store(revision) {
            self.ended.notify_one();
        }
        let remembered = self
            .remembered
            .get(&hash)
            .filter(|live| live.as_of == revision.ended);
        let live = match remembered {
            Some(live) => Some(live),
            None => self.read(hash, revision)?,
        };
        Ok(live
            .filter(|live| self.is_in_force(live, now))
            .inspect(|live| self.note_use(live, now)))
    }

    fn read(
        &self,
        hash: TokenHash,
        revision: Revision,
    ) -> Result<Option<Arc<LiveSession>>, DatabaseError> {
        let found = self.database.read_in_place(|c| sessions::find(c, hash))?;
        let live = found
            .and_then(|(session, account, held)| self.live(&session, &account, held, revision));
        match &live {
            Some(live) => self.remembered.insert(hash, Arc::clone(live)),
            None => {
                self.remembered.remove(&hash);
            }
        }
        Ok(live)
    }

    /// `None` for an account that may no longer sign in, and for a row that a newer version wrote.
    fn live(
        &self,
        session: &SessionRow,
        account: &AccountRow,
        held: Option<HeldRow>,
        revision: Revision,
    ) -> Option<Arc<LiveSession>> {
        let id = session.id;
        let noted = self.seen.get(&id).map_or(session.last_seen_at, |at| *at);
        account.may_sign_in().then_some(())?;
        Some(Arc::new(LiveSession {
            id,
            account_id: account.id,
            email: account.email.clone(),
            name: account.name.clone(),
            role: account.role.known()?,
            method: session.method.known()?,
            authentication: session.authentication_method.clone(),
            created_at: session.created_at,
            access_expires_at: held.as_ref().map(|held| held.access_expires_at),
            impersonator: held.and_then(|held| held.impersonator),
            short_lived: session.short_lived,
            last_seen_at: AtomicI64::new(noted.max(session.last_seen_at).0),
            as_of: revision.ended,
        }))
    }

    fn is_in_force(&self, live: &LiveSession, now: Timestamp) -> bool {
        self.lasts(
            live.created_at,
            Timestamp(live.last_seen_at.load(Ordering::Relaxed)),
            live.short_lived,
            now,
        )
    }

    fn note_use(&self, live: &LiveSession, now: Timestamp) {
        let last = Timestamp(live.last_seen_at.load(Ordering::Relaxed));
        if now.since(last) >= TOUCH_EVERY {
            live.last_seen_at.store(now.0, Ordering::Relaxed);
            self.seen.insert(live.id, now);
        }
    }
}
