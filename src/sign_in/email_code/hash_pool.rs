//! Threads that only hash. The next hash starts as soon as one is done, even when the threads that serve requests are
//! busy.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use argon2::Block;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use log::error;

/// A thread that is idle for this long frees its memory.
const REST: Duration = Duration::from_secs(20);

/// One hash. The memory belongs to the thread.
pub(super) type Job = Box<dyn FnOnce(&mut [Block]) + Send>;

pub(super) struct HashPool {
    jobs: Sender<Job>,
}

impl HashPool {
    /// Starts `threads` threads. Each allocates `blocks` KiB with its first job.
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

    /// Queues a job. Returns `false` when no thread is left.
    pub(super) fn put(&self, job: Job) -> bool {
        self.jobs.send(job).is_ok()
    }
}

/// Runs jobs until the pool is dropped.
fn work_off(queue: &Receiver<Job>, blocks: usize) {
    let mut memory = Vec::new();
    loop {
        match queue.recv_timeout(REST) {
            Ok(job) => {
                // The memory is kept between hashes, because fresh pages cost a fifth of the hash itself.
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
