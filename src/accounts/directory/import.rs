use std::sync::Arc;

use super::Directory;
use crate::accounts::changes::Actor;
use crate::accounts::import::{self, NewRow, Preview, Rows};
use crate::db::{DatabaseError, QueryResult, SqliteConnection};
use crate::domain::Timestamp;
use crate::mail::MailQueue;
use crate::mail::messages::Letter;

/// Rows added in one transaction: everybody's writes wait meanwhile.
const AT_ONCE: usize = 250;

/// A row, and the mail that goes with it.
type Guest = (NewRow, Option<Letter>);

impl Directory {
    /// Says what would come of a file's rows, as the accounts are now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn preview(&self, rows: Rows) -> Result<Preview, DatabaseError> {
        self.database.read(move |c| import::preview(c, rows)).await
    }

    /// Adds the rows whose addresses have no account yet, and says how many; with `invite` each that is
    /// confirmed gets an invitation.
    ///
    /// # Errors
    /// When the database does not answer. What was added before that stays, and is left as it is
    /// when the same file is imported again.
    pub async fn import(
        &self,
        actor: Actor,
        rows: Vec<NewRow>,
        invite: bool,
    ) -> Result<usize, DatabaseError> {
        let now = self.clock.now();
        let mut added = 0;
        for batch in rows.chunks(AT_ONCE) {
            let invited = |row: &NewRow| invite && row.confirmed;
            let letter = |row: &NewRow| invited(row).then(|| self.invitation(&actor, &row.email));
            let guests: Vec<Guest> = batch.iter().map(|row| (row.clone(), letter(row))).collect();
            let (actor, mail) = (actor.clone(), Arc::clone(&self.mail));
            added += self
                .database
                .write(move |c| add(c, &actor, &guests, &mail, now))
                .await?;
        }
        self.mail.look_again();
        Ok(added)
    }
}

fn add(
    c: &mut SqliteConnection,
    actor: &Actor,
    guests: &[Guest],
    mail: &MailQueue,
    now: Timestamp,
) -> QueryResult<usize> {
    let mut added = 0;
    for (row, letter) in guests {
        if import::add_one(c, actor, row, now)?.is_err() {
            continue;
        }
        added += 1;
        if let Some(letter) = letter {
            mail.queue(c, row.email.as_str(), letter, now)?;
        }
    }
    Ok(added)
}
