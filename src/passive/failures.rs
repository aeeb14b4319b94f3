//! When each of the last few origins of a region failed.
//!
//! A region has one breaker for all its origins. If one of them dies, the requests that were under
//! way to it may follow to the next one, which is in the same region and behind the same breaker.
//! So it must be known which origin failed.

use crate::time::Timestamp;

/// So many origins are remembered; of the others nothing is known.
const ORIGINS: usize = 4;

/// The origins that failed last, by their index in the region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OriginFailures([Option<(Timestamp, usize)>; ORIGINS]);

impl OriginFailures {
    /// An origin has failed. Of the others the one is forgotten that failed longest ago.
    pub fn note(&mut self, origin: usize, now: Timestamp) {
        let is_it = |slot: &Option<(Timestamp, usize)>| slot.is_some_and(|(_, one)| one == origin);
        let slot = self.0.iter_mut().min_by_key(|slot| (!is_it(slot), **slot));
        if let Some(slot) = slot {
            *slot = Some((now, origin));
        }
    }

    /// Whether an origin has failed since `at`.
    #[must_use]
    pub fn has_failed_since(&self, origin: usize, at: Timestamp) -> bool {
        self.0.iter().flatten().any(|(failed, one)| *one == origin && *failed >= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn an_origin_that_fails_says_nothing_of_another() {
        let mut failures = OriginFailures::default();
        failures.note(1, at(5));
        assert!(failures.has_failed_since(1, at(5)));
        assert!(!failures.has_failed_since(1, at(6)));
        assert!(!failures.has_failed_since(0, at(0)));
    }

    #[test]
    fn the_last_four_are_remembered_each_once() {
        let mut failures = OriginFailures::default();
        for (ms, origin) in [0, 1, 1, 2, 3, 0, 4].into_iter().enumerate() {
            failures.note(origin, at(ms as u64));
        }
        let known: Vec<usize> =
            (0..6).filter(|one| failures.has_failed_since(*one, at(0))).collect();
        assert_eq!(known, [0, 2, 3, 4], "the second failed longest ago");
        assert!(failures.has_failed_since(0, at(5)));
    }
}
