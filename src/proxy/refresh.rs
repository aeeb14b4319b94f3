//! When the table is loaded from KV again.
//!
//! A load belongs to the request that was told to make it. If its client resets the connection, the
//! runtime drops both, and nobody hears of the load's end. So it is given back by time: after
//! [`LOAD_MS_MAX`] the next request makes another one.

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
pub(super) const REFRESH_ON_EVIDENCE_MS: Millis = 5 * SECOND;

/// After this a load that neither succeeded nor failed counts as lost: the five seconds that the
/// shell waits for KV (`TIMEOUT_MS` in `src/shell/kv.rs`), and one.
pub const LOAD_MS_MAX: Millis = 6 * SECOND;

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
    /// When the last load behind a request began.
    asked_at: Timestamp,
    /// When KV last answered.
    read_at: Timestamp,
    /// When KV last did not answer, or had no table.
    failed_at: Timestamp,
    /// Whether a region that the table calls usable was not.
    doubted: bool,
    /// Whether a page of ours has loaded it in the place of a request, which would have asked the
    /// Controller, too.
    is_owed: bool,
}

impl Looks {
    /// Whether to load before a page of ours is answered.
    pub(super) fn next_for_page(&mut self, now: Timestamp) -> bool {
        let next = self.next(now);
        self.is_owed |= next == Refresh::Behind;
        next != Refresh::No
    }

    /// Whether to load for a request. Where pages are asked for all the time, they load the table;
    /// then requests still ask the Controller for news, and tell it what they counted.
    pub(super) fn next_for_request(&mut self, now: Timestamp) -> Refresh {
        match self.next(now) {
            Refresh::No if std::mem::take(&mut self.is_owed) => Refresh::Behind,
            next => next,
        }
    }

    /// Whether to load now. The caller that is told so does it; the others go on meanwhile, unless
    /// the table is too old for anybody: then each waits, until KV has answered or failed.
    fn next(&mut self, now: Timestamp) -> Refresh {
        let wait_ms = if self.doubted { REFRESH_ON_EVIDENCE_MS } else { REFRESH_MS };
        let age_ms = now.since(self.read_at);
        if age_ms.min(now.since(self.failed_at)) < wait_ms {
            return Refresh::No;
        }
        if age_ms >= TOO_LONG_MS {
            return Refresh::First;
        }
        if now.since(self.asked_at) < LOAD_MS_MAX {
            return Refresh::No;
        }
        (self.asked_at, self.doubted) = (now, false);
        Refresh::Behind
    }

    pub(super) fn doubt(&mut self) {
        self.doubted = true;
    }

    /// A load was answered by KV.
    pub(super) fn read(&mut self, now: Timestamp) {
        self.read_at = now;
    }

    /// A load was not answered by KV, or KV had nothing.
    pub(super) fn failed(&mut self, now: Timestamp) {
        (self.failed_at, self.doubted) = (now, false);
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
    fn where_pages_load_the_table_the_next_request_asks_for_news_once() {
        let mut looks = read();
        for turn in 1..4 {
            let now = at(turn * REFRESH_MS);
            assert!(looks.next_for_page(now));
            looks.read(now);
            assert_eq!(looks.next_for_request(now.plus(1)), Refresh::Behind, "{turn}");
            assert_eq!(looks.next_for_request(now.plus(2)), Refresh::No, "{turn}");
        }
    }

    #[test]
    fn one_request_in_half_a_minute_looks_and_does_not_wait() {
        let mut looks = read();
        assert_eq!(looks.next(at(29_999)), Refresh::No);
        assert_eq!(looks.next(at(30_000)), Refresh::Behind);
        assert_eq!(looks.next(at(30_001)), Refresh::No);
        looks.failed(at(35_000));
        assert_eq!(looks.next(at(64_999)), Refresh::No);
        assert_eq!(looks.next(at(65_000)), Refresh::Behind, "the look that failed is made again");
        looks.read(at(65_100));
        assert_eq!(looks.next(at(95_099)), Refresh::No);
    }

    #[test]
    fn a_look_that_was_lost_with_its_request_is_made_again_soon() {
        let mut looks = read();
        assert_eq!(looks.next(at(30_000)), Refresh::Behind);
        assert_eq!(looks.next(at(30_000 + LOAD_MS_MAX - 1)), Refresh::No);
        assert_eq!(looks.next(at(30_000 + LOAD_MS_MAX)), Refresh::Behind);
    }

    #[test]
    fn after_ten_minutes_without_an_answer_every_request_waits_until_there_is_one() {
        let mut looks = read();
        assert_eq!(looks.next(at(TOO_LONG_MS - 1)), Refresh::Behind);
        assert_eq!(Looks::default().next(at(0)), Refresh::First);
        let mut looks = read();
        for ms in [0, 0, 1, 4_000] {
            assert_eq!(looks.next(at(TOO_LONG_MS + ms)), Refresh::First);
        }
        let mut answered = looks;
        answered.read(at(TOO_LONG_MS + 4_001));
        assert_eq!(answered.next(at(TOO_LONG_MS + 4_002)), Refresh::No);
        looks.failed(at(TOO_LONG_MS + 5_000));
        assert_eq!(looks.next(at(TOO_LONG_MS + 5_001)), Refresh::No, "KV is away: serve with it");
        assert_eq!(looks.next(at(TOO_LONG_MS + 35_000)), Refresh::First);
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
