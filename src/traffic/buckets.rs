//! Counts by time.

use super::counts::Counts;
use super::sum::Sum;
use crate::json::{Reader, Shape};
use crate::time::{Millis, Timestamp};
use serde_json::Value;

/// Counts of the last `MAX` steps of `STEP_MS` each.
///
/// **Invariant.** Sorted by step, each step once, at most `MAX`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buckets<const STEP_MS: u64, const MAX: u64, T = Counts>(Vec<(u64, T)>);

impl<const STEP_MS: u64, const MAX: u64, T: Sum> Buckets<STEP_MS, MAX, T> {
    /// The longest window that these counts cover.
    pub const SPAN_MS: Millis = STEP_MS * (MAX - 1);

    /// Adds what happened at this instant.
    pub fn add(&mut self, counts: &T, at: Timestamp) {
        self.add_to(at.millis() / STEP_MS, counts);
    }

    fn add_to(&mut self, step: u64, counts: &T) {
        // What arrives late belongs before the last step, not far.
        let place = self.0.iter().rposition(|(known, _)| *known <= step);
        let same = place.and_then(|place| self.0.get_mut(place));
        match same.filter(|(known, _)| *known == step) {
            Some((_, known)) => known.add(counts),
            None => self.0.insert(place.map_or(0, |place| place + 1), (step, *counts)),
        }
        let last = self.0.last().map_or(0, |(step, _)| *step);
        let oldest = last.saturating_sub(MAX - 1);
        self.0.retain(|(step, _)| *step >= oldest);
    }

    /// What happened in the last `window_ms`. The step in which the window begins counts whole.
    #[must_use]
    pub fn within(&self, window_ms: Millis, now: Timestamp) -> T {
        let (first, last) = (now.minus(window_ms).millis() / STEP_MS, now.millis() / STEP_MS);
        let mut sum = T::default();
        for (_, counts) in self.0.iter().filter(|(step, _)| (first..=last).contains(step)) {
            sum.add(counts);
        }
        sum
    }

    /// When the first step began of which there are counts.
    #[must_use]
    pub fn begins(&self) -> Option<Timestamp> {
        self.0.first().map(|(step, _)| Timestamp::from_millis(step.saturating_mul(STEP_MS)))
    }

    /// Counts what a clock that was wrong counted ahead of `now` as of now, so that it grows old.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let is_ahead = |step: u64| Timestamp::from_millis(step * STEP_MS).is_ahead(now);
        let mut sum = T::default();
        for (_, counts) in self.0.iter().filter(|(step, _)| is_ahead(*step)) {
            sum.add(counts);
        }
        self.0.retain(|(step, _)| !is_ahead(*step));
        if !sum.is_empty() {
            self.add(&sum, now);
        }
    }
}

/// A list of lists of five numbers: which step it is, and the counts.
impl<const STEP_MS: u64, const MAX: u64> Shape for Buckets<STEP_MS, MAX> {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let lists: Vec<Vec<u64>> = Vec::read(value, reader)?;
        let mut read = Self::default();
        for list in lists {
            let Ok([step, numbers @ ..]) = <[u64; 5]>::try_from(list) else {
                reader.wrong_type(value, "lists of five numbers");
                return None;
            };
            // A step of which no instant is known is none.
            if step.checked_mul(STEP_MS).is_some() {
                read.add_to(step, &Counts::of(numbers));
            }
        }
        Some(read)
    }

    fn write(&self) -> Value {
        let list = |(step, counts): &(u64, Counts)| {
            std::iter::once(*step).chain(counts.numbers()).map(Value::from).collect::<Value>()
        };
        self.0.iter().map(list).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::time::MINUTE;

    type Minutes = Buckets<MINUTE, 61>;

    fn at(minute: u64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE + 1)
    }

    fn some(requests: u64) -> Counts {
        Counts { requests, ..Counts::default() }
    }

    #[test]
    fn what_is_older_than_the_window_no_longer_counts() {
        let mut minutes = Minutes::default();
        minutes.add(&some(2), at(0));
        minutes.add(&some(3), at(4));
        minutes.add(&some(1), at(4));
        for (now, sum) in [(4, 6), (5, 6), (6, 4), (9, 4), (10, 0)] {
            assert_eq!(minutes.within(5 * MINUTE, at(now)), some(sum), "{now}");
        }
        assert_eq!(minutes.within(5 * MINUTE, at(3)), some(2), "what is to come does not count");
    }

    #[test]
    fn what_arrives_late_is_put_in_its_place() {
        let mut minutes = Minutes::default();
        for (minute, requests) in [(7, 1), (3, 2), (5, 4), (3, 8), (7, 16)] {
            minutes.add(&some(requests), at(minute));
        }
        let text = json::write(&minutes);
        assert_eq!(text, "[[3,10,0,0,0],[5,4,0,0,0],[7,17,0,0,0]]");
        assert_eq!(json::read::<Minutes>(&text).unwrap(), minutes);
    }

    #[test]
    fn so_many_steps_are_kept_and_their_window_is_whole() {
        for (steps, kept) in [(60, 60), (61, 61), (62, 61)] {
            let mut minutes = Minutes::default();
            (0..steps).for_each(|minute| minutes.add(&some(1), at(minute)));
            assert_eq!(minutes.0.len(), kept);
            minutes.add(&some(1), at(0));
            assert!(minutes.0.len() <= kept, "what is too old is not taken in");
        }
        assert_eq!(Minutes::SPAN_MS, 60 * MINUTE);
    }

    #[test]
    fn what_was_counted_ahead_of_the_clock_grows_old_from_now_on() {
        let mut minutes = Minutes::default();
        minutes.add(&some(2), at(3));
        minutes.add(&some(3), at(14));
        minutes.forget_the_future(at(4));
        assert_eq!(minutes.within(MINUTE, at(4)), some(5));
        assert_eq!(minutes.within(MINUTE, at(6)), some(0));
    }

    #[test]
    fn a_text_of_another_form_is_refused_and_an_endless_step_left_out() {
        assert!(json::read::<Minutes>("[[1,2,3,4]]").is_err());
        assert!(json::read::<Minutes>("[[1,2,3,4,5,6]]").is_err());
        let far = format!("[[{},1,0,0,0]]", u64::MAX);
        assert_eq!(json::read::<Minutes>(&far).unwrap(), Minutes::default());
    }
}
