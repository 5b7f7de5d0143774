//! Delivers mails: the tasks that a tick of the queue starts.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::message::Mailbox;
use log::{error, info, warn};
use tokio::sync::Semaphore;

use super::deliveries::DeliveryLog;
use super::outgoing;
use crate::clock::Clock;
use crate::config::{Config, SmtpUrl};
use crate::db::accounts::AccountRow;
use crate::db::{Database, account_notices, accounts, activity, notices, outgoing_mails};
use crate::domain::{
    AccountId, AccountNotice, ActivityId, Backoff, BaseUrl, CodeOutcome, Timestamp,
};
use crate::mail::messages::{CodeMail, Letterhead, MovedMail, message_id};
use crate::mail::transport::{Delivery, Transport};

const RETRY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// The sender of all mail, and its way out.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The mail server; `None` writes mail to the outbox.
    pub smtp: Option<SmtpUrl>,
    /// The folder for mail without a mail server.
    pub outbox: PathBuf,
    pub from: Mailbox,
    /// The console's name, host and accent.
    pub letterhead: Letterhead,
    /// For the links in mails.
    pub base_url: BaseUrl,
}

impl Sender {
    pub fn new(config: &Config) -> Self {
        Self {
            smtp: config.mail.smtp.clone(),
            outbox: config.storage.data_dir.join("outbox"),
            from: config.mail.from.clone(),
            letterhead: Letterhead::new(
                config.brand_name.clone(),
                config.base_url.host(),
                config.brand_accent,
            ),
            base_url: config.base_url.clone(),
        }
    }
}

/// The outcome of a request that gets no mail: its address has no account, or the account gets no code.
pub(super) type RequestOutcome = (ActivityId, CodeOutcome);

/// Wrong codes for an address have passed the threshold for a mail.
pub(super) struct WrongCodes {
    /// `None` for an address without an account, which gets no mail.
    pub(super) account: Option<AccountId>,
    /// When the newest of them was entered.
    pub(super) at: Timestamp,
    /// The shortest time between two such mails to one account.
    pub(super) apart: Duration,
}

pub(super) struct Worker {
    pub(super) transport: Transport,
    pub(super) sender: Sender,
    pub(super) database: Database,
    pub(super) clock: Clock,
    /// Limits the deliveries at the same time.
    pub(super) turns: Semaphore,
    pub(super) new_in_table: Arc<AtomicBool>,
    pub(super) deliveries: Arc<DeliveryLog>,
}

impl Worker {
    pub(super) async fn deliver_code(&self, mail: CodeMail) {
        let account = mail.account_id.0;
        let letterhead = &self.sender.letterhead;
        let letter = mail.letter(letterhead.host()).rendered(letterhead);
        let id = message_id(&self.sender.from);
        let message = match letter.addressed(
            &self.sender.from,
            mail.recipient.as_str(),
            &id,
            mail.issued_at,
        ) {
            Ok(message) => message,
            Err(e) => {
                error!("no code for account {account}: {e}");
                let answer = e.to_string();
                return self
                    .note(mail.activity_id, CodeOutcome::Refused, answer)
                    .await;
            }
        };
        for failed in 0_u32.. {
            let pause = RETRY.delay(failed);
            match self.attempt(message.clone(), Some(mail.expires_at)).await {
                Delivery::Accepted(answer) => {
                    info!("the code for account {account} was delivered: {answer}");
                    self.show_on_terminal(&mail);
                    let outcome = match &self.transport {
                        Transport::Smtp(_) => CodeOutcome::Accepted,
                        Transport::Outbox(_) => CodeOutcome::Outbox,
                    };
                    return self.note(mail.activity_id, outcome, answer).await;
                }
                Delivery::Refused(e) => {
                    error!("the code for account {account} was refused: {e}");
                    return self.note(mail.activity_id, CodeOutcome::Refused, e).await;
                }
                Delivery::Later(e) if self.clock.now().plus(pause) >= mail.expires_at => {
                    error!("the code for account {account} was given up, it has run out: {e}");
                    return self.note(mail.activity_id, CodeOutcome::GivenUp, e).await;
                }
                Delivery::Later(e) => {
                    let seconds = pause.as_secs();
                    warn!("the code for account {account} waits {seconds} s: {e}");
                    self.note(mail.activity_id, CodeOutcome::Queued, e).await;
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Records what became of a request, for the page “Why no code?”.
    pub(super) async fn note(&self, activity_id: ActivityId, outcome: CodeOutcome, answer: String) {
        let written = self
            .database
            .write_aside(move |c| activity::set_outcome(c, activity_id, outcome, &answer))
            .await;
        if let Err(e) = written {
            warn!("what became of a code is not written down: {e}");
        }
    }

    /// Writes the outcomes of requests without a mail again, in one transaction.
    pub(super) async fn note_without_mail(&self, outcomes: Vec<RequestOutcome>) {
        let written = self
            .database
            .write_aside(move |c| {
                outcomes
                    .into_iter()
                    .try_for_each(|(id, outcome)| activity::set_outcome(c, id, outcome, ""))
            })
            .await;
        if let Err(e) = written {
            warn!("the outcomes of requests without a mail were not written again: {e}");
        }
    }

    pub(super) async fn deliver_moved(
        &self,
        activity_id: ActivityId,
        mail: MovedMail,
        apart: Duration,
    ) {
        let now = self.clock.now();
        let account = mail.account_id.0;
        let letterhead = &self.sender.letterhead;
        let letter = mail.letter(letterhead.host()).rendered(letterhead);
        let row = outgoing::row(&self.sender.from, &mail.recipient, letter, now);
        let outcome = if mail.for_admin {
            CodeOutcome::AdminsUseWorkOs
        } else {
            CodeOutcome::Moved
        };
        let queued = self
            .database
            .write_aside(move |c| {
                let first = notices::claim(c, &format!("moved:{account}"), apart, now)?;
                if first {
                    outgoing_mails::insert(c, &row)?;
                }
                activity::set_outcome(c, activity_id, outcome, "")?;
                Ok(first)
            })
            .await;
        match queued {
            Ok(true) => self.new_in_table.store(true, Ordering::Release),
            Ok(false) => {}
            Err(e) => error!("account {account} is not told to sign in with WorkOS: {e}"),
        }
    }

    pub(super) async fn tell_of_wrong_codes(&self, told: WrongCodes) {
        let WrongCodes { account, at, apart } = told;
        let queued = self
            .database
            .write_aside(move |c| {
                let account = match account {
                    Some(id) => accounts::find(c, id)?,
                    None => None,
                };
                let Some(account) = account.filter(AccountRow::may_sign_in) else {
                    return Ok(false);
                };
                let first = notices::claim(c, &format!("wrong-codes:{}", account.id), apart, at)?;
                if first {
                    account_notices::add(c, account.id, AccountNotice::WrongCodes, at)?;
                }
                Ok(first)
            })
            .await;
        match queued {
            Ok(true) => self.new_in_table.store(true, Ordering::Release),
            Ok(false) => {}
            Err(e) => error!("the owner of an account is not told of wrong codes: {e}"),
        }
    }

    /// Tries once. A mail whose use ends before its turn is not tried.
    pub(super) async fn attempt(
        &self,
        message: lettre::Message,
        of_use_until: Option<Timestamp>,
    ) -> Delivery {
        let _turn = match self.turns.acquire().await {
            Ok(turn) => turn,
            Err(e) => return Delivery::Later(e.to_string()),
        };
        if of_use_until.is_some_and(|until| self.clock.now() >= until) {
            return Delivery::Later("it waited too long for its turn".to_owned());
        }
        let delivery = self.transport.deliver(message).await;
        self.deliveries.note(&delivery, self.clock.now());
        delivery
    }

    /// Prints the code when mail goes to the outbox, for the first sign-in without a mail server. Only a console on
    /// `localhost` has an outbox.
    fn show_on_terminal(&self, mail: &CodeMail) {
        if let Transport::Outbox(folder) = &self.transport {
            let shown = writeln!(
                std::io::stdout().lock(),
                "\n  The code for {} is {}. (No SMTP_URL is set: the mail is in {}.)\n",
                mail.recipient,
                mail.code.expose(),
                folder.display()
            );
            if let Err(e) = shown {
                warn!("the code could not be shown on the terminal: {e}");
            }
        }
    }
}
