//! Writes the mails about changes to accounts, which other processes may have made.

use super::outgoing;
use super::worker::{Sender, Worker};
use crate::db::account_notices::{self, AccountNoticeRow};
use crate::db::{DatabaseError, QueryResult, SqliteConnection, accounts, outgoing_mails};
use crate::domain::{AccountNotice, Role, Timestamp};
use crate::mail::messages::{Letter, LinkedMail, MovedBackMail, RoleMail, WrongCodesMail};

/// Mails that are written in one transaction.
const BATCH: i64 = 20;

impl Worker {
    /// Moves every notice into the table of waiting mail.
    pub(super) async fn write_account_notices(&self) -> Result<(), DatabaseError> {
        let are_there = |c: &mut SqliteConnection| Ok(!account_notices::oldest(c, 1)?.is_empty());
        while self.database.read(are_there).await? {
            let (sender, now) = (self.sender.clone(), self.clock.now());
            self.database
                .write_aside(move |c| {
                    account_notices::oldest(c, BATCH)?
                        .into_iter()
                        .try_for_each(|notice| write(c, &sender, &notice, now))
                })
                .await?;
        }
        Ok(())
    }
}

/// Drops a notice whose kind a newer version added.
fn write(
    c: &mut SqliteConnection,
    sender: &Sender,
    notice: &AccountNoticeRow,
    now: Timestamp,
) -> QueryResult<()> {
    account_notices::delete(c, notice.id)?;
    let account = accounts::find(c, notice.account_id)?;
    let Some((account, kind)) = account.zip(notice.kind.known()) else {
        return Ok(());
    };
    let letter = letter(kind, sender, notice.created_at).rendered(&sender.letterhead);
    let row = outgoing::row(&sender.from, &account.email, letter, now);
    outgoing_mails::insert(c, &row)
}

fn letter(kind: AccountNotice, sender: &Sender, at: Timestamp) -> Letter {
    let host = sender.letterhead.host();
    let activity_page = &sender.base_url.link("/account/activity");
    let role_mail = |role| RoleMail {
        role,
        at,
        activity_page,
    };
    match kind {
        AccountNotice::LinkedToWorkOs => {
            let sessions_page = &sender.base_url.link("/account/sessions");
            LinkedMail { at, sessions_page }.letter(host)
        }
        AccountNotice::NowAdmin => role_mail(Role::Admin).letter(host),
        AccountNotice::NowMember => role_mail(Role::Member).letter(host),
        AccountNotice::MovedBack => {
            let sign_in = &sender.base_url.link("/sign-in");
            MovedBackMail { at, sign_in }.letter(host)
        }
        AccountNotice::WrongCodes => WrongCodesMail { activity_page }.letter(host),
    }
}
