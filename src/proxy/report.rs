//! What an isolate reports about itself, as JSON for people.

use super::isolate::Isolate;
use super::service::SeenService;
use crate::json;
use crate::passive::Seen;
use crate::time::Timestamp;
use serde_json::Value;

impl Isolate {
    /// Its table, its counts, and what it has seen of each region.
    #[must_use]
    pub fn report(&self, now: Timestamp) -> Value {
        let table = self.table.as_ref();
        let counts = &self.counts;
        let refused = counts.refused.iter().map(|(code, count)| (*code, (*count).into()));
        json::object(vec![
            ("generation", table.map(|table| table.generation).into()),
            ("as_of", table.map(|table| table.as_of.to_string()).into()),
            ("is_stale", table.is_none_or(|table| self.is_stale(table, now)).into()),
            ("signs_cookies", self.key.is_some().into()),
            ("requests", counts.requests.into()),
            ("retries", counts.retries.into()),
            ("hedges", counts.hedges.into()),
            ("over_budget", counts.over_budget.into()),
            ("bodies_lost", counts.bodies_lost.into()),
            ("stale", counts.stale.into()),
            (
                "news",
                json::object(vec![
                    ("asked", self.news.counts.asked.into()),
                    ("taken", self.news.counts.taken.into()),
                    ("failed", self.news.counts.failed.into()),
                ]),
            ),
            (
                "points",
                self.counted.points.as_ref().map_or(Value::Null, |points| {
                    let counts = points.counts();
                    json::object(vec![
                        ("written", counts.written.into()),
                        ("dropped", counts.dropped.into()),
                    ])
                }),
            ),
            ("refused", json::object(refused.collect())),
            ("services", self.services.iter().map(|service| service.report(now)).collect()),
        ])
    }
}

impl SeenService {
    fn report(&self, now: Timestamp) -> Value {
        let regions = self.regions.iter().zip(&self.seen);
        let regions = regions.map(|(known, seen)| region(known.id.as_str(), seen, now));
        json::object(vec![("id", self.id.as_str().into()), ("regions", regions.collect())])
    }
}

fn region(id: &str, seen: &Seen, now: Timestamp) -> Value {
    json::object(vec![
        ("id", id.into()),
        ("open_until", seen.breaker.open_until().map(|until| until.to_string()).into()),
        ("latency_ms", seen.latency.and_then(|latency| latency.millis(now)).into()),
        ("penalty_ms", seen.penalty_ms(now).into()),
        ("late_after_ms", seen.late_after.millis().into()),
        ("outstanding", seen.outstanding.count(now).into()),
    ])
}
