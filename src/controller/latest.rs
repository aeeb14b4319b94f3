//! The latest routing table, for proxies that ask for news.
//!
//! KV takes a while to spread a value. A proxy that refreshes its table also asks here, with the
//! generation that it has. The table is made once for all of them, and kept until something
//! happens: most questions are answered with "nothing new".

use super::Controller;
use crate::fingerprint::Fingerprint;
use crate::order::News;
use crate::routes::ROUTES_BYTES_MAX;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// Shortest wait of a proxy between two questions.
const ASK_AGAIN_MS: Millis = 30 * SECOND;
/// How far apart the questions of all proxies are, where there are many: 25,000 a day. With the
/// runs of the worst day they stay below the 100,000 requests to Durable Objects that the free plan
/// has; beyond those the runs would fail too. Source:
/// developers.cloudflare.com/durable-objects/platform/pricing.
const ASK_APART_MS: Millis = 24 * 60 * MINUTE / 25_000;
/// Longest wait that a proxy is told.
const ASK_AGAIN_MS_MAX: Millis = 60 * MINUTE;

/// A table that was made.
#[derive(Debug)]
pub(super) struct LatestTable {
    /// Its generation: that of the first table that says the same.
    generation: u64,
    text: String,
    /// What it says, without instants and latencies.
    substance: Fingerprint,
    /// Whether something has happened since.
    is_old: bool,
}

impl Controller {
    /// Notes that something has happened that the latest table may not say.
    pub(super) fn outdate_table(&mut self) {
        if let Some(table) = &mut self.table {
            table.is_old = true;
        }
    }

    /// What a proxy is told that has this generation.
    pub(super) fn news_for_proxies(&mut self, than: Option<u64>, now: Timestamp) -> News {
        let table = self.table_later(than, now);
        // Each question gets a turn of its own, some time after the one before.
        let soonest = now.plus(ASK_AGAIN_MS);
        let turn = self.asked_until.plus(ASK_APART_MS).max(soonest);
        let turn = turn.min(now.plus(ASK_AGAIN_MS_MAX));
        self.asked_until = turn;
        News { wait_ms: turn.since(now), table }
    }

    /// The routing table, if it is later than the generation that a proxy has.
    pub(super) fn table_later(&mut self, than: Option<u64>, now: Timestamp) -> Option<String> {
        if self.table.as_ref().is_none_or(|table| table.is_old) {
            self.make_table(now);
        }
        let table = self.table.as_ref()?;
        than.is_none_or(|than| than < table.generation).then(|| table.text.clone())
    }

    fn make_table(&mut self, now: Timestamp) {
        self.grow(now);
        let made = self.table_document(now).filter(|made| made.text.len() <= ROUTES_BYTES_MAX);
        let Some(made) = made else {
            self.table = None;
            return;
        };
        let substance = made.substance();
        match &mut self.table {
            Some(known) if known.substance == substance => known.is_old = false,
            _ => {
                let (generation, text) = (self.state.generation, made.text);
                self.table = Some(LatestTable { generation, text, substance, is_old: false });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_proxies_ask_every_half_minute_and_many_take_turns() {
        let now = Timestamp::from_millis(1_000_000);
        let mut controller = Controller::default();
        let mut waits_ms = |questions: u64| -> Vec<Millis> {
            (0..questions).map(|_| controller.news_for_proxies(None, now).wait_ms).collect()
        };
        let turns: Vec<Millis> = (0..100).map(|n| ASK_AGAIN_MS + n * ASK_APART_MS).collect();
        assert_eq!(waits_ms(100), turns);
        assert_eq!(*waits_ms(2_000).last().unwrap(), ASK_AGAIN_MS_MAX);
        // Who asks once every half minute alone waits no longer.
        let mut controller = Controller::default();
        for n in 0..10 {
            let news = controller.news_for_proxies(None, now.plus(n * ASK_AGAIN_MS));
            assert_eq!(news, News { wait_ms: ASK_AGAIN_MS, table: None });
        }
    }
}
