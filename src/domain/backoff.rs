use std::time::Duration;

/// Exponential backoff without jitter: the delay doubles with every failed attempt, up to a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
}

impl Backoff {
    pub const fn new(first: Duration, cap: Duration) -> Self {
        Self { first, cap }
    }

    /// The delay before the next attempt, when `earlier` attempts failed before the one that failed
    /// now: `first`, twice `first`, four times `first`, … up to the cap.
    pub fn delay(self, earlier: impl TryInto<u32>) -> Duration {
        let doublings = earlier.try_into().unwrap_or(u32::MAX);
        self.first
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_delay_is_twice_the_one_before_up_to_the_cap() {
        let backoff = Backoff::new(Duration::from_secs(15), Duration::from_hours(1));
        for (earlier, seconds) in [
            (0_i64, 15),
            (1, 30),
            (2, 60),
            (7, 1_920),
            (8, 3_600),
            (799, 3_600),
            (i64::MAX, 3_600),
        ] {
            assert_eq!(
                backoff.delay(earlier),
                Duration::from_secs(seconds),
                "{earlier}"
            );
        }
    }
}
