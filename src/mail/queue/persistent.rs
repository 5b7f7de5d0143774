//! Mail that waits in the database: it holds no secret and survives a restart.

use std::sync::Arc;

use log::{error, info, warn};
use tokio::sync::OwnedSemaphorePermit;

use super::outgoing;
use super::worker::Worker;
use crate::db::DatabaseError;
use crate::db::outgoing_mails::{self, OutgoingMailRow};
use crate::mail::messages::RenderedLetter;
use crate::mail::transport::Delivery;

/// Delivers the mail in the table that is due. The permit keeps a second reader away.
pub(super) fn spawn_table_delivery(worker: &Arc<Worker>, alone: OwnedSemaphorePermit) {
    let worker = Arc::clone(worker);
    tokio::spawn(async move {
        if let Err(e) = worker.deliver_from_table().await {
            warn!("waiting mail stays in the queue for now: {e}");
        }
        drop(alone);
    });
}

impl Worker {
    async fn deliver_from_table(&self) -> Result<(), DatabaseError> {
        self.write_account_notices().await?;
        loop {
            let now = self.clock.now();
            let due = self
                .database
                .read(move |c| outgoing_mails::due(c, now, 20))
                .await?;
            if due.is_empty() {
                return Ok(());
            }
            for row in due {
                self.deliver_row(row).await?;
            }
        }
    }

    async fn deliver_row(&self, row: OutgoingMailRow) -> Result<(), DatabaseError> {
        let letter = RenderedLetter {
            subject: row.subject,
            text: row.body_text,
            html: row.body_html,
        };
        let written_at = row.created_at;
        let id = row.message_id;
        let outcome = match letter.addressed(&self.sender.from, &row.recipient, &id, written_at) {
            Ok(message) => self.attempt(message, None).await,
            Err(e) => Delivery::Refused(e.to_string()),
        };
        let now = self.clock.now();
        let next = now.plus(outgoing::RETRY.delay(row.attempts));
        match outcome {
            Delivery::Accepted(answer) => info!("mail {id} was delivered: {answer}"),
            Delivery::Refused(e) => error!("mail {id} was refused: {e}"),
            Delivery::Later(e) if next >= row.give_up_at => error!("mail {id} was given up: {e}"),
            Delivery::Later(e) => {
                warn!("mail {id} waits until {}: {e}", next.describe());
                return self
                    .database
                    .write_aside(move |c| outgoing_mails::postpone(c, &id, next))
                    .await;
            }
        }
        self.database
            .write_aside(move |c| outgoing_mails::delete(c, &id))
            .await
    }
}
