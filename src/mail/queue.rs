//! The queue that all mail leaves from. Codes wait in memory, other mail in the database.

pub(super) mod code_request_mail;
pub(super) mod deliveries;
mod outgoing;
mod persistent;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::db::{QueryResult, SqliteConnection};
use lettre::message::Mailbox;
use log::{error, info, warn};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, MissedTickBehavior};

use super::messages::{CodeMail, Letter, Letterhead, MovedMail, message_id};
use super::transport::{Delivery, Transport};
use crate::clock::Clock;
use crate::config::{Config, SmtpUrl};
use crate::db::outgoing_mails;
use crate::db::{Database, activity, notices};
use crate::domain::{ActivityId, Backoff, CodeOutcome, Email, Timestamp};
use crate::metrics::Metrics;
use code_request_mail::CodeRequestMail;
use deliveries::{Deliveries, DeliveryLog};
use persistent::spawn_table_delivery;

/// Codes that may wait at once, those that wait for a retry included. A full queue does not change the answer to a
/// request.
const CAPACITY: u32 = 4_000;
/// Deliveries at once, so that one slow answer does not hold up all other mail.
const AT_ONCE: usize = 4;
/// The queue wakes at this interval, with or without mail, and sends all mail that waits. The moment of a request
/// therefore does not decide when its mail costs time, and the answer to it has left before (SECURITY rule 5).
const TICK: Duration = Duration::from_millis(250);
const RETRY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
/// How often the table is read when no new row was announced, for mail whose retry is due.
const READ_TABLE_EVERY: Duration = Duration::from_secs(30);

/// The queue that all mail leaves from. It runs on its own thread, so the answer to a request waits neither for the
/// work of sending nor for the mail server.
pub struct MailQueue {
    codes: UnboundedSender<Incoming>,
    places: Arc<Semaphore>,
    new_in_table: Arc<AtomicBool>,
    from: Mailbox,
    letterhead: Letterhead,
    deliveries: Arc<DeliveryLog>,
}

/// What a request for a code hands to the mail thread.
enum Incoming {
    /// No mail: the address has no account, or the account gets no code.
    Nothing,
    Mail(CodeRequestMail, OwnedSemaphorePermit),
    /// A mail that found the queue full.
    NoPlace(CodeRequestMail),
}

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
        }
    }
}

struct Worker {
    transport: Transport,
    sender: Sender,
    database: Database,
    clock: Clock,
    turns: Semaphore,
    new_in_table: Arc<AtomicBool>,
    deliveries: Arc<DeliveryLog>,
}

impl MailQueue {
    /// Starts the mail thread.
    pub fn start(
        sender: Sender,
        database: Database,
        clock: Clock,
        metrics: Metrics,
    ) -> std::io::Result<Arc<Self>> {
        let (codes, incoming) = unbounded_channel();
        let new_in_table = Arc::<AtomicBool>::default();
        let queue = Arc::new(Self {
            codes,
            places: Arc::new(Semaphore::new(CAPACITY as usize)),
            new_in_table: Arc::clone(&new_in_table),
            from: sender.from.clone(),
            letterhead: sender.letterhead.clone(),
            deliveries: Arc::new(DeliveryLog::new(metrics)),
        });
        let worker = Worker {
            transport: Transport::Outbox(sender.outbox.clone()),
            sender,
            database,
            clock,
            turns: Semaphore::new(AT_ONCE),
            new_in_table,
            deliveries: Arc::clone(&queue.deliveries),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("mail".to_owned())
            .spawn(move || runtime.block_on(work(worker, incoming)))?;
        Ok(queue)
    }

    /// Queues the mail that answers a request for a code. `None` is queued too, so that the call costs the same
    /// whether or not the address has an account (SECURITY rule 5). A code is retried until it expires.
    pub fn send_code(&self, mail: Option<CodeRequestMail>) {
        let incoming = mail.map_or(Incoming::Nothing, |mail| {
            match (Arc::clone(&self.places).try_acquire_owned(), mail) {
                (Ok(place), mail) => Incoming::Mail(mail, place),
                (Err(_), mail) => Incoming::NoPlace(mail),
            }
        });
        if self.codes.send(incoming).is_err() {
            error!("the mail thread is gone: no code can be sent");
        }
    }

    /// Writes a mail without secrets to the table of waiting mail, inside the caller's transaction. The caller
    /// calls [`MailQueue::look_again`] after the commit.
    pub fn queue(
        &self,
        c: &mut SqliteConnection,
        recipient: &Email,
        letter: &Letter,
        now: Timestamp,
    ) -> QueryResult<()> {
        let letter = letter.rendered(&self.letterhead);
        let row = outgoing::row(&self.from, recipient, letter, now);
        outgoing_mails::insert(c, &row)
    }

    /// Announces new mail in the table. The queue reads the table at its next tick.
    pub fn look_again(&self) {
        self.new_in_table.store(true, Ordering::Release);
    }

    /// How many mails wait in memory.
    pub fn codes_waiting(&self) -> usize {
        CAPACITY as usize - self.places.available_permits()
    }

    /// How deliveries went since the start.
    pub fn deliveries(&self) -> Deliveries {
        self.deliveries.so_far()
    }

    /// Waits up to `at_most` until every queued code is delivered or given up, and returns how many are left. Mail in
    /// the table stays there for the next start.
    pub async fn drain(&self, at_most: Duration) -> usize {
        let all = self.places.acquire_many(CAPACITY);
        match tokio::time::timeout(at_most, all).await {
            Ok(_) => 0,
            Err(_) => self.codes_waiting(),
        }
    }
}

async fn work(mut worker: Worker, mut incoming: UnboundedReceiver<Incoming>) {
    if let Some(url) = &worker.sender.smtp {
        worker.transport = match Transport::smtp(url) {
            Ok(transport) => transport,
            Err(e) => return error!("no mail can be sent, SMTP_URL cannot be used: {e}"),
        };
    }
    let worker = Arc::new(worker);
    let table = Arc::new(Semaphore::new(1));
    let mut table_read_at = None;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        loop {
            match incoming.try_recv() {
                Ok(next) => start_delivery(&worker, next),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        // One reader at a time: two would send the same mail twice.
        if let Ok(alone) = Arc::clone(&table).try_acquire_owned() {
            let is_due = table_read_at.is_none_or(|at: Instant| at.elapsed() >= READ_TABLE_EVERY);
            if worker.new_in_table.swap(false, Ordering::AcqRel) || is_due {
                table_read_at = Some(Instant::now());
                spawn_table_delivery(&worker, alone);
            }
        }
    }
}

/// Starts a task for a mail. Deliveries begin in the order of the requests: the runtime polls new tasks in order, and
/// the semaphore that limits them is fair.
fn start_delivery(worker: &Arc<Worker>, incoming: Incoming) {
    let worker = Arc::clone(worker);
    match incoming {
        Incoming::Nothing => {}
        Incoming::NoPlace(mail) => {
            let account = mail.account_id().0;
            warn!("the mail queue is full: no mail for account {account}");
            if let CodeRequestMail::Code(code) = mail {
                tokio::spawn(async move {
                    let id = code.activity_id;
                    worker.note(id, CodeOutcome::QueueFull, String::new()).await;
                });
            }
        }
        Incoming::Mail(mail, place) => {
            tokio::spawn(async move {
                match mail {
                    CodeRequestMail::Code(code) => worker.deliver_code(code).await,
                    CodeRequestMail::Moved { mail, apart } => {
                        worker.deliver_moved(mail, apart).await
                    }
                }
                drop(place);
            });
        }
    }
}

impl Worker {
    async fn deliver_code(&self, mail: CodeMail) {
        let account = mail.account_id.0;
        let letterhead = &self.sender.letterhead;
        let letter = mail.letter(letterhead.host()).rendered(letterhead);
        let id = message_id(&self.sender.from);
        let message =
            match letter.addressed(&self.sender.from, mail.recipient.as_str(), &id, mail.issued_at) {
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
    async fn note(&self, activity_id: ActivityId, outcome: CodeOutcome, answer: String) {
        let written = self
            .database
            .write_aside(move |c| activity::set_outcome(c, activity_id, outcome, &answer))
            .await;
        if let Err(e) = written {
            warn!("what became of a code is not written down: {e}");
        }
    }

    async fn deliver_moved(&self, mail: MovedMail, apart: Duration) {
        let now = self.clock.now();
        let account = mail.account_id.0;
        let letterhead = &self.sender.letterhead;
        let letter = mail.letter(letterhead.host()).rendered(letterhead);
        let row = outgoing::row(&self.sender.from, &mail.recipient, letter, now);
        let queued = self
            .database
            .write_aside(move |c| {
                let first = notices::claim(c, &format!("moved:{account}"), apart, now)?;
                if first {
                    outgoing_mails::insert(c, &row)?;
                }
                Ok(first)
            })
            .await;
        match queued {
            Ok(true) => self.new_in_table.store(true, Ordering::Release),
            Ok(false) => {}
            Err(e) => error!("account {account} is not told that it moved to WorkOS: {e}"),
        }
    }

    /// Tries once. A mail whose use ends before its turn is not tried.
    async fn attempt(&self, message: lettre::Message, of_use_until: Option<Timestamp>) -> Delivery {
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
