//! The single writer thread, with group commit. Transactions that arrive while it is busy are committed as one batch; a
//! lone transaction commits immediately.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use log::error;
use tokio::sync::oneshot;

use super::connection::{self, DatabaseError, SqliteProblem, TURN_WAIT, unavailable};
use crate::logging;

/// The shortest time between two commits under load, so that transactions gather. It is short beside an argon2 hash.
const COMMITS_APART: Duration = Duration::from_millis(10);
/// The largest batch is one more than this, so that other processes get the lock.
const JOINING: usize = 32;

/// The kind of caller that waits for a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Request,
    /// Background work. Its writes never delay the next commit: they may depend on whether an address has an account,
    /// and no request's time may show that (SECURITY rule 5).
    Background,
}

/// The last write failed because the database could not be written. A fault of one write alone, such as a duplicate
/// row, does not count.
#[derive(Debug, Clone)]
pub struct WriteTrouble {
    /// SQLite's message.
    pub why: String,
    pub problem: SqliteProblem,
    /// Monotonic, so that a change of the system's clock does not move it.
    pub at: Instant,
}

impl WriteTrouble {
    fn now(why: &str) -> Self {
        Self {
            why: why.to_owned(),
            problem: SqliteProblem::from_message(why),
            at: Instant::now(),
        }
    }
}

type Trouble = Arc<Mutex<Option<WriteTrouble>>>;

/// The handle of the writer thread.
pub(super) struct Writer {
    trouble: Trouble,
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. It opens the database for the first transaction.
    pub(super) fn start(url: &Arc<str>) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let url = Arc::clone(url);
        let trouble = Trouble::default();
        let noted = Arc::clone(&trouble);
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || work(&url, &queue, &noted))?;
        Ok(Self {
            trouble,
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Why the last write failed. `None` after a successful write.
    pub(super) fn trouble(&self) -> Option<WriteTrouble> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs a transaction, and returns after its commit. On an error nothing has changed.
    pub(super) async fn run<T, F>(&self, of: Caller, transaction: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        let (answer, mut answered) = oneshot::channel();
        let id = logging::request_id();
        let transaction =
            move |c: &mut SqliteConnection| logging::scope_blocking(id, || transaction(c));
        let begun = Arc::new(AtomicBool::new(false));
        let job = Transaction {
            queries: Some(transaction),
            result: None,
            answer,
            begun: Arc::clone(&begun),
            of,
        };
        let Some(jobs) = &self.jobs else {
            return Err(unavailable("it is being closed"));
        };
        jobs.send(Box::new(job)).map_err(unavailable)?;
        let answer = match tokio::time::timeout(TURN_WAIT, &mut answered).await {
            Ok(answer) => answer,
            Err(_) if begun.swap(true, Ordering::AcqRel) => answered.await,
            Err(_) => return Err(self.no_turn()),
        };
        answer.map_err(unavailable)?
    }

    /// Keeps the thread's own message if there is one, because it says more.
    fn no_turn(&self) -> DatabaseError {
        let why = "no turn at writing came in time";
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert_with(|| WriteTrouble::now(why));
        unavailable(why)
    }
}

impl Drop for Writer {
    /// Waits for the transactions in the queue. A transaction on the writer thread itself may drop the handle; it must
    /// not wait for itself.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
            && thread.join().is_err()
        {
            error!("the writer thread ended in a panic: a defect");
        }
    }
}

/// A transaction, without its types.
trait Job: Send {
    /// Runs the queries, unless the caller has gone away. An error means: roll back.
    fn run(&mut self, connection: &mut SqliteConnection) -> QueryResult<()>;

    fn failure(&self) -> Option<&DatabaseError>;

    fn is_of_a_request(&self) -> bool;

    /// Sends the result to the caller. `undone` says why the changes were rolled back after the queries succeeded.
    fn answer(self: Box<Self>, undone: Option<&DatabaseError>);
}

struct Transaction<T, F> {
    queries: Option<F>,
    result: Option<Result<T, DatabaseError>>,
    answer: oneshot::Sender<Result<T, DatabaseError>>,
    /// Set once: by the thread that begins it, or by the caller that gives up.
    begun: Arc<AtomicBool>,
    of: Caller,
}

impl<T, F> Job for Transaction<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send,
{
    fn run(&mut self, connection: &mut SqliteConnection) -> QueryResult<()> {
        let given_up = self.answer.is_closed() || self.begun.swap(true, Ordering::AcqRel);
        if let Some(queries) = self.queries.take()
            && !given_up
        {
            let result = queries(connection).map_err(DatabaseError::from);
            return match self.result.insert(result) {
                Ok(_) => Ok(()),
                Err(_) => Err(DieselError::RollbackTransaction),
            };
        }
        Ok(())
    }

    fn failure(&self) -> Option<&DatabaseError> {
        self.result
            .as_ref()
            .and_then(|result| result.as_ref().err())
    }

    fn is_of_a_request(&self) -> bool {
        self.of == Caller::Request
    }

    fn answer(self: Box<Self>, undone: Option<&DatabaseError>) {
        let answer = match (self.result, undone) {
            (Some(Err(e)), _) => Err(e),
            (_, Some(undone)) => Err(undone.clone()),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => return,
        };
        // The caller may have gone away.
        let _gone = self.answer.send(answer);
    }
}

/// Works until every handle is dropped.
fn work(url: &str, queue: &Receiver<Box<dyn Job>>, trouble: &Trouble) {
    let mut connection = None;
    let mut shared_at: Option<Instant> = None;
    while let Ok(first) = queue.recv() {
        if let Some(at) = shared_at {
            thread::sleep(COMMITS_APART.saturating_sub(at.elapsed()));
        }
        let mut batch = vec![first];
        let used = connection.take();
        let together = AssertUnwindSafe(|| {
            let mut opened = used.map_or_else(|| open(url), Ok)?;
            let before = changes(&mut opened, trouble)?;
            let written = commit(&mut opened, &mut batch, queue)?;
            let wrote = written && changes(&mut opened, trouble)? > before;
            // The connection is used again only after success: the state after an error or a panic is unknown.
            Ok((opened, wrote))
        });
        let undone = match catch_unwind(together) {
            Ok(Ok((opened, wrote))) => {
                connection = Some(opened);
                note(trouble, batch.iter().find_map(|job| job.failure()), wrote);
                None
            }
            Ok(Err(e)) => {
                note(trouble, Some(&e), false);
                Some(e)
            }
            Err(_) => {
                error!("a transaction panicked: a defect");
                Some(unavailable("a transaction beside it failed"))
            }
        };
        let requests = batch.iter().filter(|job| job.is_of_a_request()).count();
        shared_at = (requests > 1).then(Instant::now);
        for job in batch {
            job.answer(undone.as_ref());
        }
    }
}

/// Records a failed write, or clears it after a successful one. A transaction without changes proves nothing: it
/// commits on a full disk too.
fn note(trouble: &Trouble, failure: Option<&DatabaseError>, wrote: bool) {
    let mut trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner);
    match failure {
        Some(DatabaseError::Unavailable(why)) => *trouble = Some(WriteTrouble::now(why)),
        _ if wrote => *trouble = None,
        _ => {}
    }
}

/// How many rows this connection has changed. 0 without a query when no trouble is recorded.
fn changes(connection: &mut SqliteConnection, trouble: &Trouble) -> Result<i64, DatabaseError> {
    if trouble
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_none()
    {
        return Ok(0);
    }
    diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>(
        "total_changes()",
    ))
    .get_result(connection)
    .map_err(DatabaseError::from)
}

/// Keeps the savepoints' journal in memory; a temporary file would cost more than the savepoint.
fn open(url: &str) -> Result<SqliteConnection, DatabaseError> {
    let mut connection = connection::open(url).map_err(unavailable)?;
    connection
        .batch_execute("PRAGMA temp_store = MEMORY")
        .map_err(DatabaseError::from)?;
    Ok(connection)
}

/// Runs the first transaction and all that have arrived meanwhile, each in a savepoint, and commits them together. The
/// outer transaction takes the write lock at its start (`BEGIN IMMEDIATE`): a deferred one that reads first fails with
/// “database is locked” when another process has written in between.
///
/// Returns whether anything was committed. On an error nothing was.
fn commit(
    connection: &mut SqliteConnection,
    batch: &mut Vec<Box<dyn Job>>,
    queue: &Receiver<Box<dyn Job>>,
) -> Result<bool, DatabaseError> {
    let committed = connection.immediate_transaction(|c| {
        // No savepoint for the first: when it fails, nothing else has been written yet.
        for job in batch.iter_mut() {
            job.run(c)?;
        }
        for mut job in queue.try_iter().take(JOINING) {
            let alone = c.transaction(|c| job.run(c));
            batch.push(job);
            match alone {
                Ok(()) | Err(DieselError::RollbackTransaction) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    });
    match committed {
        Ok(()) => Ok(true),
        Err(DieselError::RollbackTransaction) => Ok(false),
        // SQLite rolls back by itself when the disk is full. The query's error says more than the failed rollback.
        Err(e) => Err(batch
            .last()
            .and_then(|job| job.failure().cloned())
            .unwrap_or_else(|| e.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use diesel::connection::SimpleConnection;
    use futures::future::join_all;

    use super::*;

    async fn with_table(folder: &tempfile::TempDir) -> Writer {
        let url = Arc::from(&*folder.path().join("w.db").to_string_lossy());
        let writer = Writer::start(&url).unwrap();
        writer
            .run(Caller::Request, |c| {
                c.batch_execute("CREATE TABLE kept (n INTEGER PRIMARY KEY)")
            })
            .await
            .unwrap();
        writer
    }

    fn keep(c: &mut SqliteConnection, n: i64) -> QueryResult<()> {
        c.batch_execute(&format!("INSERT INTO kept VALUES ({n})"))
    }

    /// The numbers of those that were told that all is written.
    fn written(answers: &[Result<(), DatabaseError>]) -> BTreeSet<i64> {
        let numbered = (0..).zip(answers);
        numbered
            .filter_map(|(n, answer)| answer.is_ok().then_some(n))
            .collect()
    }

    async fn kept(writer: &Writer) -> BTreeSet<i64> {
        let all = diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT n FROM kept");
        let all = writer.run(Caller::Request, |c| all.load(c)).await.unwrap();
        all.into_iter().collect()
    }

    #[tokio::test]
    async fn of_many_at_once_each_that_fails_takes_back_its_own_changes_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let writer = with_table(&folder).await;
        let answers = join_all((0..200).map(|n| {
            writer.run(Caller::Request, move |c| {
                keep(c, n)?;
                // Every third writes a second row that is there already.
                if n % 3 == 0 { keep(c, n) } else { Ok(()) }
            })
        }))
        .await;
        let good: BTreeSet<i64> = (0..200).filter(|n| n % 3 != 0).collect();
        for (n, answer) in (0..).zip(answers) {
            assert_eq!(answer.is_ok(), good.contains(&n), "{n}: {answer:?}");
        }
        assert_eq!(kept(&writer).await, good);
    }

    #[tokio::test]
    async fn after_a_panic_nothing_is_half_done_and_the_next_ones_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let writer = with_table(&folder).await;
        let answers = join_all((0..50).map(|n| {
            writer.run(Caller::Request, move |c| {
                keep(c, n)?;
                assert_ne!(n, 25, "as a defect would");
                Ok(())
            })
        }))
        .await;
        let answered = written(&answers);
        assert!(!answered.contains(&25));
        assert_eq!(kept(&writer).await, answered);
        writer.run(Caller::Request, |c| keep(c, 50)).await.unwrap();
    }

    #[tokio::test]
    async fn when_the_commit_itself_fails_nobody_is_told_that_anything_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let writer = with_table(&folder).await;
        let pointing =
            "CREATE TABLE pointing (n INTEGER REFERENCES kept (n) DEFERRABLE INITIALLY DEFERRED)";
        writer
            .run(Caller::Request, |c| c.batch_execute(pointing))
            .await
            .unwrap();
        let answers = join_all((0..60).map(|n| {
            writer.run(Caller::Request, move |c| {
                keep(c, n)?;
                // Found out by the commit alone.
                let nowhere = if n % 20 == 10 { 1_000 } else { n };
                c.batch_execute(&format!("INSERT INTO pointing VALUES ({nowhere})"))
            })
        }))
        .await;
        let answered = written(&answers);
        assert!(answered.len() < 60, "no commit failed");
        assert_eq!(kept(&writer).await, answered);
    }

    #[tokio::test]
    async fn that_the_disk_is_full_is_remembered_until_something_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let writer = with_table(&folder).await;
        let fill = "PRAGMA max_page_count = 1; CREATE TABLE large AS SELECT zeroblob(100000)";
        let full = writer.run(Caller::Request, move |c| c.batch_execute(fill));
        assert!(matches!(full.await, Err(DatabaseError::Unavailable(_))));
        let remembered = || writer.trouble().map(|trouble| trouble.why);
        let full = Some("database or disk is full".to_owned());
        assert_eq!(remembered(), full);

        // What changes nothing would work on a full disk, too, and so would what is taken back.
        writer
            .run(Caller::Request, |c| c.batch_execute("DELETE FROM kept"))
            .await
            .unwrap();
        assert_eq!(remembered(), full);
        let twice = writer.run(Caller::Request, |c| keep(c, 1).and_then(|()| keep(c, 1)));
        assert!(matches!(twice.await, Err(DatabaseError::Query(_))));
        assert_eq!(remembered(), full);

        writer.run(Caller::Request, |c| keep(c, 1)).await.unwrap();
        assert_eq!(remembered(), None);
        // A fault of one write alone does not count: other writes work.
        let again = writer.run(Caller::Request, |c| keep(c, 1)).await;
        assert!(matches!(again, Err(DatabaseError::Query(_))));
        assert_eq!(remembered(), None);
    }

    #[tokio::test]
    async fn whoever_waits_for_another_process_is_told_in_time_and_nothing_is_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let writer = with_table(&folder).await;
        let mut other = connection::open(&folder.path().join("w.db").to_string_lossy()).unwrap();
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        let answers =
            join_all((0..20).map(|n| writer.run(Caller::Request, move |c| keep(c, n)))).await;
        for answer in answers {
            assert!(matches!(answer, Err(DatabaseError::Unavailable(_))));
        }
        other.batch_execute("COMMIT").unwrap();
        writer.run(Caller::Request, |c| keep(c, 20)).await.unwrap();
        assert_eq!(kept(&writer).await, BTreeSet::from([20]));
    }
}
