//! Durations, sizes and counts as text for people.

use std::fmt::Display;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const KILOBYTE: u64 = 1_000;
const MEGABYTE: u64 = 1_000 * KILOBYTE;
const GIGABYTE: u64 = 1_000 * MEGABYTE;

/// “1 account”, “2 accounts”.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, several: &str) -> String {
    let noun = noun(&count, one, several);
    format!("{count} {noun}")
}

/// The form of a noun that goes with a count: “account” for 1, otherwise “accounts”.
pub fn noun<'a, N: PartialEq + From<u8>>(count: &N, one: &'a str, several: &'a str) -> &'a str {
    if *count == N::from(1) { one } else { several }
}

/// A number with groups of three digits from 10 000 on; the space between them does not break.
pub fn grouped(number: i64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A duration to the second, in the largest unit that divides it: “7 days”, “36 hours”, “90 seconds”.
pub fn exactly(span: Duration) -> String {
    let seconds = span.as_secs();
    for (unit, one, several) in [
        (DAY, "day", "days"),
        (HOUR, "hour", "hours"),
        (MINUTE, "minute", "minutes"),
    ] {
        if seconds >= unit && seconds.is_multiple_of(unit) {
            return counted(seconds / unit, one, several);
        }
    }
    counted(seconds, "second", "seconds")
}

/// A past duration, rounded down to its largest unit: “2 hours”, “45 days”. `None` below a minute.
pub fn rounded_down(span: Duration) -> Option<String> {
    let seconds = span.as_secs();
    match seconds {
        0..MINUTE => None,
        MINUTE..HOUR => Some(counted(seconds / MINUTE, "minute", "minutes")),
        HOUR..DAY => Some(counted(seconds / HOUR, "hour", "hours")),
        _ => Some(counted(seconds / DAY, "day", "days")),
    }
}

/// A waiting time, rounded up so that a retry is not too early: minutes below an hour and a half, then hours up to two
/// days, then days.
pub fn rounded_up(wait: Duration) -> String {
    let minutes = wait.as_secs().div_ceil(MINUTE).max(1);
    let hours = minutes.div_ceil(60);
    if minutes < 90 {
        counted(minutes, "minute", "minutes")
    } else if hours <= 48 {
        counted(hours, "hour", "hours")
    } else {
        counted(hours.div_ceil(24), "day", "days")
    }
}

/// A size in decimal units, as disks are sold: “73 kB”, “1.2 MB”.
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64, name: &str| {
        let tenths = bytes / (unit / 10);
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    };
    match bytes {
        ..MEGABYTE => format!("{} kB", bytes / KILOBYTE),
        MEGABYTE..GIGABYTE => tenths(MEGABYTE, "MB"),
        _ => tenths(GIGABYTE, "GB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sizes_read_well() {
        assert_eq!(counted(0, "account", "accounts"), "0 accounts");
        assert_eq!(counted(1_u64, "account", "accounts"), "1 account");
        assert_eq!(counted(2_usize, "account", "accounts"), "2 accounts");
        assert_eq!(size(73_728), "73 kB");
        assert_eq!(size(1_250_000), "1.2 MB");
        assert_eq!(size(3_000_000_000), "3.0 GB");
    }

    #[test]
    fn long_numbers_are_grouped_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(9_999), "9999");
        assert_eq!(grouped(10_000), "10\u{a0}000");
        assert_eq!(grouped(1_234_567), "1\u{a0}234\u{a0}567");
    }

    #[test]
    fn a_setting_is_said_exactly() {
        assert_eq!(exactly(Duration::from_secs(0)), "0 seconds");
        assert_eq!(exactly(Duration::from_secs(90)), "90 seconds");
        assert_eq!(exactly(Duration::from_mins(1)), "1 minute");
        assert_eq!(exactly(Duration::from_mins(10)), "10 minutes");
        assert_eq!(exactly(Duration::from_hours(36)), "36 hours");
        assert_eq!(exactly(Duration::from_hours(7 * 24)), "7 days");
    }

    #[test]
    fn the_past_is_rounded_down() {
        let rounded = |seconds| rounded_down(Duration::from_secs(seconds));
        assert_eq!(rounded(59), None);
        assert_eq!(rounded(60).as_deref(), Some("1 minute"));
        assert_eq!(rounded(7_199).as_deref(), Some("1 hour"));
        assert_eq!(rounded(86_400 * 45).as_deref(), Some("45 days"));
    }

    #[test]
    fn a_wait_is_rounded_up() {
        assert_eq!(rounded_up(Duration::from_secs(1)), "1 minute");
        assert_eq!(rounded_up(Duration::from_secs(61)), "2 minutes");
        assert_eq!(rounded_up(Duration::from_mins(89)), "89 minutes");
        assert_eq!(rounded_up(Duration::from_mins(90)), "2 hours");
        assert_eq!(rounded_up(Duration::from_hours(24)), "24 hours");
        assert_eq!(rounded_up(Duration::from_hours(49)), "3 days");
    }
}
