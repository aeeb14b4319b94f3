//! Instants and durations as plain integers. No clock is read anywhere below the shell: `now` is an
//! argument.
//!
//! Colos disagree about the time and a cron run can be late, so every difference is taken with
//! [`Timestamp::since`], which is never negative: an event "from the future" has age zero.

mod rfc3339;

use crate::json::text_shape;
use std::fmt;

/// A duration in whole milliseconds.
pub type Millis = u64;

/// Milliseconds in one second.
pub const SECOND: Millis = 1_000;
/// Milliseconds in one minute.
pub const MINUTE: Millis = 60 * SECOND;

/// The last instant that is written with a date, in the year 262142.
const DATED_MAX: Millis = 8_210_266_876_799_999;

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Written in JSON as RFC 3339, so that people
/// can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

/// A text that is not an RFC 3339 instant after 1970.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 instant such as `2026-01-31T12:00:00.000Z`")]
pub struct BadTimestamp(String);

impl Timestamp {
    /// The instant `ms` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this instant; zero where `earlier` is in fact later.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Millis {
        self.0.saturating_sub(earlier.0)
    }

    /// The instant `by` later, stopping at the end of time.
    #[must_use]
    pub fn plus(self, by: Millis) -> Self {
        Self(self.0.saturating_add(by))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > DATED_MAX {
            return write!(f, "+{}ms", self.0);
        }
        rfc3339::write(self.0, f)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = BadTimestamp;
    fn try_from(text: String) -> Result<Self, BadTimestamp> {
        rfc3339::parse(&text).map(Self).ok_or(BadTimestamp(text))
    }
}

text_shape!(Timestamp, |text: &str| Timestamp::try_from(text.to_owned()), "an RFC 3339 instant", {
    "type": "string",
    "format": "date-time",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_as_it_was_written() {
        for ms in [0, 1, 951_782_400_000, 1_795_305_600_123, 4_102_444_800_000] {
            let at = Timestamp::from_millis(ms);
            assert_eq!(Timestamp::try_from(at.to_string()).unwrap(), at);
        }
        assert_eq!(Timestamp::from_millis(951_782_400_000).to_string(), "2000-02-29T00:00:00.000Z");
    }

    #[test]
    fn the_future_has_age_zero() {
        let (early, late) = (Timestamp::from_millis(10), Timestamp::from_millis(30));
        assert_eq!(late.since(early), 20);
        assert_eq!(early.since(late), 0);
    }

    #[test]
    fn what_is_not_an_instant_is_refused() {
        for bad in ["", "yesterday", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z"] {
            assert!(Timestamp::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
