//! The queue that all mail leaves from. Codes wait in memory, other mail in the database.

pub(super) mod code_request_mail;
pub(super) mod deliveries;
mod outgoing;
mod persistent;

use std::collections::VecDeque;
use std::io::Write;
use std::iter;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::db::{QueryResult, SqliteConnection};
use dashmap::DashMap;
use lettre::message::Mailbox;
use log::{error, info, warn};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::messages::{CodeMail, Letter, Letterhead, MovedMail, message_id};
use super::transport::{Delivery, Transport};
use crate::clock::Clock;
use crate::config::{Config, SmtpUrl};
use crate::db::outgoing_mails;
use crate::db::{Database, activity, notices};
use crate::domain::{AccountId, ActivityId, Backoff, CodeOutcome, Email, Timestamp};
use crate::metrics::Metrics;
use code_request_mail::CodeRequestMail;
use deliveries::{Deliveries, DeliveryLog};
use persistent::spawn_look;

/// Codes that may wait at once, each for up to two seconds before it is its turn: enough for some two thousand a
/// second where the mail server keeps up. A full queue changes nothing in the answer to a request.
const CAPACITY: u32 = 4_000;
/// Deliveries at once, so that one slow answer does not hold up everybody's mail.
const AT_ONCE: usize = 4;
/// The least that a mail waits: by then the answer to the request has left, and what a mail costs cannot
/// be felt in it.
const AFTER_THE_ANSWER: Duration = Duration::from_millis(50);
/// For each of the requests that come together, a mail may leave so much later, by chance, and never later than
/// the longest of these pauses: what the mails of a burst cost at once, or one mail at a moment that is known,
/// would be felt by whoever asks for something else then, and tell that there is an account (SECURITY rule 5).
const APART: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(1_900);
const RETRY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
/// How often the table is looked at when nobody asks for it.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Between two mails that say the same to the same person.
const MOVED_APART: Duration = Duration::from_hours(1);

/// The queue that all mail leaves from, on a thread of its own: what a mail costs, and how long a
/// mail server takes, cannot be seen in the answer to the request for it.
pub struct MailQueue {
    codes: UnboundedSender<Incoming>,
    places: Arc<Semaphore>,
    waiting_in_table: Arc<Notify>,
    from: Mailbox,
    letterhead: Letterhead,
    deliveries: Arc<DeliveryLog>,
}

/// What the mail thread is handed.
enum Incoming {
    /// Nothing: there is no account, or none that gets a code.
    Nothing,
    /// A mail, with its place in the queue.
    Mail(CodeRequestMail, OwnedSemaphorePermit),
    /// A mail that found no place.
    NoPlace(CodeRequestMail),
}

/// Who sends, and which way.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The mail server; `None`: the outbox.
    pub smtp: Option<SmtpUrl>,
    /// The folder for mail without a mail server.
    pub outbox: PathBuf,
    /// The sender of every mail.
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

/// A mail that has not left yet, and its place in the queue.
type Waiting = (CodeRequestMail, OwnedSemaphorePermit);

struct Worker {
    transport: Transport,
    sender: Sender,
    database: Database,
    clock: Clock,
    turns: Semaphore,
    /// Each account's mails stand in a line of their own.
    lines: DashMap<AccountId, VecDeque<Waiting>>,
    waiting_in_table: Arc<Notify>,
    deliveries: Arc<DeliveryLog>,
}

impl MailQueue {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        sender: Sender,
        database: Database,
        clock: Clock,
        metrics: Metrics,
    ) -> std::io::Result<Arc<Self>> {
        let (codes, incoming) = unbounded_channel();
        let waiting_in_table = Arc::new(Notify::new());
        let queue = Arc::new(Self {
            codes,
            places: Arc::new(Semaphore::new(CAPACITY as usize)),
            waiting_in_table: Arc::clone(&waiting_in_table),
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
            lines: DashMap::with_shard_amount(2),
            waiting_in_table,
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

    /// Puts a code in the queue, or lets the queue know that there is none to send: handing over
    /// costs the same, whether or not the address has an account (SECURITY rule 5). A code is
    /// retried for as long as it works.
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

    /// Puts a mail without secrets in the table of waiting mail, inside the caller's transaction.
    /// Call [`MailQueue::look_again`] when that is committed.
    ///
    /// # Errors
    /// When the query fails.
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

    /// There is mail in the table.
    pub fn look_again(&self) {
        self.waiting_in_table.notify_one();
    }

    /// Mails that wait in memory.
    pub fn codes_waiting(&self) -> usize {
        CAPACITY as usize - self.places.available_permits()
    }

    /// How deliveries went since the start.
    pub fn deliveries(&self) -> Deliveries {
        self.deliveries.so_far()
    }

    /// Waits until every queued code is delivered or given up, `at_most` that long; says how many
    /// are left. What waits in the table stays there for the next start.
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
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let table = Arc::new(Semaphore::new(1));
    let (mut held, mut until) = (Vec::new(), Instant::now());
    loop {
        tokio::select! {
            next = incoming.recv(), if held.is_empty() => match next {
                Some(next) => {
                    held.push(next);
                    until = Instant::now() + AFTER_THE_ANSWER;
                }
                None => return,
            },
            () = tokio::time::sleep_until(until), if !held.is_empty() => {
                let longest = longest_pause(held.len() + incoming.len());
                for due in held.drain(..) {
                    take_up(&worker, due, rand::random_range(Duration::ZERO..=longest));
                }
                // What came meanwhile is looked at together, once all of it has waited long enough.
                held.extend(iter::from_fn(|| incoming.try_recv().ok()));
                until = Instant::now() + AFTER_THE_ANSWER;
            },
            () = worker.waiting_in_table.notified() => spawn_look(&worker, &table),
            _ = looks.tick() => spawn_look(&worker, &table),
        }
    }
}

/// How late a mail may leave when so many requests come together, with or without a mail.
fn longest_pause(together: usize) -> Duration {
    let together = u32::try_from(together).unwrap_or(u32::MAX);
    APART.saturating_mul(together).min(LONGEST_PAUSE)
}

fn take_up(worker: &Arc<Worker>, due: Incoming, pause: Duration) {
    let worker = Arc::clone(worker);
    match due {
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
            let account = mail.account_id();
            let waiting = (mail, place);
            worker.lines.entry(account).or_default().push_back(waiting);
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                // Not the one that drew this pause, but the account's oldest, so that their newest mail has their
                // newest code, as far as it is ours to say: the mail server may take the later one first.
                let Some((mail, place)) = worker.next_of(account) else {
                    return;
                };
                match mail {
                    CodeRequestMail::Code(code) => worker.deliver_code(code).await,
                    CodeRequestMail::Moved(moved) => worker.deliver_moved(moved).await,
                }
                drop(place);
            });
        }
    }
}

impl Worker {
    fn next_of(&self, account: AccountId) -> Option<Waiting> {
        let next = self.lines.get_mut(&account)?.pop_front();
        self.lines.remove_if(&account, |_, line| line.is_empty());
        next
    }

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

    /// Writes down what became of a request, for the admin who is asked why no code came.
    async fn note(&self, activity_id: ActivityId, outcome: CodeOutcome, answer: String) {
        let written = self
            .database
            .write_aside(move |c| activity::set_outcome(c, activity_id, outcome, &answer))
            .await;
        if let Err(e) = written {
            warn!("what became of a code is not written down: {e}");
        }
    }

    async fn deliver_moved(&self, mail: MovedMail) {
        let now = self.clock.now();
        let account = mail.account_id.0;
        let letterhead = &self.sender.letterhead;
        let letter = mail.letter(letterhead.host()).rendered(letterhead);
        let row = outgoing::row(&self.sender.from, &mail.recipient, letter, now);
        let queued = self
            .database
            .write_aside(move |c| {
                let first = notices::claim(c, &format!("moved:{account}"), MOVED_APART, now)?;
                if first {
                    outgoing_mails::insert(c, &row)?;
                }
                Ok(first)
            })
            .await;
        match queued {
            Ok(true) => self.waiting_in_table.notify_one(),
            Ok(false) => {}
            Err(e) => error!("account {account} is not told that it moved to WorkOS: {e}"),
        }
    }

    /// Tries once, unless the mail is of no use any more when its turn comes.
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

    /// Without a mail server the terminal is where the first sign-in finds its code. Only an outbox
    /// has one, and only `localhost` has an outbox.
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

#[cfg(test)]
mod tests {
    use super::*;

    // SECURITY rule 5: what the mails of a burst cost is spread.
    #[test]
    fn a_mail_alone_waits_for_up_to_a_fifth_of_a_second_and_those_of_a_burst_for_two_seconds() {
        let millis = |together| longest_pause(together).as_millis();
        assert_eq!([0, 1, 2, 9].map(millis), [0, 200, 400, 1_800]);
        assert_eq!([10, 11, 4_000, usize::MAX].map(millis), [1_900; 4]);
    }
}
