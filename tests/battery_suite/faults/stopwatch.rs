//! How long answers take.

use std::time::{Duration, Instant};

/// The times measured so far.
#[derive(Debug, Default)]
pub(super) struct Stopwatch(Vec<Duration>);

impl Stopwatch {
    /// Waits for an answer, and notes how long that took.
    pub(super) async fn time<T>(&mut self, answer: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let answer = answer.await;
        self.0.push(began.elapsed());
        answer
    }

    /// Takes in what another has measured.
    pub(super) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many answers there were.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// How many answers took longer than this.
    pub(super) fn longer_than(&self, bound: Duration) -> usize {
        self.0.iter().filter(|time| **time > bound).count()
    }

    /// What 95 of 100 stay within.
    pub(super) fn p95(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted[(sorted.len() - 1) * 95 / 100]
    }

    /// The slowest.
    pub(super) fn worst(&self) -> Duration {
        self.0.iter().copied().max().unwrap_or_default()
    }
}
