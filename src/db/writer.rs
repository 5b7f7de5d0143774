//! The one thread that writes. What is asked of it while it is busy is committed together: many people
//! who sign in at once share the price of a commit, and whoever is alone waits for nobody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use log::error;
use tokio::sync::oneshot;

use super::pool::{self, DatabaseError};

/// How long a request waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(4);
/// Between two commits under load: nobody notices it beside the wait for a hash, and a handful of
/// transactions gather.
const COMMITS_APART: Duration = Duration::from_millis(10);
/// Transactions that are committed together, at most: the write lock is not held for longer.
const TOGETHER: usize = 32;

/// Hands transactions to the thread.
pub(super) struct Writer {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; it opens the database with the first transaction.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(url: &Arc<str>) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let url = Arc::clone(url);
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || work_off(&url, &queue))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Runs one transaction, and answers once it is committed.
    ///
    /// # Errors
    /// See [`DatabaseError`]; nothing is changed then.
    pub(super) async fn run<T, F>(&self, transaction: F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    {
        let (answer, mut answered) = oneshot::channel();
        let begun = Arc::new(AtomicBool::new(false));
        let job = Transaction {
            queries: Some(transaction),
            result: None,
            answer,
            begun: Arc::clone(&begun),
        };
        let Some(jobs) = &self.jobs else {
            return Err(pool::unavailable("it is being closed"));
        };
        jobs.send(Box::new(job)).map_err(pool::unavailable)?;
        let answer = match tokio::time::timeout(TURN_WAIT, &mut answered).await {
            Ok(answer) => answer,
            Err(_) if begun.swap(true, Ordering::AcqRel) => answered.await,
            Err(_) => return Err(pool::unavailable("no turn at writing came in time")),
        };
        answer.map_err(pool::unavailable)?
    }
}

impl Drop for Writer {
    /// Waits for what has been begun, unless that is what lets go of it.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
            && thread.join().is_err()
        {
            error!("the thread that writes has ended in a panic: a defect");
        }
    }
}

/// A transaction of some type or other.
trait Job: Send {
    /// Runs the queries, unless nobody waits for them any more.
    ///
    /// # Errors
    /// When they failed, and what they changed is to be taken back.
    fn run(&mut self, connection: &mut SqliteConnection) -> QueryResult<()>;

    /// Answers; `undone` says why what was changed is not there after all.
    fn answer(self: Box<Self>, undone: Option<&str>);
}

struct Transaction<T, F> {
    queries: Option<F>,
    result: Option<QueryResult<T>>,
    answer: oneshot::Sender<Result<T, DatabaseError>>,
    /// By the thread, or given up by who asked: whoever comes first.
    begun: Arc<AtomicBool>,
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
            let result = self.result.insert(queries(connection));
            return match result {
                Ok(_) => Ok(()),
                Err(_) => Err(DieselError::RollbackTransaction),
            };
        }
        Ok(())
    }

    fn answer(self: Box<Self>, undone: Option<&str>) {
        let answer = match (self.result, undone) {
            (Some(Ok(_)) | None, Some(why)) => Err(pool::unavailable(why)),
            (Some(Err(e)), _) => Err(DatabaseError::from_diesel(e)),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => return,
        };
        // Whoever asked may have gone away meanwhile.
        let _gone = self.answer.send(answer);
    }
}

/// Until nobody can ask for anything any more.
fn work_off(url: &str, queue: &Receiver<Box<dyn Job>>) {
    let mut connection = None;
    let mut shared_at: Option<Instant> = None;
    while let Ok(first) = queue.recv() {
        if let Some(at) = shared_at {
            thread::sleep(COMMITS_APART.saturating_sub(at.elapsed()));
        }
        let mut batch = vec![first];
        let used = connection.take().map_or_else(|| pool::open(url), Ok);
        let committed = used.and_then(|mut opened| {
            let together = AssertUnwindSafe(|| commit(&mut opened, &mut batch, queue));
            catch_unwind(together).unwrap_or_else(|_| {
                error!("a transaction panicked: a defect");
                Err("a transaction beside it failed".to_owned())
            })?;
            // Only then: what an error or a panic left behind is not known.
            connection = Some(opened);
            Ok(())
        });
        if committed.is_err() {
            // Whoever came while the lock was waited for has waited long enough, too.
            batch.extend(queue.try_iter());
        }
        // Whoever is alone waits for nobody.
        shared_at = (batch.len() > 1).then(Instant::now);
        for job in batch {
            job.answer(committed.as_ref().err().map(String::as_str));
        }
    }
}

/// Runs the first of the batch, and then whatever has come meanwhile, each for itself within one
/// transaction that takes the write lock up front: a deferred one that reads first fails with
/// “database is locked” when another has written in between.
fn commit(
    connection: &mut SqliteConnection,
    batch: &mut Vec<Box<dyn Job>>,
    queue: &Receiver<Box<dyn Job>>,
) -> Result<(), String> {
    let committed = connection.immediate_transaction(|c| {
        // When the first fails, all that is taken back is its own.
        for job in batch.iter_mut() {
            job.run(c)?;
        }
        for mut job in queue.try_iter().take(TOGETHER) {
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
        Ok(()) | Err(DieselError::RollbackTransaction) => Ok(()),
        Err(e) => Err(e.to_string()),
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
            .run(|c| c.batch_execute("CREATE TABLE kept (n INTEGER PRIMARY KEY)"))
            .await
            .unwrap();
        writer
    }

    fn keep(c: &mut SqliteConnection, n: i64) -> QueryResult<()> {
        c.batch_execute(&format!("INSERT INTO kept VALUES ({n})"))
    }

    async fn kept(writer: &Writer) -> BTreeSet<i64> {
        let all = diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT n FROM kept");
        let all = writer.run(|c| all.load(c)).await.unwrap();
        all.into_iter().collect()
    }

    #[tokio::test]
    async fn of_many_at_once_each_that_fails_takes_back_its_own_changes_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let writer = with_table(&folder).await;
        let answers = join_all((0..200).map(|n| {
            writer.run(move |c| {
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
            writer.run(move |c| {
                keep(c, n)?;
                assert_ne!(n, 25, "as a defect would");
                Ok(())
            })
        }))
        .await;
        let answered: BTreeSet<i64> = (0..)
            .zip(&answers)
            .filter_map(|(n, answer)| answer.is_ok().then_some(n))
            .collect();
        assert!(!answered.contains(&25));
        assert_eq!(kept(&writer).await, answered);
        writer.run(|c| keep(c, 50)).await.unwrap();
    }

    #[tokio::test]
    async fn whoever_waits_for_another_process_is_told_in_time_and_nothing_is_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let writer = with_table(&folder).await;
        let mut other = pool::open(&folder.path().join("w.db").to_string_lossy()).unwrap();
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        let answers = join_all((0..20).map(|n| writer.run(move |c| keep(c, n)))).await;
        for answer in answers {
            assert!(matches!(answer, Err(DatabaseError::Unavailable(_))));
        }
        other.batch_execute("COMMIT").unwrap();
        writer.run(|c| keep(c, 20)).await.unwrap();
        assert_eq!(kept(&writer).await, BTreeSet::from([20]));
    }
}
