//! When people are told that something is wrong which comes and goes.

use crate::json::fields;
use crate::time::{MINUTE, Millis, Timestamp};

/// How long something has to be wrong, or right again, until people are told; longer where it is
/// looked at less often.
pub const TOLD_AFTER_MS: Millis = MINUTE;

/// What people were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Telling {
    /// What is wrong, if they were told so.
    pub told: Option<String>,
    /// Since when it has been otherwise.
    pub differs_since: Option<Timestamp>,
}

fields!(Telling { told, differs_since });

/// What people are to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Something is wrong.
    Wrong(String),
    /// It no longer is.
    Right,
}

impl Telling {
    /// What people are to be told now: what is wrong, or that nothing is any more. What is wrong in
    /// another way is no news. Whoever is silent for `silent_ms` is not silent yet.
    pub fn news(
        &mut self,
        wrong: Option<String>,
        silent_ms: Millis,
        now: Timestamp,
    ) -> Option<Change> {
        if wrong.is_some() == self.told.is_some() {
            self.differs_since = None;
            return None;
        }
        let since = *self.differs_since.get_or_insert(now);
        let after_ms = TOLD_AFTER_MS.max(silent_ms.saturating_mul(2));
        (now.since(since) >= after_ms).then(|| {
            self.differs_since = None;
            self.told.clone_from(&wrong);
            wrong.map_or(Change::Right, Change::Wrong)
        })
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self { told: _, differs_since } = self;
        *differs_since = differs_since.map(|at| at.unless_ahead(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_for_a_minute_is_told_once_and_so_is_its_end() {
        let at = |ms: u64| Timestamp::from_millis(1_000_000 + ms);
        let wrong = || Some("it is cut off".to_owned());
        let mut telling = Telling::default();
        assert_eq!(telling.news(wrong(), 0, at(0)), None);
        assert_eq!(telling.news(wrong(), 0, at(TOLD_AFTER_MS - 1)), None);
        assert_eq!(telling.news(wrong(), 0, at(TOLD_AFTER_MS)), wrong().map(Change::Wrong));
        assert_eq!(telling.news(Some("in another way".to_owned()), 0, at(9 * MINUTE)), None);
        assert_eq!(telling.news(None, 0, at(10 * MINUTE)), None);
        assert_eq!(telling.news(wrong(), 0, at(11 * MINUTE)), None, "it was right for a moment");
        assert_eq!(telling.news(None, 0, at(12 * MINUTE)), None);
        assert_eq!(telling.news(None, 0, at(13 * MINUTE)), Some(Change::Right));
    }

    #[test]
    fn what_is_looked_at_seldom_is_told_later() {
        let at = |ms: u64| Timestamp::from_millis(1_000_000 + ms);
        let mut telling = Telling::default();
        for (ms, is_told) in [(0, false), (4 * MINUTE - 1, false), (4 * MINUTE, true)] {
            let news = telling.news(Some("it is cut off".to_owned()), 2 * MINUTE, at(ms));
            assert_eq!(news.is_some(), is_told, "{ms}");
        }
    }
}
