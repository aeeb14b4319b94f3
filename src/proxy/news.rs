//! The Controller is asked for a later table, behind a request.
//!
//! KV takes a while to spread a value: its cache alone holds one for 30 s. So an isolate that looks
//! for a new table also asks the Controller, with the generation of the one that it has. KV stays
//! the record, and all that there is while the Controller is out of reach.

use super::isolate::Isolate;
use super::refresh::REFRESH_MS;
use crate::routes::BadRoutes;
use crate::time::{Millis, SECOND, Timestamp};

/// How often an isolate asks at most. Each question is a request to the one Controller.
pub const NEWS_EVERY_MS: Millis = REFRESH_MS;
/// Longest wait for its answer. Nobody waits for it but the isolate.
pub const NEWS_TIMEOUT_MS: Millis = 2 * SECOND;

/// What became of the questions of one isolate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewsCounts {
    /// Questions.
    pub asked: u64,
    /// Those that brought a table which is in use now.
    pub taken: u64,
    /// Those that were not answered.
    pub failed: u64,
}

/// When the Controller was asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct News {
    asked_at: Timestamp,
    pub(super) counts: NewsCounts,
}

impl Isolate {
    /// The generation to ask with, `None` in it without a table. `None` if the Controller was asked
    /// a moment ago.
    pub fn asks_for_news(&mut self, now: Timestamp) -> Option<Option<u64>> {
        let news = &mut self.news;
        if now.since(news.asked_at) < NEWS_EVERY_MS {
            return None;
        }
        news.asked_at = now;
        news.counts.asked += 1;
        Some(self.table.as_ref().map(|table| table.generation))
    }

    /// Takes what the Controller answered: a table, or that there is no later one. Errors: the text
    /// does not parse; the last table stays.
    pub fn take_news(&mut self, text: Option<&str>, now: Timestamp) -> Result<(), BadRoutes> {
        let Some(text) = text else { return Ok(()) };
        if self.take(text, now)? {
            self.news.counts.taken += 1;
        }
        Ok(())
    }

    /// Notes that the Controller did not answer.
    pub fn news_failed(&mut self) {
        self.news.counts.failed += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::Controller;
    use crate::order::{ActReply, ActRequest, Query};
    use crate::testing::{config_text, drain, operator, run};

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// A Controller whose table says that all regions are up, and that table as KV has it.
    fn settled() -> (Controller, String) {
        let mut controller = Controller::default();
        controller.offer_config(&config_text(), at(0));
        run(&mut controller, 60_000, &[]);
        let text = controller.due_documents(at(116_000)).routes.unwrap().text;
        (controller, text)
    }

    fn drained(controller: &mut Controller, now: Timestamp) {
        let asked = ActRequest {
            act: drain("eu-west", None),
            who: operator("ann"),
            reason: "disks".to_owned(),
            from: None,
            until: None,
            is_dry: false,
            key: None,
        };
        assert!(matches!(controller.act(&asked, now), ActReply::Done(_)));
    }

    fn is_drained(isolate: &Isolate) -> bool {
        isolate.table.as_ref().unwrap().services()[0].candidates[0].entry.draining
    }

    #[test]
    fn the_controller_is_asked_so_often_and_no_more() {
        let mut isolate = Isolate::default();
        let first = at(1_000_000);
        assert_eq!(isolate.asks_for_news(first), Some(None));
        for (ms, asks) in [(NEWS_EVERY_MS - 1, false), (NEWS_EVERY_MS, true)] {
            let news = isolate.news;
            assert_eq!(isolate.asks_for_news(first.plus(ms)).is_some(), asks, "{ms}");
            isolate.news = news;
        }
    }

    #[test]
    fn what_kv_still_says_after_news_does_not_bring_the_old_table_back() {
        let (mut controller, old) = settled();
        let mut isolate = Isolate::default();
        isolate.take(&old, at(117_000)).unwrap();
        let than = isolate.asks_for_news(at(117_000)).unwrap();
        let none = controller.page(&Query::Routes { than }, at(117_000));
        isolate.take_news(none.as_deref(), at(117_000)).unwrap();
        assert!(!is_drained(&isolate) && none.is_none());
        drained(&mut controller, at(118_000));
        let than = isolate.asks_for_news(at(150_000)).unwrap();
        let news = controller.page(&Query::Routes { than }, at(150_000)).unwrap();
        isolate.take_news(Some(&news), at(150_000)).unwrap();
        assert!(is_drained(&isolate));
        assert!(!isolate.take(&old, at(150_001)).unwrap(), "KV has not heard of it yet");
        assert!(is_drained(&isolate));
        let written = controller.due_documents(at(151_000)).routes.unwrap().text;
        isolate.take(&written, at(152_000)).unwrap();
        assert!(is_drained(&isolate));
        // And the other way round: news that comes late is older than what KV gave.
        assert!(!isolate.take(&news, at(153_000)).unwrap());
        let counts = NewsCounts { asked: 2, taken: 1, failed: 0 };
        assert_eq!(isolate.news.counts, counts);
    }

    #[test]
    fn no_answer_and_an_answer_that_does_not_read_leave_everything_as_it_was() {
        let (_, text) = settled();
        let mut isolate = Isolate::default();
        isolate.take(&text, at(117_000)).unwrap();
        isolate.news_failed();
        assert!(isolate.take_news(Some("nonsense"), at(118_000)).is_err());
        assert!(!is_drained(&isolate));
        assert_eq!(isolate.news.counts.failed, 1);
    }
}
