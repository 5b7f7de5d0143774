//! The queue that all mail leaves from. Codes wait in memory, other mail in the database.

mod account_notices;
pub(super) mod code_request_mail;
pub(super) mod deliveries;
mod outgoing;
mod persistent;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::message::Mailbox;
use log::{error, warn};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, MissedTickBehavior};

use super::messages::{Letter, Letterhead};
use super::transport::Transport;
use crate::clock::Clock;
use crate::db::{Database, QueryResult, SqliteConnection, activity, outgoing_mails};
use crate::domain::{AccountId, ActivityId, CodeOutcome, Email, Timestamp};
use crate::metrics::Metrics;
use code_request_mail::CodeRequestMail;
use deliveries::{Deliveries, DeliveryLog};
use persistent::spawn_table_delivery;
pub use worker::Sender;
use worker::{RequestOutcome, Worker, WrongCodes};

/// Codes that may wait at once, those that wait for a retry included. A full queue does not change the answer to a
/// request.
const CAPACITY: u32 = 4_000;
/// Deliveries at once, so that one slow answer does not hold up all other mail.
const AT_ONCE: usize = 4;
/// The queue wakes at this interval, with or without mail, and sends all mail that waits. The moment of a request
/// therefore does not decide when its mail costs time, and the answer to it has left before (SECURITY rule 5).
const TICK: Duration = Duration::from_millis(250);
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
    NoMail(RequestOutcome),
    Mail(CodeRequestMail, OwnedSemaphorePermit),
    /// A mail that found the queue full.
    NoPlace(CodeRequestMail),
    WrongCodes(WrongCodes),
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

    /// Queues the mail that answers a request for a code. A code is retried until it expires.
    pub fn send_code(&self, mail: CodeRequestMail) {
        self.hand_over(match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => Incoming::Mail(mail, place),
            Err(_) => Incoming::NoPlace(mail),
        });
    }

    /// Takes the place of [`MailQueue::send_code`] for a request without a mail. The next tick writes its outcome again,
    /// so that the disk is as busy as after a mail (SECURITY rule 5).
    pub fn send_no_mail(&self, activity_id: ActivityId, outcome: CodeOutcome) {
        self.hand_over(Incoming::NoMail((activity_id, outcome)));
    }

    /// Queues a mail about wrong codes to the owner of an account, unless one was queued within `apart`. Also called for
    /// an address without an account. The next tick does the work, so the request takes the same time (SECURITY rule 5).
    pub fn tell_of_wrong_codes(&self, account: Option<AccountId>, at: Timestamp, apart: Duration) {
        self.hand_over(Incoming::WrongCodes(WrongCodes { account, at, apart }));
    }

    fn hand_over(&self, incoming: Incoming) {
        if self.codes.send(incoming).is_err() {
            error!("the mail thread is gone: no mail can be sent");
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
        let mut without_mail = Vec::new();
        loop {
            match incoming.try_recv() {
                Ok(Incoming::NoMail(outcome)) => without_mail.push(outcome),
                Ok(Incoming::Mail(mail, place)) => spawn_delivery(&worker, mail, place),
                Ok(Incoming::NoPlace(mail)) => refuse_delivery(&worker, mail),
                Ok(Incoming::WrongCodes(told)) => {
                    let worker = Arc::clone(&worker);
                    tokio::spawn(async move { worker.tell_of_wrong_codes(told).await });
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        if !without_mail.is_empty() {
            let worker = Arc::clone(&worker);
            tokio::spawn(async move { worker.note_without_mail(without_mail).await });
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
fn spawn_delivery(worker: &Arc<Worker>, mail: CodeRequestMail, place: OwnedSemaphorePermit) {
    let worker = Arc::clone(worker);
    tokio::spawn(async move {
        match mail {
            CodeRequestMail::Code(code) => worker.deliver_code(code).await,
            CodeRequestMail::Moved {
                activity_id,
                mail,
                apart,
            } => worker.deliver_moved(activity_id, mail, apart).await,
        }
        drop(place);
    });
}

fn refuse_delivery(worker: &Arc<Worker>, mail: CodeRequestMail) {
    let account = mail.account_id().0;
    warn!("the mail queue is full: no mail for account {account}");
    if let CodeRequestMail::Code(code) = mail {
        let worker = Arc::clone(worker);
        tokio::spawn(async move {
            let id = code.activity_id;
            worker.note(id, CodeOutcome::QueueFull, String::new()).await;
        });
    }
}

/// Marks codes as not sent that waited in the memory of an earlier server, so that an admin does not read that they are
/// still queued. An error does not prevent the start.
pub fn give_up_lost_codes(database: &Database) {
    let why = "The server ended before it left.";
    match database.write_blocking(|c| activity::give_up_queued(c, why)) {
        Ok(0) => {}
        Ok(count) => warn!("{count} codes were not mailed before the last server ended"),
        Err(e) => warn!("codes of the last server still count as queued: {e}"),
    }
}
