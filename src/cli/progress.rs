//! How far a long piece of work is, on a terminal; in a pipe it says nothing.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

const REFRESH: Duration = Duration::from_millis(100);

/// Shown until it is dropped. A thread of its own writes it: a terminal that stands still must not
/// hold up a transaction.
pub(super) struct Progress {
    done: Arc<AtomicUsize>,
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins with nothing done of `total`.
    pub(super) fn start(what: &'static str, total: usize) -> Self {
        let done = Arc::new(AtomicUsize::new(0));
        let (stop, stopped) = channel();
        let counter = Arc::clone(&done);
        let shown = stderr().is_terminal().then(|| {
            let thread = std::thread::spawn(move || show(what, total, &counter, &stopped));
            (stop, thread)
        });
        Self { done, shown }
    }

    /// One more is done.
    pub(super) fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.shown.take() {
            drop(stop);
            let _nothing_is_left_to_show = thread.join();
        }
    }
}

fn show(what: &str, total: usize, done: &AtomicUsize, stopped: &Receiver<()>) {
    loop {
        let count = done.load(Ordering::Relaxed);
        let _nobody_looks = write!(stderr(), "\r{what}: {count} of {total}\x1b[K");
        if stopped.recv_timeout(REFRESH) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
    let _nobody_looks = write!(stderr(), "\r\x1b[K");
}
