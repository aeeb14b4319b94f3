//! Requests that were sent and have no response yet.
//!
//! A plain counter would be wrong for ever after the first client that resets its connection: the
//! runtime drops its request, and nothing that stands after an `await` runs. So a request is
//! counted by the time at which it must be over, and forgotten soon after that ([`OVERDUE_MS`]).

use crate::time::{Millis, SECOND, Timestamp};

/// Requests that must be over within one span are counted together, so one that nobody ended is
/// forgotten at most this long after it must have been over.
pub const OVERDUE_MS: Millis = 5 * SECOND;
const SPANS: usize = 64;
/// A request that may take longer is not counted. No service has such a `timeout_ms`.
pub const COUNTED_MS_MAX: Millis = 310 * SECOND;

/// The requests under way to one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outstanding([Span; SPANS]);

/// The requests that must be over within one span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Span {
    /// Which one since the epoch.
    number: u32,
    count: u32,
}

impl Default for Outstanding {
    fn default() -> Self {
        Self([Span::default(); SPANS])
    }
}

impl Outstanding {
    /// A request is sent that must be over when it is `due`.
    pub fn begin(&mut self, due: Timestamp, now: Timestamp) {
        let number = number(due);
        if due.since(now) > COUNTED_MS_MAX {
            return;
        }
        if let Some(span) = self.span(number) {
            if span.number != number {
                *span = Span { number, count: 0 };
            }
            span.count = span.count.saturating_add(1);
        }
    }

    /// A request that was `due` then is over.
    pub fn end(&mut self, due: Timestamp) {
        let number = number(due);
        if let Some(span) = self.span(number).filter(|span| span.number == number) {
            span.count = span.count.saturating_sub(1);
        }
    }

    /// How many are outstanding.
    #[must_use]
    pub fn count(&self, now: Timestamp) -> u32 {
        let oldest = number(now);
        let is_due_later = |span: &&Span| span.number >= oldest;
        self.0.iter().filter(is_due_later).map(|span| span.count).fold(0, u32::saturating_add)
    }

    fn span(&mut self, number: u32) -> Option<&mut Span> {
        let index = usize::try_from(number).unwrap_or(0) % SPANS;
        self.0.get_mut(index)
    }
}

fn number(at: Timestamp) -> u32 {
    u32::try_from(at.millis() / OVERDUE_MS).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MINUTE;
    use proptest::prelude::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_795_305_600_000 + ms)
    }

    #[test]
    fn what_begins_and_ends_leaves_nothing() {
        let mut outstanding = Outstanding::default();
        (0..1_000).for_each(|ms| outstanding.begin(at(50_000 + ms * 40), at(ms * 40)));
        assert_eq!(outstanding.count(at(40_000)), 1_000);
        (0..1_000).for_each(|ms| outstanding.end(at(50_000 + ms * 40)));
        assert_eq!(outstanding.count(at(40_000)), 0);
    }

    #[test]
    fn what_nobody_ends_is_forgotten_soon_after_it_must_be_over() {
        for wait_ms in [800, 5_000, 5 * MINUTE] {
            let mut outstanding = Outstanding::default();
            (0..7).for_each(|_| outstanding.begin(at(wait_ms), at(0)));
            assert_eq!(outstanding.count(at(wait_ms)), 7);
            assert_eq!(outstanding.count(at(wait_ms + OVERDUE_MS)), 0);
        }
    }

    #[test]
    fn an_end_of_long_ago_takes_nothing_away() {
        let mut outstanding = Outstanding::default();
        let later = at(SPANS as u64 * OVERDUE_MS);
        outstanding.begin(at(0), at(0));
        outstanding.begin(later, later);
        outstanding.end(at(0));
        assert_eq!(outstanding.count(later), 1);
    }

    #[test]
    fn what_may_take_longer_than_can_be_counted_is_not() {
        for (wait_ms, count) in [(COUNTED_MS_MAX, 1), (COUNTED_MS_MAX + 1, 0)] {
            let mut outstanding = Outstanding::default();
            outstanding.begin(at(wait_ms), at(0));
            assert_eq!(outstanding.count(at(0)), count);
        }
    }

    proptest! {
        #[test]
        fn it_is_never_less_than_what_is_under_way_nor_more_than_what_is_barely_overdue(
            steps in proptest::collection::vec(
                (0u64..4_000, 0u64..=COUNTED_MS_MAX, any::<bool>()), 1..200,
            ),
        ) {
            let (mut outstanding, mut now, mut begun) = (Outstanding::default(), 0, Vec::new());
            for (wait, wait_ms, ends) in steps {
                now += wait;
                if ends && let Some(due) = begun.pop() {
                    outstanding.end(at(due));
                } else {
                    outstanding.begin(at(now + wait_ms), at(now));
                    begun.push(now + wait_ms);
                }
                let due_after = |ms| begun.iter().filter(|due| **due >= ms).count();
                let count = usize::try_from(outstanding.count(at(now))).unwrap();
                prop_assert!(due_after(now) <= count);
                prop_assert!(count <= due_after(now.saturating_sub(OVERDUE_MS)));
            }
        }
    }
}
