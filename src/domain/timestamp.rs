use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::words;

/// The last moment that RFC 3339 can write, in seconds since 1970 UTC.
const END_OF_YEAR_9999: u64 = 253_402_300_799;

/// A moment, in milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `span` later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// The moment `span` earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// The time since `earlier`; zero if `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).try_into().unwrap_or(0))
    }

    /// For the `datetime` attribute, as in `2026-11-23T16:53:44Z` (RFC 3339).
    pub fn rfc3339(self) -> impl fmt::Display {
        let seconds = u64::try_from(self.0 / 1000)
            .unwrap_or(0)
            .min(END_OF_YEAR_9999);
        humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    /// For people, as in `23 Nov 2026, 16:53 UTC`.
    pub fn describe(self) -> String {
        self.utc()
            .format(format_description!(
                "[day padding:none] [month repr:short] [year], [hour]:[minute] UTC"
            ))
            .unwrap_or_default()
    }

    /// The first moment of a day in UTC, written as in `2026-11-23`; `None` for anything else.
    pub fn start_of_day(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let year = parts.next()?.parse().ok()?;
        let month: u8 = parts.next()?.parse().ok()?;
        let day = parts.next()?.parse().ok()?;
        let date = Date::from_calendar_date(year, month.try_into().ok()?, day).ok()?;
        Some(Self(date.midnight().assume_utc().unix_timestamp() * 1000))
    }

    /// “just now”, “2 hours ago”.
    pub fn ago(self, now: Self) -> Cow<'static, str> {
        match words::rounded_down(now.since(self)) {
            None => Cow::Borrowed("just now"),
            Some(span) => Cow::Owned(format!("{span} ago")),
        }
    }

    fn utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0 / 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

fn millis(span: Duration) -> i64 {
    span.as_millis().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_well_at_every_distance() {
        let then = Timestamp(1_000_000_000_000);
        let after = |seconds| then.ago(then.plus(Duration::from_secs(seconds)));
        assert_eq!(after(0), "just now");
        assert_eq!(after(59), "just now");
        assert_eq!(after(60), "1 minute ago");
        assert_eq!(after(7_199), "1 hour ago");
        assert_eq!(after(7_200), "2 hours ago");
        assert_eq!(after(86_400 * 45), "45 days ago");
        assert_eq!(then.plus(Duration::from_secs(5)).ago(then), "just now");
        assert_eq!(then.rfc3339().to_string(), "2001-09-09T01:46:40Z");
        assert_eq!(then.describe(), "9 Sep 2001, 01:46 UTC");
    }

    #[test]
    fn a_day_begins_at_midnight_utc_and_nothing_else_is_a_day() {
        let day = Timestamp::start_of_day("2001-09-09").unwrap();
        assert_eq!(day.rfc3339().to_string(), "2001-09-09T00:00:00Z");
        assert_eq!(Timestamp::start_of_day("1970-01-01"), Some(Timestamp(0)));
        for text in [
            "",
            "2001",
            "2001-9",
            "2001-02-29",
            "2001-13-01",
            "9.9.2001",
            "2001-09-09T",
            "99999999-01-01",
        ] {
            assert_eq!(Timestamp::start_of_day(text), None, "{text}");
        }
    }
}
