//! What an operator does on a terminal, with the real binary beside a running server.

mod backups;
mod codes;
mod file_modes;
mod keys;
mod limits;
mod mails;
mod restores;

use vestibule::clock::Clock;
use vestibule::config::Settings;

use crate::support::process::Finished;
use crate::support::{TestApp, Workplace};

const MIRA: &str = "mira@acme.test";
const NOOR: &str = "noor@acme.test";

/// A server whose clock stands where the terminal's does.
async fn app_of_today(change: impl FnOnce(&mut Settings)) -> TestApp {
    TestApp::spawn_at(Clock::system().now(), change).await
}

/// A terminal on the machine of a server.
fn terminal(app: &TestApp) -> Workplace {
    Workplace::empty().with("DATA_DIR", app.data().to_string_lossy())
}

/// It failed, and said so in words that have all of `words` in them.
#[track_caller]
fn assert_failed(finished: &Finished, words: &[&str]) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_said(finished, words);
}

/// It was used wrongly, and said so in words that have all of `words` in them.
#[track_caller]
fn assert_misused(finished: &Finished, words: &[&str]) {
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_said(finished, words);
}

#[track_caller]
fn assert_said(finished: &Finished, words: &[&str]) {
    assert_eq!(finished.stdout, "");
    for word in words {
        assert!(
            finished.stderr.contains(word),
            "no {word:?} in {}",
            finished.stderr
        );
    }
}

/// It worked; what it said on standard output.
#[track_caller]
fn assert_fine(finished: Finished) -> String {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.stdout
}
