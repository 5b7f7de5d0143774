use super::Directory;
use crate::accounts::changes::{self, Actor, ChangeError};
use crate::db::accounts::{AccountRow, NewAccount};
use crate::db::{DatabaseError, QueryResult, SqliteConnection};
use crate::domain::{Email, Role, Timestamp};
use crate::mail::MailQueue;
use crate::mail::messages::{InvitationMail, Letter};

/// Somebody who is to get an account.
#[derive(Debug, Clone)]
pub struct Invitee {
    /// The address.
    pub email: Email,
    /// What they are called; may be empty.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Directory {
    /// Adds a confirmed account, and sends an invitation to it.
    ///
    /// # Errors
    /// When the database does not answer; nothing is added or sent then.
    pub async fn add(
        &self,
        actor: Actor,
        invitee: Invitee,
    ) -> Result<Result<AccountRow, ChangeError>, DatabaseError> {
        let now = self.clock.now();
        let letter = self.invitation(&actor, &invitee.email);
        let mail = std::sync::Arc::clone(&self.mail);
        let added = self
            .database
            .write(move |c| add(c, &actor, &invitee, &letter, &mail, now))
            .await?;
        self.mail.look_again();
        Ok(added)
    }

    pub(super) fn invitation(&self, actor: &Actor, recipient: &Email) -> Letter {
        let mail = InvitationMail {
            inviter: actor.name(),
            recipient: recipient.as_str(),
            sign_in: &self.sign_in,
        };
        mail.letter(&self.host)
    }
}

fn add(
    c: &mut SqliteConnection,
    actor: &Actor,
    invitee: &Invitee,
    letter: &Letter,
    mail: &MailQueue,
    now: Timestamp,
) -> QueryResult<Result<AccountRow, ChangeError>> {
    let new = NewAccount {
        email: &invitee.email,
        name: &invitee.name,
        role: invitee.role,
        confirmed: true,
    };
    let added = changes::add(c, actor, &new, now)?;
    if let Ok(account) = &added {
        mail.queue(c, &account.email, letter, now)?;
    }
    Ok(added)
}
