//! From windows to figures. What one machine can do differs from minute to minute; what two
//! targets did in the same round can be compared. So a ratio is taken in each round, and only then
//! the median over the rounds.

use anyhow::{Context, Result};
use std::time::Duration;

/// What one target did in one cell in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    pub(super) requests_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) requests: u32,
    /// Processor time of the process for each request, where it was taken.
    pub(super) processor_us: f64,
}

impl Window {
    /// The figures of requests that took this long, all of them done in `elapsed`.
    ///
    /// **Errors**: there is no request.
    pub(super) fn of(mut taken: Vec<Duration>, elapsed: Duration) -> Result<Window> {
        taken.sort_unstable();
        let percentile = |percent| percentile(&taken, percent).map(|time| time.as_secs_f64() * 1e3);
        let none = "no request was answered";
        let requests = u32::try_from(taken.len())?;
        Ok(Window {
            requests_per_second: f64::from(requests) / elapsed.as_secs_f64(),
            p50_ms: percentile(50).context(none)?,
            p99_ms: percentile(99).context(none)?,
            requests,
            processor_us: 0.0,
        })
    }

    /// The same with what the process has spent on it.
    pub(super) fn with_processor_time(self, spent: Duration) -> Window {
        Window { processor_us: spent.as_secs_f64() * 1e6 / f64::from(self.requests), ..self }
    }
}

/// The value that so many of a hundred are not above. `None` of no values.
pub(super) fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    sorted.get(sorted.len().checked_sub(1)? * percent / 100).copied()
}

/// A median, and how far the rounds lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// `None` of no values. Of an even number the median is between the two in the middle.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let (upper, lower) = (values.len() / 2, values.len().checked_sub(1)? / 2);
        let median = f64::midpoint(*values.get(lower)?, *values.get(upper)?);
        Some(Spread { median, min: *values.first()?, max: *values.last()? })
    }
}

/// The median of one figure over the rounds.
pub(super) fn median(windows: &[Window], of: impl Fn(&Window) -> f64) -> Option<f64> {
    Spread::of(windows.iter().map(of)).map(|spread| spread.median)
}

/// The requests per second of one, in parts of the other's, round by round.
pub(super) fn ratio(one: &[Window], other: &[Window]) -> Option<Spread> {
    let rounds = one.iter().zip(other);
    Spread::of(rounds.map(|(one, other)| one.requests_per_second / other.requests_per_second))
}

/// The processor time of a request of the other's, in parts of the one's, round by round: above 1
/// the one works less, as in [`ratio`].
pub(super) fn processor_ratio(one: &[Window], other: &[Window]) -> Option<Spread> {
    Spread::of(one.iter().zip(other).map(|(one, other)| other.processor_us / one.processor_us))
}

/// By how many milliseconds the median time of one is above the other's, round by round.
pub(super) fn added_p50_ms(one: &[Window], other: &[Window]) -> Option<Spread> {
    Spread::of(one.iter().zip(other).map(|(one, other)| one.p50_ms - other.p50_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(requests_per_second: f64) -> Window {
        let p50_ms = 1_000.0 / requests_per_second;
        Window { requests_per_second, p50_ms, p99_ms: 0.0, requests: 1, processor_us: 0.0 }
    }

    #[test]
    fn a_ratio_is_taken_in_each_round_before_the_median() {
        // The machine was ten times slower in the second round, for both.
        let (us, other) = ([at(80.0), at(9.0), at(70.0)], [at(100.0), at(10.0), at(100.0)]);
        let ratio = ratio(&us, &other).unwrap();
        assert_eq!(ratio, Spread { median: 0.8, min: 0.7, max: 0.9 });
        // The ratio of the medians would be 0.7.
    }

    #[test]
    fn added_time_is_a_difference_within_a_round() {
        let added = added_p50_ms(&[at(500.0), at(100.0)], &[at(1_000.0), at(125.0)]).unwrap();
        assert_eq!(added, Spread { median: 1.5, min: 1.0, max: 2.0 });
    }

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let taken = (0..=100).rev().map(Duration::from_millis).collect();
        let window = Window::of(taken, Duration::from_secs(2)).unwrap();
        let window = window.with_processor_time(Duration::from_millis(101));
        let Window { requests_per_second, p50_ms, p99_ms, processor_us, .. } = window;
        assert_eq!((requests_per_second, p50_ms, p99_ms), (50.5, 50.0, 99.0));
        assert_eq!(format!("{processor_us:.3}"), "1000.000");
    }

    #[test]
    fn nothing_has_no_figures() {
        assert!(Window::of(Vec::new(), Duration::from_secs(1)).is_err());
        assert_eq!(Spread::of([]), None);
        assert_eq!(ratio(&[at(1.0)], &[]), None);
    }
}
