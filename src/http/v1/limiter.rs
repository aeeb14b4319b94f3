//! How often somebody may ask.
//!
//! The counts are those of one isolate. So they hold back a program that runs wild, which most
//! often meets the same isolate, and no attack from many places; the Controller takes one act at a
//! time whatever these say. Nobody is shut out by what others do: who is recognised is counted by
//! name, and strangers together.

use super::fault::{Code, Fault};
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// Most requests of one actor in a minute that only look.
pub const LOOKS_PER_MINUTE_MAX: u32 = 300;
/// Most requests in a minute of those who are not recognised that are told why.
pub const STRANGERS_PER_MINUTE_MAX: u32 = 60;
/// Most actors that are counted at a time.
const COUNTED_MAX: usize = 1_000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Requests that only look.
    Look,
    /// Acts.
    Act,
    /// Requests of whoever is not recognised.
    Stranger,
}

/// Counts requests, minute by minute.
#[derive(Debug, Clone, Default)]
pub struct Limiter {
    counts: Map<(Counted, String), Count>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    began: Timestamp,
    requests: u32,
}

impl Limiter {
    /// Counts a request of an actor, of which there may be `most` in a minute. Errors: it is one
    /// too many; the answer says when to come back.
    pub fn count(
        &mut self,
        what: Counted,
        most: u32,
        who: &str,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if self.counts.len() >= COUNTED_MAX {
            self.counts.retain(|_, count| !is_over(count, now));
            // All within this minute: whoever made so many names is counted anew.
            if self.counts.len() >= COUNTED_MAX {
                self.counts = Map::new();
            }
        }
        let key = (what, who.to_owned());
        let known = self.counts.get(&key).copied().filter(|count| !is_over(count, now));
        let Count { began, requests } = known.unwrap_or(Count { began: now, requests: 0 });
        self.counts.insert(key, Count { began, requests: requests.saturating_add(1) });
        if requests < most {
            return Ok(());
        }
        let left_ms: Millis = MINUTE.saturating_sub(now.since(began));
        let seconds = left_ms.div_ceil(SECOND).max(1);
        let detail = format!("at most {most} a minute; come back in {seconds} s");
        Err(Fault::new(Code::TooMany, detail).with("retry-after", seconds.to_string()))
    }
}

/// Whether its minute is over. A beginning in the future is that of a clock that was wrong.
fn is_over(count: &Count, now: Timestamp) -> bool {
    count.began > now || now.since(count.began) >= MINUTE
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u32 = 30;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    #[test]
    fn one_too_many_is_told_when_to_come_back_and_others_are_not_held_back() {
        let mut limiter = Limiter::default();
        for _ in 0..MOST {
            limiter.count(Counted::Act, MOST, "on-call", at(0)).unwrap();
        }
        let fault = limiter.count(Counted::Act, MOST, "on-call", at(50_500)).unwrap_err();
        assert_eq!(fault.code, Code::TooMany);
        assert_eq!(fault.headers, [("retry-after", "10".to_owned())]);
        assert!(limiter.count(Counted::Look, MOST, "on-call", at(50_500)).is_ok());
        assert!(limiter.count(Counted::Act, MOST, "wall", at(50_500)).is_ok());
        assert!(limiter.count(Counted::Act, MOST, "on-call", at(59_999)).is_err());
        assert!(limiter.count(Counted::Act, MOST, "on-call", at(60_000)).is_ok());
    }

    #[test]
    fn a_clock_that_went_back_shuts_nobody_out() {
        let mut limiter = Limiter::default();
        for _ in 0..=MOST {
            let _ = limiter.count(Counted::Act, MOST, "on-call", at(600_000));
        }
        assert!(limiter.count(Counted::Act, MOST, "on-call", at(0)).is_ok());
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let mut limiter = Limiter::default();
        for number in 0..3 * COUNTED_MAX {
            limiter.count(Counted::Look, MOST, &number.to_string(), at(0)).unwrap();
            assert!(limiter.counts.len() <= COUNTED_MAX);
        }
    }
}
