//! How fast errors use up what the availability of a service allows.
//!
//! A promise of 99.9 % allows 0.1 % of the requests of 30 days to fail: that is the budget. A burn
//! rate of 1 uses it up in exactly that time. Each pair of windows asks two questions, whether much
//! of the budget is gone and whether it still goes: so an alert comes early and ends soon. Source:
//! Google, The Site Reliability Workbook, chapter 5, table 5-2, "multiwindow, multi-burn-rate".

use crate::config::AVAILABILITY_MS;
use crate::json::words;
use crate::time::{MINUTE, Millis};
use crate::traffic::Counts;

const HOUR: Millis = 60 * MINUTE;
/// Fewest requests in the longer window that say anything.
pub const SAMPLES_MIN: u64 = 100;
/// Fewest in the shorter one.
pub const RECENT_SAMPLES_MIN: u64 = 10;
/// What parts of a promise are counted in.
const WHOLE: u64 = 100_000;

words! {
    /// How fast.
    pub enum Speed {
        /// 14.4 times: two days would use up all.
        Fast = "fast",
        /// 6 times: five days would.
        Steady = "steady",
        /// As fast as it must not stay: 30 days would.
        Slow = "slow",
    }
}

impl Speed {
    /// The burn rate, in tenths, from which on it is so fast.
    #[must_use]
    pub fn tenths(self) -> u64 {
        match self {
            Self::Fast => 144,
            Self::Steady => 60,
            Self::Slow => 10,
        }
    }

    /// The longer and the shorter window in which it has to be.
    #[must_use]
    pub fn windows_ms(self) -> (Millis, Millis) {
        match self {
            Self::Fast => (HOUR, 5 * MINUTE),
            Self::Steady => (6 * HOUR, 30 * MINUTE),
            Self::Slow => (3 * 24 * HOUR, 6 * HOUR),
        }
    }

    /// Whether somebody has to be called at once. What is slow is a task of the next days.
    #[must_use]
    pub fn is_urgent(self) -> bool {
        self != Self::Slow
    }

    /// Its windows in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Fast => "the last hour and the last 5 minutes",
            Self::Steady => "the last 6 hours and the last 30 minutes",
            Self::Slow => "the last 3 days and the last 6 hours",
        }
    }
}

/// Whether errors burn the budget so fast, by the counts of the two windows. Too few requests say
/// nothing.
#[must_use]
pub fn is_burning(speed: Speed, promised: u32, long: &Counts, recent: &Counts) -> bool {
    long.requests >= SAMPLES_MIN
        && recent.requests >= RECENT_SAMPLES_MIN
        && [long, recent].into_iter().all(|counts| is_above(speed.tenths(), promised, counts))
}

/// The burn rate in tenths, rounded down; `None` without requests, or where nothing is allowed.
#[must_use]
pub fn rate_tenths(promised: u32, counts: &Counts) -> Option<u64> {
    let allowed = allowed(promised).saturating_mul(counts.requests);
    counts.failures.saturating_mul(10 * WHOLE).checked_div(allowed)
}

fn is_above(tenths: u64, promised: u32, counts: &Counts) -> bool {
    let failed = counts.failures.saturating_mul(10 * WHOLE);
    // Where nothing may fail, each failure is too many, and none is none.
    counts.failures > 0
        && failed >= tenths.saturating_mul(allowed(promised)).saturating_mul(counts.requests)
}

/// How many of 100,000 requests may fail.
fn allowed(promised: u32) -> u64 {
    WHOLE.saturating_sub(u64::from(promised))
}

/// What is left of the budget of 30 days, in thousandths; below 0 where more failed than is
/// allowed, and `None` without requests.
#[must_use]
pub fn left_of_1000(promised: u32, month: &Counts) -> Option<i64> {
    let rate = month.failures.saturating_mul(1_000 * WHOLE);
    let spent = rate.checked_div(allowed(promised).saturating_mul(month.requests))?;
    Some(1_000_i64.saturating_sub(i64::try_from(spent).unwrap_or(i64::MAX)))
}

/// The window of the promise.
pub const MONTH_MS: Millis = AVAILABILITY_MS;

#[cfg(test)]
mod tests {
    use super::*;

    const PROMISED: u32 = 99_900;

    fn counts(requests: u64, failures: u64) -> Counts {
        Counts { requests, failures, ..Counts::default() }
    }

    #[test]
    fn it_burns_from_the_rate_on_and_in_both_windows() {
        // 0.1 % may fail, so 14.4 times are 1.44 %, 6 times 0.6 %.
        for (speed, failures) in [(Speed::Fast, 1_440), (Speed::Steady, 600), (Speed::Slow, 100)] {
            let (much, less) = (counts(100_000, failures), counts(100_000, failures - 1));
            assert!(is_burning(speed, PROMISED, &much, &much), "{speed:?}");
            assert!(!is_burning(speed, PROMISED, &less, &much), "{speed:?}");
            assert!(!is_burning(speed, PROMISED, &much, &less), "it is over");
        }
    }

    #[test]
    fn too_few_requests_say_nothing() {
        for (long, recent, burns) in [
            (SAMPLES_MIN, RECENT_SAMPLES_MIN, true),
            (SAMPLES_MIN - 1, RECENT_SAMPLES_MIN, false),
            (SAMPLES_MIN, RECENT_SAMPLES_MIN - 1, false),
            (0, 0, false),
        ] {
            let (long, recent) = (counts(long, long), counts(recent, recent));
            assert_eq!(is_burning(Speed::Fast, PROMISED, &long, &recent), burns);
        }
    }

    #[test]
    fn where_nothing_may_fail_each_failure_burns() {
        let (none, one) = (counts(1_000, 0), counts(1_000, 1));
        assert!(!is_burning(Speed::Fast, 100_000, &none, &none));
        assert!(is_burning(Speed::Fast, 100_000, &one, &one));
        assert_eq!(rate_tenths(100_000, &one), None);
    }

    #[test]
    fn the_rate_is_the_share_of_errors_over_the_share_that_is_allowed() {
        assert_eq!(rate_tenths(PROMISED, &counts(1_000, 1)), Some(10));
        assert_eq!(rate_tenths(PROMISED, &counts(10_000, 144)), Some(144));
        assert_eq!(rate_tenths(PROMISED, &counts(1_000, 0)), Some(0));
        assert_eq!(rate_tenths(PROMISED, &counts(0, 0)), None);
    }

    #[test]
    fn the_budget_is_whole_without_errors_and_below_nothing_with_too_many() {
        for (failures, left) in [(0, 1_000), (25, 750), (100, 0), (150, -500)] {
            assert_eq!(left_of_1000(PROMISED, &counts(100_000, failures)), Some(left));
        }
        assert_eq!(left_of_1000(PROMISED, &counts(0, 0)), None);
    }

    #[test]
    fn the_windows_together_use_up_a_known_part_of_the_budget() {
        // 2 % in an hour, 5 % in six hours, 10 % in three days: table 5-2.
        for (speed, percent) in [(Speed::Fast, 2), (Speed::Steady, 5), (Speed::Slow, 10)] {
            let (long_ms, _) = speed.windows_ms();
            let tenths = speed.tenths() * long_ms * 100 / MONTH_MS;
            assert_eq!(tenths, percent * 10, "{speed:?}");
        }
    }
}
