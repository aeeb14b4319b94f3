//! Instants and durations as plain integers. No clock is read anywhere below the shell: `now` is an
//! argument.
//!
//! Colos disagree about the time and a cron run can be late, so every difference is taken with
//! [`Timestamp::since`], which is never negative: an event "from the future" has age zero. That is
//! for clocks that differ a little. What has happened and lies more than [`SKEW_MS_MAX`] ahead was
//! written down by a clock that was wrong, and is not believed ([`Timestamp::is_ahead`]).

use crate::json::text_shape;
use chrono::{DateTime, SecondsFormat};
use std::fmt;

/// A duration in whole milliseconds.
pub type Millis = u64;

/// Milliseconds in one second.
pub const SECOND: Millis = 1_000;
/// Milliseconds in one minute.
pub const MINUTE: Millis = 60 * SECOND;

/// How far ahead of the clock something may lie that has happened: so much the clocks of two
/// machines may differ. It is less than the time between two runs, so it puts off no probe.
pub const SKEW_MS_MAX: Millis = 5 * SECOND;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
///
/// Written as RFC 3339, so that people can read it, and as `+…ms` where no calendar goes that far.
/// Read as RFC 3339 with any offset, without what is finer than a millisecond; RFC 3339 has years
/// of four digits, so a later one is written and not read.
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

    /// When its minute began.
    #[must_use]
    pub fn minute(self) -> Self {
        self.minus(self.0 % MINUTE)
    }

    /// The instant `by` earlier, stopping at the beginning of time.
    #[must_use]
    pub fn minus(self, by: Millis) -> Self {
        Self(self.0.saturating_sub(by))
    }

    /// The instant `by` later, stopping at the end of time.
    #[must_use]
    pub fn plus(self, by: Millis) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// Whether this instant lies more than [`SKEW_MS_MAX`] ahead of `now`. Of something that has
    /// happened it means that a clock was wrong.
    #[must_use]
    pub fn is_ahead(self, now: Timestamp) -> bool {
        self.since(now) > SKEW_MS_MAX
    }

    /// This instant, or `now` if it is ahead.
    #[must_use]
    pub fn unless_ahead(self, now: Timestamp) -> Self {
        if self.is_ahead(now) { now } else { self }
    }
}

/// Whether a text is a time of day at which every zone has another instant: RFC 3339 but for its
/// offset, or with a blank in the middle, as databases write it.
#[must_use]
pub fn has_no_zone(text: &str) -> bool {
    let zoned = [&text.trim().replacen(' ', "T", 1), "Z"].concat();
    Timestamp::try_from(zoned).is_ok()
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dated = i64::try_from(self.0).ok().and_then(DateTime::from_timestamp_millis);
        match dated {
            Some(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "+{}ms", self.0),
        }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = BadTimestamp;
    fn try_from(text: String) -> Result<Self, BadTimestamp> {
        let instant = DateTime::parse_from_rfc3339(&text).ok();
        let ms = instant.and_then(|instant| u64::try_from(instant.timestamp_millis()).ok());
        ms.map(Self).ok_or(BadTimestamp(text))
    }
}

text_shape!(Timestamp, |text: &str| Timestamp::try_from(text.to_owned()), "an RFC 3339 instant", {
    "type": "string",
    "format": "date-time",
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    fn what_has_happened_may_lie_so_far_ahead_and_no_further() {
        let now = Timestamp::from_millis(1_000);
        for (ahead_ms, is_ahead) in
            [(SKEW_MS_MAX - 1, false), (SKEW_MS_MAX, false), (SKEW_MS_MAX + 1, true)]
        {
            let at = now.plus(ahead_ms);
            assert_eq!(at.is_ahead(now), is_ahead, "{ahead_ms}");
            assert_eq!(at.unless_ahead(now), if is_ahead { now } else { at });
        }
        assert_eq!(now.minus(400).plus(400), now);
        assert_eq!(now.minus(2_000), Timestamp::default());
    }

    #[test]
    fn what_is_not_an_instant_is_refused() {
        for bad in [
            "",
            "yesterday",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00Z and more",
            "1969-12-31T23:59:59.999Z",
            "+12026-01-31T12:00:00Z",
        ] {
            assert!(read(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn an_offset_is_reckoned_in_and_a_finer_fraction_is_cut_off() {
        let noon = read("2026-01-31T12:00:00.123Z");
        assert!(noon.is_some());
        for same in [
            "2026-01-31T14:00:00.123+02:00",
            "2026-01-31T07:30:00.123-04:30",
            "2026-01-31T12:00:00.123999999Z",
            "2026-01-31t12:00:00.123z",
            "2026-01-31 12:00:00.123Z",
        ] {
            assert_eq!(read(same), noon, "{same}");
        }
    }

    #[test]
    fn the_last_instant_of_the_calendar_has_a_date_and_the_next_one_has_not() {
        let last = Timestamp::from_millis(8_210_266_876_799_999);
        assert_eq!(last.to_string(), "+262142-12-31T23:59:59.999Z");
        assert_eq!(last.plus(1).to_string(), "+8210266876800000ms");
        assert_eq!(Timestamp::from_millis(u64::MAX).to_string(), "+18446744073709551615ms");
    }

    /// The last millisecond of the year 9999.
    const FOUR_DIGITS_MAX: Millis = 253_402_300_799_999;

    fn read(text: &str) -> Option<Timestamp> {
        Timestamp::try_from(text.to_owned()).ok()
    }

    proptest! {
        #[test]
        fn every_instant_of_a_year_of_four_digits_reads_back(ms in 0..=FOUR_DIGITS_MAX) {
            let at = Timestamp::from_millis(ms);
            prop_assert_eq!(read(&at.to_string()), Some(at));
        }

        #[test]
        fn texts_sort_as_their_instants_do(a in 0..=FOUR_DIGITS_MAX, b in 0..=FOUR_DIGITS_MAX) {
            let [a, b] = [a, b].map(Timestamp::from_millis);
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn what_can_be_read_is_written_as_the_same_instant(
            text in concat!(
                "(19|20|00)[0-9]{2}-[01][0-9]-[0-3][0-9][Tt _][0-2][0-9]:[0-6][0-9]:[0-6][0-9]",
                "(\\.[0-9]{0,11})?(Z|z|[+-][0-2][0-9]:?[0-6][0-9]| Z||\u{2212}01:00|Zx)",
            ),
        ) {
            if let Some(at) = read(&text) {
                prop_assert_eq!(read(&at.to_string()), Some(at));
            }
        }
    }
}
