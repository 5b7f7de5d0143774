//! Threads that do nothing but hash: as soon as one hash is done the next begins, however busy the
//! threads are that serve requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use argon2::Block;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use log::error;

/// A thread that had nothing to do for this long gives its memory back.
const REST: Duration = Duration::from_secs(20);

/// One piece of work; the memory is the thread's own.
pub(super) type Job = Box<dyn FnOnce(&mut [Block]) + Send>;

/// The threads, and the queue before them.
pub(super) struct HashPool {
    jobs: Sender<Job>,
}

impl HashPool {
    /// Starts `threads` threads, each with `blocks` KiB of memory once it has something to do.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(threads: usize, blocks: usize) -> std::io::Result<Self> {
        let (jobs, queue) = unbounded();
        for number in 0..threads {
            let queue = queue.clone();
            thread::Builder::new()
                .name(format!("hash {number}"))
                .spawn(move || work_off(&queue, blocks))?;
        }
        Ok(Self { jobs })
    }

    /// Puts work into the queue; `false` when nobody is left to do it.
    pub(super) fn put(&self, job: Job) -> bool {
        self.jobs.send(job).is_ok()
    }
}

/// Until nobody can put anything into the queue any more.
fn work_off(queue: &Receiver<Job>, blocks: usize) {
    let mut memory = Vec::new();
    loop {
        match queue.recv_timeout(REST) {
            Ok(job) => {
                // Kept between hashes: fresh pages cost a fifth of the hash itself.
                memory.resize(blocks, Block::new());
                if catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
                    error!("a code could not be hashed: a defect");
                }
            }
            Err(RecvTimeoutError::Timeout) => memory = Vec::new(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
