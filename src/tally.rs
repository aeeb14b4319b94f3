//! Counts of recent events.

use crate::json::{Reader, Shape};
use crate::time::{MINUTE, Millis, Timestamp};
use serde_json::Value;

/// Most minutes that are kept.
const MINUTES_MAX: usize = 60;

/// Counts per minute over the last hour.
///
/// **Invariant.** Sorted by minute, each minute once, at most 60.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(Vec<(Timestamp, u32)>);

impl Tally {
    /// Adds `count` events.
    pub fn add(&mut self, count: u32, now: Timestamp) {
        let minute = Timestamp::from_millis(now.millis() / MINUTE * MINUTE);
        match self.0.last_mut() {
            // If the clock went back, the order must hold.
            Some((last, counted)) if *last >= minute => *counted = counted.saturating_add(count),
            _ => self.0.push((minute, count)),
        }
        let excess = self.0.len().saturating_sub(MINUTES_MAX);
        self.0.drain(..excess);
    }

    /// Counts what a clock that was wrong counted ahead of `now` as of now, so that it grows old.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let minute = Timestamp::from_millis(now.millis() / MINUTE * MINUTE);
        let is_ahead = |(at, _): &&(Timestamp, u32)| at.is_ahead(now);
        let ahead = self.0.iter().filter(is_ahead);
        let count = ahead.fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
        self.0.retain(|(at, _)| !at.is_ahead(now));
        if count > 0 {
            self.add(count, minute);
        }
    }

    /// Events in the last `window_ms`. The minute in which the window begins counts whole, so the
    /// result is never too low.
    #[must_use]
    pub fn within(&self, window_ms: Millis, now: Timestamp) -> u32 {
        let counts = self.0.iter().filter(|(minute, _)| now.since(*minute) < window_ms + MINUTE);
        counts.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

impl Shape for Tally {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        Vec::read(value, reader).map(Self)
    }

    fn write(&self) -> Value {
        self.0.write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE + 1)
    }

    #[test]
    fn what_is_older_than_the_window_no_longer_counts() {
        let mut tally = Tally::default();
        tally.add(2, at(0));
        tally.add(3, at(4));
        tally.add(1, at(4));
        assert_eq!(tally.within(5 * MINUTE, at(4)), 6);
        assert_eq!(tally.within(5 * MINUTE, at(5)), 6);
        assert_eq!(tally.within(5 * MINUTE, at(6)), 4);
        assert_eq!(tally.within(5 * MINUTE, at(60)), 0);
    }

    #[test]
    fn what_was_counted_ahead_of_the_clock_grows_old_from_now_on() {
        let mut tally = Tally::default();
        tally.add(2, at(3));
        tally.add(3, at(14));
        tally.add(4, at(15));
        tally.forget_the_future(at(4));
        assert_eq!(tally.within(5 * MINUTE, at(4)), 9);
        assert_eq!(tally.within(5 * MINUTE, at(9)), 7);
        assert_eq!(tally.within(5 * MINUTE, at(10)), 0);
        let before = tally.clone();
        tally.forget_the_future(at(4));
        assert_eq!(tally, before);
    }

    #[test]
    fn it_never_grows_beyond_an_hour() {
        let mut tally = Tally::default();
        (0..1_000).for_each(|minute| tally.add(1, at(minute)));
        assert_eq!(tally.within(60 * MINUTE, at(999)), 60);
        tally.add(1, at(5));
        assert_eq!(tally.within(60 * MINUTE, at(999)), 61);
    }
}
