//! A lane: work of one kind, one piece at a time, that nothing else waits behind.
//!
//! A caller with news tells the lane and starts it. A lane that is at work takes the news up once
//! the present piece is done. The runtime can cancel work without a word, so each step of the work
//! reports that it goes on. After [`SILENCE_MS_MAX`] without a report, the next caller may start
//! the lane anew; if the silent work wakes up after all, it learns that its turn is over.

use crate::time::{Millis, SECOND, Timestamp};

/// Longest silence of a lane that is at work: a step waits for one call of the API or for one round
/// of KV, which have deadlines of 8 s and 5 s.
pub const SILENCE_MS_MAX: Millis = 30 * SECOND;

/// One lane.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lane {
    has_news: bool,
    turn: u32,
    /// When it last said that it goes on; absent while it rests.
    heard_at: Option<Timestamp>,
}

/// The right to work in a lane, until it is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn(u32);

impl Lane {
    /// Tells it that there is something new.
    pub fn tell(&mut self) {
        self.has_news = true;
    }

    /// Whether there is news that nobody has taken up.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.has_news
    }

    /// Whether it is at work, as of `clock`.
    #[must_use]
    pub fn is_busy(&self, clock: Timestamp) -> bool {
        self.heard_at.is_some_and(|at| !at.is_ahead(clock) && clock.since(at) < SILENCE_MS_MAX)
    }

    /// Starts it, unless it is at work or has no news.
    pub fn start(&mut self, clock: Timestamp) -> Option<Turn> {
        if self.is_busy(clock) || !self.has_news {
            return None;
        }
        self.turn = self.turn.wrapping_add(1);
        self.heard_at = Some(clock);
        Some(Turn(self.turn))
    }

    /// Says that work goes on. Returns whether it may.
    pub fn goes_on(&mut self, turn: Turn, clock: Timestamp) -> bool {
        let may = turn == Turn(self.turn);
        if may {
            self.heard_at = Some(clock);
        }
        may
    }

    /// Ends the work of this turn, although there may be news. Whoever starts the lane next takes
    /// them up.
    pub fn rest(&mut self, turn: Turn) {
        if turn == Turn(self.turn) {
            self.heard_at = None;
        }
    }

    /// Takes up the news. Returns whether there was any; else, or where the turn is over, the work
    /// ends.
    pub fn next(&mut self, turn: Turn, clock: Timestamp) -> bool {
        if !self.goes_on(turn, clock) {
            return false;
        }
        let has_news = std::mem::take(&mut self.has_news);
        if !has_news {
            self.heard_at = None;
        }
        has_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SKEW_MS_MAX;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn it_is_started_once_and_takes_up_what_comes_meanwhile() {
        let mut lane = Lane::default();
        assert_eq!(lane.start(at(0)), None, "there is no news");
        lane.tell();
        let turn = lane.start(at(1)).unwrap();
        assert_eq!(lane.start(at(2)), None, "it is at work");
        assert!(lane.next(turn, at(2)));
        lane.tell();
        lane.tell();
        assert!(lane.has_news());
        assert!(lane.next(turn, at(5)), "both at once");
        assert!(lane.is_busy(at(5)));
        assert!(!lane.next(turn, at(6)));
        assert!(!lane.is_busy(at(6)));
    }

    #[test]
    fn one_that_rests_with_news_is_started_by_whoever_comes_next() {
        let mut lane = Lane::default();
        lane.tell();
        let turn = lane.start(at(0)).unwrap();
        assert!(lane.next(turn, at(0)));
        lane.tell();
        lane.rest(turn);
        assert!(lane.has_news() && !lane.is_busy(at(1)));
        let next = lane.start(at(1)).unwrap();
        lane.rest(turn);
        assert!(lane.is_busy(at(2)), "that turn was over");
        assert!(lane.next(next, at(2)), "nothing was lost");
    }

    #[test]
    fn one_that_was_heard_by_a_clock_that_was_ahead_is_taken_over() {
        let mut lane = Lane::default();
        lane.tell();
        lane.start(at(600_000));
        assert!(lane.is_busy(at(600_000 - SKEW_MS_MAX)));
        assert!(!lane.is_busy(at(600_000 - SKEW_MS_MAX - 1)));
    }

    #[test]
    fn one_that_is_silent_for_too_long_is_taken_over_and_told_so() {
        let mut lane = Lane::default();
        lane.tell();
        let lost = lane.start(at(0)).unwrap();
        assert!(lane.next(lost, at(0)));
        assert!(lane.goes_on(lost, at(10)));
        lane.tell();
        assert!(lane.is_busy(at(10 + SILENCE_MS_MAX - 1)));
        assert_eq!(lane.start(at(10 + SILENCE_MS_MAX - 1)), None);
        let heir = lane.start(at(10 + SILENCE_MS_MAX)).unwrap();
        assert!(!lane.goes_on(lost, at(50_000)));
        assert!(!lane.next(lost, at(50_000)));
        assert!(lane.is_busy(at(50_000)), "the lost one cannot end the work of its heir");
        assert!(lane.next(heir, at(50_000)));
    }
}
