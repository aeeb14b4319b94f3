//! Requests that were sent and have no response yet.
//!
//! A plain counter would be wrong for ever after the first client that hangs up: the runtime drops
//! a cancelled request, and nothing decrements the counter. So requests are counted by when they
//! began, and those that began longer ago than any request may take are forgotten.

use crate::time::{Millis, SECOND, Timestamp};

/// Requests that began within one span are counted together.
const SPAN_MS: Millis = 10 * SECOND;
/// So a request is counted for at least five minutes, the longest `timeout_ms` of a service.
const SPANS: usize = 32;

/// The requests under way to one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outstanding([Span; SPANS]);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Span {
    number: u64,
    count: u32,
}

impl Default for Outstanding {
    fn default() -> Self {
        Self([Span::default(); SPANS])
    }
}

impl Outstanding {
    /// A request begins.
    pub fn begin(&mut self, now: Timestamp) {
        let number = now.millis() / SPAN_MS;
        if let Some(span) = self.span(number) {
            if span.number != number {
                *span = Span { number, count: 0 };
            }
            span.count = span.count.saturating_add(1);
        }
    }

    /// A request that began at `began` is over.
    pub fn end(&mut self, began: Timestamp) {
        let number = began.millis() / SPAN_MS;
        if let Some(span) = self.span(number).filter(|span| span.number == number) {
            span.count = span.count.saturating_sub(1);
        }
    }

    /// How many are outstanding.
    #[must_use]
    pub fn count(&self, now: Timestamp) -> u32 {
        let newest = now.millis() / SPAN_MS;
        let is_young = |span: &&Span| newest.abs_diff(span.number) < SPANS as u64;
        self.0.iter().filter(is_young).map(|span| span.count).fold(0, u32::saturating_add)
    }

    fn span(&mut self, number: u64) -> Option<&mut Span> {
        let index = usize::try_from(number % SPANS as u64).unwrap_or(0);
        self.0.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MINUTE;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    #[test]
    fn what_begins_and_ends_leaves_nothing() {
        let mut outstanding = Outstanding::default();
        (0..1_000).for_each(|ms| outstanding.begin(at(ms * 40)));
        assert_eq!(outstanding.count(at(40_000)), 1_000);
        (0..1_000).for_each(|ms| outstanding.end(at(ms * 40)));
        assert_eq!(outstanding.count(at(40_000)), 0);
    }

    #[test]
    fn what_nobody_ends_is_forgotten() {
        let mut outstanding = Outstanding::default();
        (0..7).for_each(|_| outstanding.begin(at(0)));
        assert_eq!(outstanding.count(at(5 * MINUTE)), 7);
        assert_eq!(outstanding.count(at(6 * MINUTE)), 0);
        outstanding.begin(at(6 * MINUTE));
        outstanding.end(at(0));
        assert_eq!(outstanding.count(at(6 * MINUTE)), 1, "an end of long ago takes nothing away");
    }
}
