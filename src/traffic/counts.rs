//! What became of some requests.

use super::sum::Sum;
use crate::json::{Reader, Shape};
use serde_json::Value;

/// Most milliseconds that one request may have taken to be believed.
const TOOK_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// What became of some requests.
///
/// **Invariant.** `unanswered <= failures <= requests`, where [`Counts::is_sound`] was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many there were.
    pub requests: u64,
    /// How many of them failed: answered with 500 to 599, or not at all.
    pub failures: u64,
    /// How many of the failures had no answer: no connection, none in time, a broken one.
    pub unanswered: u64,
    /// Milliseconds to the head of the answer, of all that did not fail.
    pub latency_ms_sum: u64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With an answer of the service's, whatever it says.
    Well,
    /// With a status of 500 to 599.
    Badly,
    /// Without an answer.
    Unanswered,
}

impl Counts {
    /// Counts one more request.
    pub fn note(&mut self, ended: Ended, took_ms: u64) {
        let (failures, unanswered) = match ended {
            Ended::Well => (0, 0),
            Ended::Badly => (1, 0),
            Ended::Unanswered => (1, 1),
        };
        let latency_ms_sum = if failures == 0 { took_ms.min(TOOK_MS_MAX) } else { 0 };
        self.add(&Self { requests: 1, failures, unanswered, latency_ms_sum });
    }

    /// Takes back that one ended well: its answer broke off. Where all have failed already, nothing
    /// is taken back.
    pub fn lose(&mut self) {
        if self.failures < self.requests {
            self.failures = self.failures.saturating_add(1);
            self.unanswered = self.unanswered.saturating_add(1);
        }
    }

    /// Whether the figures go together, and are figures that requests of a minute can have.
    #[must_use]
    pub fn is_sound(&self, requests_max: u64) -> bool {
        let well = self.requests.saturating_sub(self.failures);
        self.requests <= requests_max
            && self.failures <= self.requests
            && self.unanswered <= self.failures
            // A body that was lost leaves the time of its head behind.
            && self.latency_ms_sum <= well.saturating_add(self.unanswered) * TOOK_MS_MAX
    }

    /// How many of so many requests failed, rounded down; `None` without requests.
    #[must_use]
    pub fn failures_of(&self, requests: u64) -> Option<u64> {
        let failures = self.failures.min(self.requests);
        failures.saturating_mul(requests).checked_div(self.requests)
    }

    /// The mean time to the head of an answer, of those that did not fail; `None` without any.
    #[must_use]
    pub fn mean_latency_ms(&self) -> Option<u64> {
        self.latency_ms_sum.checked_div(self.requests.saturating_sub(self.failures))
    }

    pub(super) fn numbers(&self) -> [u64; 4] {
        [self.requests, self.failures, self.unanswered, self.latency_ms_sum]
    }

    pub(super) fn of([requests, failures, unanswered, latency_ms_sum]: [u64; 4]) -> Self {
        Self { requests, failures, unanswered, latency_ms_sum }
    }
}

impl Sum for Counts {
    fn add(&mut self, others: &Self) {
        let Self { requests, failures, unanswered, latency_ms_sum } = others;
        self.requests = self.requests.saturating_add(*requests);
        self.failures = self.failures.saturating_add(*failures);
        self.unanswered = self.unanswered.saturating_add(*unanswered);
        self.latency_ms_sum = self.latency_ms_sum.saturating_add(*latency_ms_sum);
    }

    fn is_empty(&self) -> bool {
        self.requests == 0
    }
}

/// A list of the four numbers: there are many of them.
impl Shape for Counts {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let numbers: Vec<u64> = Vec::read(value, reader)?;
        let numbers = <[u64; 4]>::try_from(numbers).ok();
        if numbers.is_none() {
            reader.wrong_type(value, "a list of four numbers");
        }
        numbers.map(Self::of)
    }

    fn write(&self) -> Value {
        self.numbers().into_iter().map(Value::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(requests: u64, failures: u64, unanswered: u64, latency_ms_sum: u64) -> Counts {
        Counts { requests, failures, unanswered, latency_ms_sum }
    }

    #[test]
    fn each_end_is_counted_in_its_place_and_a_failure_has_no_latency() {
        let mut told = Counts::default();
        told.note(Ended::Well, 20);
        told.note(Ended::Well, 40);
        told.note(Ended::Badly, 5_000);
        told.note(Ended::Unanswered, 9_000);
        assert_eq!(told, counts(4, 2, 1, 60));
        assert_eq!(
            (told.failures_of(1_000_000), told.mean_latency_ms()),
            (Some(500_000), Some(30))
        );
        let none = Counts::default();
        assert_eq!((none.failures_of(1_000_000), none.mean_latency_ms()), (None, None));
    }

    #[test]
    fn an_answer_that_broke_off_has_failed_and_no_more_fail_than_there_were() {
        let mut told = counts(1, 0, 0, 30);
        told.lose();
        assert_eq!(told, counts(1, 1, 1, 30));
        assert!(told.is_sound(1));
        told.lose();
        assert_eq!(told, counts(1, 1, 1, 30));
    }

    #[test]
    fn figures_that_do_not_go_together_are_not_sound() {
        for (told, is_sound) in [
            (counts(0, 0, 0, 0), true),
            (counts(10, 10, 10, 0), true),
            (counts(11, 0, 0, 0), false),
            (counts(10, 11, 0, 0), false),
            (counts(10, 1, 2, 0), false),
            (counts(1, 0, 0, TOOK_MS_MAX), true),
            (counts(1, 0, 0, TOOK_MS_MAX + 1), false),
            (counts(0, 0, 0, 1), false),
            (counts(u64::MAX, 0, 0, 0), false),
        ] {
            assert_eq!(told.is_sound(10), is_sound, "{told:?}");
        }
    }
}
