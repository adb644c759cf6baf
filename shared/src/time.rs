//! Time as a value, so that a test can run a whole function under a clock of its own.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The same moment with its fraction of a second dropped.
    pub const fn to_whole_second(self) -> Self {
        Self(self.secs() * 1000)
    }

    /// The start of the window of `length` that this moment lies in.
    pub fn window_start(self, length: Duration) -> Self {
        let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX).max(1);
        Self(self.0.div_euclid(length) * length)
    }

    /// The moment `by` later.
    pub fn after(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The moment `by` earlier.
    pub fn before(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This moment, or the first one after `earlier` if that is later: a number that orders writes as Lamport's clocks
    /// do, whatever the clock of the machine that wrote `earlier` says.
    pub fn following(self, earlier: Self) -> Self {
        self.max(Self(earlier.0.saturating_add(1)))
    }

    /// How long ago `earlier` was; zero if it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC, as in `2026-01-31T09:30:00.250Z`.
    pub fn to_rfc3339(self) -> String {
        DateTime::from_millis(self.0)
            .fmt(Format::DateTime)
            .unwrap_or_default()
    }

    /// ISO 8601 basic format in UTC without a fraction, as AWS signatures want it: `20260131T093000Z`.
    pub fn to_amz_date(self) -> String {
        self.to_whole_second().to_rfc3339().replace(['-', ':'], "")
    }
}

impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
    }
}

/// The source of the current time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The clock of the machine; what it says can jump.
    pub fn system() -> Self {
        Self::new(|| {
            let since_epoch = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time as this clock has it, to the millisecond.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_utc_and_exact() {
        let at = Timestamp::from_millis(1_769_851_800_250);
        assert_eq!(at.to_rfc3339(), "2026-01-31T09:30:00.25Z");
        assert_eq!(at.to_amz_date(), "20260131T093000Z");
        assert_eq!(
            at.window_start(Duration::from_secs(60)).to_rfc3339(),
            "2026-01-31T09:30:00Z"
        );
    }

    #[test]
    fn what_follows_is_later_than_both() {
        let (early, late) = (Timestamp::from_millis(5), Timestamp::from_millis(9));
        assert_eq!(late.following(early), late);
        assert_eq!(early.following(late), Timestamp::from_millis(10));
        assert_eq!(late.following(late), Timestamp::from_millis(10));
    }

    #[test]
    fn time_before_the_epoch_does_not_panic() {
        let at = Timestamp::from_millis(-1);
        assert_eq!(at.secs(), -1);
        assert_eq!(SystemTime::from(at), UNIX_EPOCH);
        assert_eq!(at.since(Timestamp::from_millis(5)), Duration::ZERO);
    }
}
