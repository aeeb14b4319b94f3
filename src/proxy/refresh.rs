//! When the table is loaded from KV again.

use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// How old a table may be before it is loaded again, behind a request. KV's own cache holds a value
/// for at least 30 s, so asking more often would only cost reads.
pub const REFRESH_MS: Millis = 30 * SECOND;
/// How old the last load may be before answers say `stale`.
pub(super) const FRESH_MS: Millis = 60 * SECOND;
/// How old the last load may be before a request waits for a new one. An isolate that was idle for
/// half a day must not decide by the rules of that time.
pub const TOO_LONG_MS: Millis = 10 * MINUTE;
/// How soon the table is loaded again after a region that it calls usable was not.
const REFRESH_ON_EVIDENCE_MS: Millis = 5 * SECOND;

/// Whether the table is to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// No.
    No,
    /// Behind the request.
    Behind,
    /// Before the request is decided.
    First,
}

/// When the table was loaded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Looks {
    /// When the last load began.
    asked_at: Timestamp,
    /// When KV last answered.
    read_at: Timestamp,
    /// Whether a region that the table calls usable was not.
    doubted: bool,
}

impl Looks {
    /// Whether to load now. The caller that is told so does it; the others go on meanwhile.
    pub(super) fn next(&mut self, now: Timestamp) -> Refresh {
        let wait_ms = if self.doubted { REFRESH_ON_EVIDENCE_MS } else { REFRESH_MS };
        let age_ms = now.since(self.read_at);
        if now.since(self.asked_at).min(age_ms) < wait_ms {
            return Refresh::No;
        }
        (self.asked_at, self.doubted) = (now, false);
        if age_ms < TOO_LONG_MS { Refresh::Behind } else { Refresh::First }
    }

    pub(super) fn doubt(&mut self) {
        self.doubted = true;
    }

    /// A load was answered by KV.
    pub(super) fn read(&mut self, now: Timestamp) {
        (self.asked_at, self.read_at) = (now, now);
    }

    pub(super) fn is_stale(&self, now: Timestamp) -> bool {
        now.since(self.read_at) > FRESH_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(10_000_000 + ms)
    }

    fn read() -> Looks {
        let mut looks = Looks::default();
        looks.read(at(0));
        looks
    }

    #[test]
    fn one_request_in_half_a_minute_looks_and_does_not_wait() {
        let mut looks = read();
        assert_eq!(looks.next(at(29_999)), Refresh::No);
        assert_eq!(looks.next(at(30_000)), Refresh::Behind);
        assert_eq!(looks.next(at(30_001)), Refresh::No);
        assert_eq!(looks.next(at(60_000)), Refresh::Behind, "the look that failed is made again");
    }

    #[test]
    fn after_ten_minutes_without_an_answer_a_request_waits() {
        let mut looks = read();
        assert_eq!(looks.next(at(TOO_LONG_MS - 1)), Refresh::Behind);
        assert_eq!(read().next(at(TOO_LONG_MS)), Refresh::First);
        assert_eq!(Looks::default().next(at(0)), Refresh::First);
    }

    #[test]
    fn after_a_failure_the_next_look_is_soon_and_only_one() {
        let mut looks = read();
        looks.doubt();
        assert_eq!(looks.next(at(4_999)), Refresh::No);
        assert_eq!(looks.next(at(5_000)), Refresh::Behind);
        assert_eq!(looks.next(at(10_000)), Refresh::No);
    }

    #[test]
    fn a_look_older_than_a_minute_is_told() {
        assert!(!read().is_stale(at(60_000)));
        assert!(read().is_stale(at(60_001)));
    }
}
