use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash, RandomState};

use dashmap::DashMap;

use super::rules::{Limit, Limited, Rule};
use crate::domain::Timestamp;

/// Two hashes of a key, under random keys drawn at start: short, and an attacker cannot construct a collision.
type Name = [u64; 2];

/// Sliding windows for any number of keys, in bounded memory.
///
/// A window keeps the time of each request that it let through. A refused request is not kept, so it does not lengthen
/// the wait.
pub struct Windows {
    rules: Vec<Rule>,
    capacity: usize,
    moments: DashMap<Name, VecDeque<Timestamp>>,
    hashers: [RandomState; 2],
}

impl Windows {
    /// All of `rules` apply to each key. At most `capacity` keys are kept.
    pub fn new(rules: impl Into<Vec<Rule>>, capacity: usize) -> Self {
        let hashers = [RandomState::new(), RandomState::new()];
        Self {
            rules: rules.into(),
            capacity,
            moments: DashMap::with_shard_amount(16),
            hashers,
        }
    }

    /// Counts a request, or refuses it when a window is full.
    pub fn take(&self, key: &impl Hash, now: Timestamp) -> Result<(), Limited> {
        let key = self.name(key);
        if self.moments.len() >= self.capacity && !self.moments.contains_key(&key) {
            self.make_room(now);
            if self.moments.len() >= self.capacity {
                return Err(self.refused_for_lack_of_room());
            }
        }
        let mut moments = self.moments.entry(key).or_default();
        self.forget_past(&mut moments, now);
        match self.refusal(&moments, now) {
            Some(refused) => Err(refused),
            None => {
                moments.push_back(now);
                Ok(())
            }
        }
    }

    /// Uncounts the newest request of a key.
    pub fn give_back(&self, key: &impl Hash) {
        if let Some(mut moments) = self.moments.get_mut(&self.name(key)) {
            moments.pop_back();
        }
    }

    /// Forgets the requests of a key up to and including `moment`. Returns whether there were any.
    pub fn forget_until(&self, key: &impl Hash, moment: Timestamp) -> bool {
        let Some(mut moments) = self.moments.get_mut(&self.name(key)) else {
            return false;
        };
        let before = moments.len();
        moments.retain(|at| *at > moment);
        moments.len() < before
    }

    /// Forgets the keys whose windows are empty.
    pub fn sweep(&self, now: Timestamp) {
        self.moments.retain(|_, moments| {
            self.forget_past(moments, now);
            !moments.is_empty()
        });
        self.moments.shrink_to_fit();
    }

    pub fn len(&self) -> usize {
        self.moments.len()
    }

    pub fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    fn name(&self, key: &impl Hash) -> Name {
        self.hashers.each_ref().map(|hasher| hasher.hash_one(key))
    }

    fn forget_past(&self, moments: &mut VecDeque<Timestamp>, now: Timestamp) {
        let longest = self
            .rules
            .iter()
            .map(|rule| rule.window)
            .max()
            .unwrap_or_default();
        // After the clock was set back, a time in the future counts as now. Otherwise the window would stay closed
        // until that time comes.
        for at in moments.iter_mut() {
            *at = now.min(*at);
        }
        while moments.front().is_some_and(|at| now.since(*at) >= longest) {
            moments.pop_front();
        }
    }

    fn refusal(&self, moments: &VecDeque<Timestamp>, now: Timestamp) -> Option<Limited> {
        self.rules
            .iter()
            .filter_map(|rule| {
                let blocking = moments.len().checked_sub(rule.rate as usize)?;
                let wait = rule
                    .window
                    .checked_sub(now.since(*moments.get(blocking)?))?;
                (!wait.is_zero()).then_some(Limited {
                    limit: rule.limit,
                    retry_after: wait,
                })
            })
            .max_by_key(|refused| refused.retry_after)
    }

    /// Frees an eighth of the capacity. The keys with the fewest requests go first. A key with a full window never goes,
    /// so flooding the memory does not lift a limit.
    fn make_room(&self, now: Timestamp) {
        self.sweep(now);
        let goal = self.capacity - self.capacity / 8;
        let surplus = self.moments.len().saturating_sub(goal);
        if surplus == 0 {
            return;
        }
        let mut open: Vec<(usize, Name)> = self
            .moments
            .iter()
            .filter(|entry| self.refusal(entry.value(), now).is_none())
            .map(|entry| (entry.value().len(), *entry.key()))
            .collect();
        open.sort_unstable();
        for (_, key) in open.into_iter().take(surplus) {
            self.moments
                .remove_if(&key, |_, moments| self.refusal(moments, now).is_none());
        }
    }

    /// The refusal of the rule with the shortest window, for a new key when every key has a full window.
    fn refused_for_lack_of_room(&self) -> Limited {
        let shortest = self.rules.iter().min_by_key(|rule| rule.window);
        let rule = shortest.copied().unwrap_or(Limit::CodesPerMinute.rule());
        Limited {
            limit: rule.limit,
            retry_after: rule.window,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const START: Timestamp = Timestamp(1_000_000_000_000);

    fn at(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    fn ten_a_minute(capacity: usize) -> Windows {
        Windows::new(
            [Rule {
                rate: 10,
                window: MINUTE,
                ..Limit::CodesPerMinute.rule()
            }],
            capacity,
        )
    }

    #[test]
    fn the_window_slides_with_each_request_and_a_refused_one_does_not_lengthen_it() {
        let windows = ten_a_minute(100);
        for second in 0..10 {
            assert!(windows.take(&"mira", at(second)).is_ok());
        }
        for second in 10..60 {
            let refused = windows.take(&"mira", at(second)).unwrap_err();
            assert_eq!(refused.retry_after, Duration::from_secs(60 - second));
        }
        assert!(windows.take(&"mira", at(60)).is_ok());
        assert!(windows.take(&"mira", at(60)).is_err());
        assert!(windows.take(&"mira", at(61)).is_ok());
        assert!(windows.take(&"other", at(30)).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_neither_opens_a_window_nor_keeps_it_closed_for_longer() {
        let windows = ten_a_minute(100);
        for _ in 0..10 {
            windows.take(&"mira", at(3_600)).unwrap();
        }
        let refused = windows.take(&"mira", at(0)).unwrap_err();
        assert_eq!(refused.retry_after, MINUTE);
        assert!(windows.take(&"mira", at(59)).is_err());
        assert!(windows.take(&"mira", at(60)).is_ok());
    }

    // SECURITY rule 9: bounded under a million random addresses, and a limited one stays limited.
    #[test]
    fn a_million_addresses_neither_fill_the_memory_nor_open_a_closed_window() {
        let windows = ten_a_minute(10_000);
        for _ in 0..10 {
            windows.take(&"mira", START).unwrap();
        }
        for number in 0..1_000_000_u32 {
            windows.take(&number, START).unwrap();
            assert!(windows.len() <= 10_000);
        }
        assert!(!windows.is_empty());
        assert!(windows.take(&"mira", START).is_err());
        windows.sweep(at(60));
        assert!(windows.is_empty());
    }

    #[test]
    fn when_every_window_is_closed_newcomers_wait_rather_than_open_one() {
        let windows = Windows::new(
            [Rule {
                rate: 1,
                window: MINUTE,
                ..Limit::CodesPerMinute.rule()
            }],
            8,
        );
        for number in 0..8 {
            windows.take(&number, START).unwrap();
        }
        assert!(windows.take(&99, START).is_err());
        assert!(windows.take(&0, START).is_err());
        assert!(windows.take(&99, at(60)).is_ok());
    }

    #[test]
    fn room_for_a_newcomer_is_an_eighth_and_no_more() {
        let windows = ten_a_minute(800);
        for number in 0..800 {
            windows.take(&number, START).unwrap();
        }
        assert_eq!(windows.len(), 800);
        windows.take(&"one more", START).unwrap();
        assert_eq!(windows.len(), 701);
    }

    #[test]
    fn what_came_up_to_a_moment_is_forgotten_and_that_moment_too() {
        let windows = ten_a_minute(100);
        for second in 0..10 {
            windows.take(&"mira", at(second)).unwrap();
        }
        assert!(!windows.forget_until(&"mira", START.minus(MINUTE)));
        assert!(!windows.forget_until(&"other", at(9)));
        assert!(windows.forget_until(&"mira", at(3)));
        for _ in 0..4 {
            windows.take(&"mira", at(9)).unwrap();
        }
        assert!(windows.take(&"mira", at(9)).is_err());
    }

    #[test]
    fn at_once_no_more_get_through_than_one_after_the_other() {
        let windows = ten_a_minute(100);
        let let_through = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        (0..50)
                            .filter(|_| windows.take(&"mira", START).is_ok())
                            .count()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum::<usize>()
        });
        assert_eq!(let_through, 10);
    }
}
