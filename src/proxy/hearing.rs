//! An isolate asks for news and takes them.

use super::isolate::Isolate;
use crate::json;
use crate::order::News as Told;
use crate::routes::BadRoutes;
use crate::time::Timestamp;

impl Isolate {
    /// The generation to ask with, `None` in it without a table. `None` if the Controller was asked
    /// a moment ago.
    pub fn asks_for_news(&mut self, now: Timestamp) -> Option<Option<u64>> {
        self.news.next(now).then(|| self.table.as_ref().map(|table| table.generation))
    }

    /// Takes what the Controller answered: a table, or that there is no later one. Errors: the text
    /// does not parse; the last table stays.
    pub fn take_news(&mut self, text: &str, now: Timestamp) -> Result<(), BadRoutes> {
        let Told { wait_ms, table } = json::read(text)?;
        self.traffic_is_told();
        self.news.told(now, wait_ms);
        let Some(table) = table else { return Ok(()) };
        if self.take(&table, now)? {
            self.news.taken();
        }
        Ok(())
    }

    /// Notes that the Controller did not answer.
    pub fn news_failed(&mut self, now: Timestamp) {
        self.news.failed(now);
    }
}

#[cfg(test)]
mod tests {
    use super::super::news::*;
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
            role: crate::journal::Role::Operator,
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
        let none = controller.page(&Query::Routes { than, report: None }, at(117_000)).unwrap();
        isolate.take_news(&none, at(117_000)).unwrap();
        assert!(!is_drained(&isolate) && !none.contains("table"), "{none}");
        drained(&mut controller, at(118_000));
        let than = isolate.asks_for_news(at(150_000)).unwrap();
        let news = controller.page(&Query::Routes { than, report: None }, at(150_000)).unwrap();
        isolate.take_news(&news, at(150_000)).unwrap();
        assert!(is_drained(&isolate));
        assert!(!isolate.take(&old, at(150_001)).unwrap(), "KV has not heard of it yet");
        assert!(is_drained(&isolate));
        let written = controller.due_documents(at(151_000)).routes.unwrap().text;
        isolate.take(&written, at(152_000)).unwrap();
        assert!(is_drained(&isolate));
        // And the other way round: news that comes late is older than what KV gave.
        isolate.take_news(&news, at(153_000)).unwrap();
        let counts = NewsCounts { asked: 2, taken: 1, failed: 0 };
        assert_eq!(isolate.news.counts, counts);
    }

    #[test]
    fn an_isolate_waits_as_long_as_it_is_told_within_bounds() {
        for (told_ms, waits_ms) in [
            (0, NEWS_EVERY_MS),
            (NEWS_EVERY_MS + 1, NEWS_EVERY_MS + 1),
            (NEWS_EVERY_MS_MAX + 1, NEWS_EVERY_MS_MAX),
        ] {
            let mut isolate = Isolate::default();
            let told = json::write(&Told { wait_ms: told_ms, table: None });
            isolate.take_news(&told, at(1)).unwrap();
            assert_eq!(isolate.asks_for_news(at(waits_ms)), None);
            assert!(isolate.asks_for_news(at(1 + waits_ms)).is_some());
        }
    }

    #[test]
    fn an_isolate_whose_clients_are_refused_asks_sooner_unless_it_was_told_to_wait() {
        for (told_ms, waits_ms) in [(0, NEWS_IN_NEED_MS), (NEWS_EVERY_MS + 1, NEWS_EVERY_MS + 1)] {
            let mut isolate = Isolate::default();
            let told = json::write(&Told { wait_ms: told_ms, table: None });
            isolate.take_news(&told, at(1)).unwrap();
            isolate.news.need();
            assert_eq!(isolate.asks_for_news(at(waits_ms)), None);
            assert!(isolate.asks_for_news(at(1 + waits_ms)).is_some());
            assert_eq!(isolate.asks_for_news(at(waits_ms + NEWS_EVERY_MS)), None, "served since");
        }
    }

    #[test]
    fn an_isolate_whose_clients_are_refused_asks_again_half_a_minute_after_a_failure() {
        let mut isolate = Isolate::default();
        isolate.news_failed(at(1));
        isolate.news.need();
        assert_eq!(isolate.asks_for_news(at(NEWS_EVERY_MS)), None);
        assert!(isolate.asks_for_news(at(1 + NEWS_EVERY_MS)).is_some());
    }

    #[test]
    fn a_long_outage_costs_no_more_than_so_many_questions_out_of_turn() {
        let (mut controller, text) = settled();
        let mut isolate = Isolate::default();
        isolate.take(&text, at(117_000)).unwrap();
        let asked_in_an_hour = |isolate: &mut Isolate, from: u64| {
            let seconds = (0..3_600).map(|second| at(from + 1_000 * second));
            let asked = seconds.filter(|now| {
                isolate.news.need();
                isolate.asks_for_news(*now).is_some()
            });
            u32::try_from(asked.count()).unwrap()
        };
        let in_turn = 3_600_000 / u32::try_from(NEWS_EVERY_MS).unwrap();
        let out_of_turn = asked_in_an_hour(&mut isolate, 200_000) - in_turn;
        // Each also puts off the next turn.
        assert!((1..=NEWS_IN_NEED_MAX).contains(&out_of_turn), "{out_of_turn}");
        drained(&mut controller, at(4_000_000));
        let than = isolate.table.as_ref().map(|table| table.generation);
        let news = controller.page(&Query::Routes { than, report: None }, at(4_000_000)).unwrap();
        isolate.take_news(&news, at(4_000_000)).unwrap();
        assert!(asked_in_an_hour(&mut isolate, 4_000_000) > in_turn, "a table has come since");
    }

    #[test]
    fn no_answer_and_an_answer_that_does_not_read_leave_everything_as_it_was() {
        let (_, text) = settled();
        let mut isolate = Isolate::default();
        isolate.take(&text, at(117_000)).unwrap();
        isolate.news_failed(at(118_000));
        let again = at(118_000).plus(NEWS_AFTER_FAILURE_MS);
        assert_eq!(isolate.asks_for_news(again.minus(1)), None);
        assert!(isolate.take_news("nonsense", at(118_000)).is_err());
        assert!(isolate.asks_for_news(again).is_some());
        assert!(!is_drained(&isolate));
        assert_eq!(isolate.news.counts.failed, 1);
    }
}
