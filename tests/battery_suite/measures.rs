//! Measures times and memory, and tests whether two sets of times have the same distribution.

use std::fs;
use std::time::Duration;

/// `KS_FACTOR` × √((n + m) / nm) is what the greatest distance of two distributions of one kind stays
/// under in 999 of 1 000 cases (√(−½ ln(0.001 / 2))).
const KS_FACTOR: f64 = 1.9495;

/// Times, to be looked at in their order.
#[derive(Default, Clone)]
pub struct Times(Vec<Duration>);

impl Times {
    /// One more.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// All of `others`, too.
    pub fn append(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time that this share of them stays under.
    pub fn quantile(&self, share: f64) -> Duration {
        let sorted = self.sorted();
        let place = (share * (sorted.len() - 1) as f64).round() as usize;
        sorted[place]
    }

    /// Of the longest of them, this share.
    pub fn mean_of_longest(&self, share: f64) -> Duration {
        let sorted = self.sorted();
        let many = ((share * sorted.len() as f64).ceil() as usize).max(1);
        let longest = &sorted[sorted.len() - many..];
        longest.iter().sum::<Duration>() / u32::try_from(many).unwrap()
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.quantile(1.0)
    }

    /// p50 and p99, in milliseconds.
    pub fn in_words(&self) -> String {
        let [half, most] = [0.5, 0.99].map(|share| self.quantile(share).as_secs_f64() * 1e3);
        format!("p50 {half:.1} ms, p99 {most:.1} ms")
    }

    fn sorted(&self) -> Vec<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted
    }

    /// Two-sample Kolmogorov-Smirnov test: the statistic D, and its limit for alpha 0.001.
    pub fn distance_to(&self, other: &Self) -> (f64, f64) {
        let (one, other) = (self.sorted(), other.sorted());
        let (n, m) = (one.len() as f64, other.len() as f64);
        let (mut i, mut j, mut greatest) = (0, 0, 0.0_f64);
        while i < one.len() && j < other.len() {
            let at = one[i].min(other[j]);
            while i < one.len() && one[i] <= at {
                i += 1;
            }
            while j < other.len() && other[j] <= at {
                j += 1;
            }
            greatest = greatest.max((i as f64 / n - j as f64 / m).abs());
        }
        (greatest, KS_FACTOR * ((n + m) / (n * m)).sqrt())
    }
}

/// The resident memory of a process, in MiB.
pub fn resident(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib / 1024.0
}
