use std::sync::Arc;

use super::Directory;
use crate::accounts::account::Account;
use crate::accounts::changes::{self, Actor, ChangeError, ChangeResult, NewAccount};
use crate::db::SqliteConnection;
use crate::domain::{Email, Role, Timestamp};
use crate::mail::MailQueue;
use crate::mail::messages::{InvitationMail, Letter};

/// A person to invite.
#[derive(Debug, Clone)]
pub struct Invitee {
    pub email: Email,
    /// May be empty.
    pub name: String,
    pub role: Role,
}

impl Directory {
    /// Adds a confirmed account and sends an invitation to it.
    pub async fn add(&self, actor: Actor, invitee: Invitee) -> Result<Account, ChangeError> {
        let now = self.clock.now();
        let letter = self.invitation(&actor, &invitee.email);
        let mail = Arc::clone(&self.mail);
        let account = self
            .write_as(actor, move |c, actor| {
                add(c, actor, invitee, &letter, &mail, now)
            })
            .await?;
        self.mail.look_again();
        Ok(account)
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
    invitee: Invitee,
    letter: &Letter,
    mail: &MailQueue,
    now: Timestamp,
) -> ChangeResult<Account> {
    let new = NewAccount {
        email: invitee.email,
        name: invitee.name,
        role: invitee.role,
        confirmed: true,
    };
    let account = changes::add(c, actor, &new, now)?;
    mail.queue(c, &account.email, letter, now)?;
    Ok(account)
}
