//! What proxies tell of live traffic.

use super::queue::Due;
use super::script::TrafficStep;
use super::world::World;
use crate::ids::{RegionId, ServiceId};
use crate::order::Query;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use crate::traffic::{Counts, Line, Report};
use std::collections::BTreeMap;

/// How often it is told.
pub(super) const TELL_EVERY_MS: Millis = 10 * SECOND;

impl World<'_> {
    /// The proxies tell what they have counted since they told last.
    pub(super) fn tell_traffic(&mut self) {
        self.queue.add(self.now.plus(TELL_EVERY_MS), Due::Traffic);
        let minute = Timestamp::from_millis(self.now.millis() / MINUTE * MINUTE);
        let mut lines: Vec<Line> = Vec::new();
        let mut answers = BTreeMap::<ServiceId, Counts>::new();
        for step in self.facts.traffic(self.now) {
            let service = ServiceId::parse(&step.service).ok();
            let (Some(service), Ok(region)) = (service, RegionId::parse(&step.region)) else {
                continue;
            };
            let counts = counts(step);
            add(answers.entry(service.clone()).or_default(), &counts);
            lines.push(Line { minute, service, region: Some(region), counts });
        }
        for (service, counts) in answers {
            lines.push(Line { minute, service, region: None, counts });
        }
        if lines.is_empty() {
            return;
        }
        self.reports = self.reports.saturating_add(1);
        let (isolate, number) = ("simulated".to_owned(), self.reports);
        let report = Some(Report { isolate, number, area: None, lines });
        let now = self.time();
        drop(self.controller.page(&Query::Routes { than: None, report }, now));
        self.after_turn_quietly();
    }
}

/// What one region counts in that time.
fn counts(step: &TrafficStep) -> Counts {
    let requests = step.per_s.saturating_mul(TELL_EVERY_MS / SECOND);
    let failures = requests.saturating_mul(step.failures_percent.min(100)) / 100;
    let latency_ms_sum = requests.saturating_sub(failures).saturating_mul(step.latency_ms);
    Counts { requests, failures, unanswered: 0, latency_ms_sum }
}

fn add(sum: &mut Counts, counts: &Counts) {
    sum.requests = sum.requests.saturating_add(counts.requests);
    sum.failures = sum.failures.saturating_add(counts.failures);
    sum.latency_ms_sum = sum.latency_ms_sum.saturating_add(counts.latency_ms_sum);
}
