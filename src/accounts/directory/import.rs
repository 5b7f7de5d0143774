use std::sync::Arc;

use super::Directory;
use crate::accounts::changes::{Actor, ChangeError};
use crate::accounts::import::{self, ImportRow, Preview, Rows};
use crate::db::{DatabaseError, QueryResult, SqliteConnection};
use crate::domain::Timestamp;
use crate::mail::MailQueue;
use crate::mail::messages::Letter;

/// Rows that are added in one transaction. All other writes wait meanwhile.
const BATCH: usize = 250;

/// A row, and the invitation to send with it.
type Guest = (ImportRow, Option<Letter>);

impl Directory {
    /// Sorts a file's rows into those that would be added and those whose address already has an account.
    pub async fn preview(&self, rows: Rows) -> Result<Preview, DatabaseError> {
        self.database.read(move |c| import::preview(c, rows)).await
    }

    /// Adds the rows whose addresses have no account yet, and returns how many those were. With `invite`, each
    /// confirmed one gets an invitation.
    ///
    /// # Errors
    /// The batches before the failed one stay added. Importing the same file again adds the rest.
    pub async fn import(
        &self,
        actor: Actor,
        rows: Vec<ImportRow>,
        invite: bool,
    ) -> Result<usize, ChangeError> {
        let now = self.clock.now();
        let mut added = 0;
        for batch in rows.chunks(BATCH) {
            let invited = |row: &ImportRow| invite && row.account.confirmed;
            let letter =
                |row: &ImportRow| invited(row).then(|| self.invitation(&actor, &row.account.email));
            let guests: Vec<Guest> = batch.iter().map(|row| (row.clone(), letter(row))).collect();
            let mail = Arc::clone(&self.mail);
            added += self
                .write_as(actor.clone(), move |c, actor| {
                    Ok(add(c, actor, &guests, &mail, now)?)
                })
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
        if !import::add_new(c, actor, row, now)? {
            continue;
        }
        added += 1;
        if let Some(letter) = letter {
            mail.queue(c, &row.account.email, letter, now)?;
        }
    }
    Ok(added)
}
