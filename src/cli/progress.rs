//! Progress bars on standard error. In a pipe they show nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const REFRESH: Duration = Duration::from_millis(100);

/// Counts steps until it is dropped.
pub(super) struct CountProgress(ProgressBar);

impl CountProgress {
    pub(super) fn start(what: &'static str, total: usize) -> Self {
        let bar = bar(total as u64, "{msg}: {pos} of {len}").with_message(what);
        bar.tick();
        // From now on drawn by indicatif's thread: a terminal that stands still must not hold up a transaction.
        bar.enable_steady_tick(REFRESH);
        Self(bar)
    }

    pub(super) fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for CountProgress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Shows how large a growing file is, until it is dropped.
pub(super) struct FileProgress {
    bar: ProgressBar,
    watcher: Option<(Sender<()>, JoinHandle<()>)>,
}

impl FileProgress {
    pub(super) fn start(file: &Path, total_bytes: u64) -> Self {
        let bar = bar(
            total_bytes,
            "{decimal_bytes} of about {decimal_total_bytes}",
        );
        let watcher = (!bar.is_hidden()).then(|| {
            let (stop, stopped) = channel();
            let (bar, file) = (bar.clone(), PathBuf::from(file));
            let thread = std::thread::spawn(move || {
                while stopped.recv_timeout(REFRESH) == Err(RecvTimeoutError::Timeout) {
                    bar.set_position(fs::metadata(&file).map_or(0, |file| file.len()));
                }
            });
            (stop, thread)
        });
        Self { bar, watcher }
    }
}

impl Drop for FileProgress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.watcher.take() {
            drop(stop);
            // A watcher that panicked has nothing more to show.
            let _ended = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

fn bar(total: u64, template: &'static str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}
