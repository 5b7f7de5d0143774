//! Periodic work: removes expired rows, and writes the times of last use.

use std::sync::Arc;
use std::time::Duration;

use log::{info, warn};

use crate::clock::Clock;
use crate::db::{
    Database, DatabaseError, activity, challenges, known_browsers, limit_clearances,
    operator_codes, provider_logouts, sessions, wrong_tries,
};
use crate::sign_in::email_code::{EmailCode, operator_code};
use crate::sign_in::known_browsers::KNOWN_FOR;
use crate::sign_in::limits::rules::{CLOCK_SLACK, MOST_ROWS_OF_VISITORS};
use crate::sign_in::limits::try_budget;
use crate::sign_in::session::Sessions;

/// Rows removed in one transaction, so that other writes do not wait long for it.
const BATCH: i64 = 1_000;
/// An expired challenge that was not used is kept this long, so that its page can still show the address.
const KEEP_EXPIRED: Duration = Duration::from_hours(1);
/// Activity of addresses without an account is kept this long. Any visitor can cause it.
const KEEP_STRANGERS: Duration = Duration::from_hours(14 * 24);
const WRITE_USE_EVERY: Duration = Duration::from_secs(20);
/// A clean-up happens in every ninth round.
const CLEAN_EVERY: u32 = 9;

pub struct Housekeeping {
    pub database: Database,
    pub clock: Clock,
    pub sessions: Arc<Sessions>,
    pub email_code: Arc<EmailCode>,
    pub activity_kept: Duration,
}

impl Housekeeping {
    /// Runs until the future is dropped.
    pub async fn run(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(WRITE_USE_EVERY);
        for round in 0_u32.. {
            ticks.tick().await;
            if round.is_multiple_of(CLEAN_EVERY) {
                match self.clean_up().await {
                    Ok(0) => {}
                    Ok(rows) => info!("{rows} expired rows removed"),
                    Err(e) => warn!("expired rows stay for now: {e}"),
                }
            }
            if let Err(e) = self.sessions.write_down_use().await {
                warn!("the times of last use are not written yet: {e}");
            }
        }
    }

    /// Removes expired rows and returns their number. After an error the rest is removed next time.
    pub async fn clean_up(&self) -> Result<usize, DatabaseError> {
        let now = self.clock.now();
        self.email_code.limits.sweep(now);
        self.sessions.write_down_use().await?;
        let in_force = self.sessions.lifetimes().in_force(now);
        let challenges_before = now.minus(KEEP_EXPIRED);
        // “This wasn't me” ends the session that a code began, so a used challenge is kept as long as a session lasts.
        let used_before = now.minus(self.sessions.lifetimes().max);
        // Challenges from before the clock was set back. They must not work again when that time comes.
        let challenges_after = now.plus(CLOCK_SLACK);
        let operator_codes_after = operator_code::latest_expiry(now);
        let tries_before = now.minus(try_budget::WINDOW);
        let browsers_before = now.minus(KNOWN_FOR);
        let activity_before = now.minus(self.activity_kept);
        let newest_strangers = self
            .database
            .read(|c| activity::newest_strangers_since(c, MOST_ROWS_OF_VISITORS))
            .await?;
        let strangers_before = now.minus(KEEP_STRANGERS);
        let strangers_before =
            newest_strangers.map_or(strangers_before, |at| at.max(strangers_before));
        let mut removed = 0;
        loop {
            let rows = self
                .database
                .write(move |c| {
                    let removed = [
                        challenges::delete_expired(
                            c,
                            challenges_before,
                            used_before,
                            challenges_after,
                            BATCH,
                        )?,
                        operator_codes::delete_expired(c, challenges_before, operator_codes_after)?,
                        limit_clearances::delete_before(c, tries_before)?,
                        wrong_tries::delete_before(c, tries_before, BATCH)?,
                        provider_logouts::delete_expired(c, now)?,
                        sessions::delete_expired(c, in_force, BATCH)?,
                        known_browsers::delete_unseen_since(c, browsers_before, BATCH)?,
                        activity::delete_before(c, activity_before, BATCH)?,
                        activity::delete_strangers_before(c, strangers_before, BATCH)?,
                    ];
                    Ok(removed.iter().sum::<usize>())
                })
                .await?;
            removed += rows;
            if rows < BATCH as usize {
                return Ok(removed);
            }
        }
    }
}
