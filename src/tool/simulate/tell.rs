//! What proxies tell of live traffic.

use super::queue::Due;
use super::script::TrafficStep;
use super::world::World;
use crate::ids::{RegionId, ServiceId};
use crate::order::Query;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use crate::traffic::{Counts, Latencies, Line, Report, Requests, Sum};
use std::collections::BTreeMap;

/// How often it is told.
pub(super) const TELL_EVERY_MS: Millis = 10 * SECOND;

impl World<'_> {
    /// The proxies tell what they have counted since they told last.
    pub(super) fn tell_traffic(&mut self) {
        self.queue.add(self.now.plus(TELL_EVERY_MS), Due::Traffic);
        let minute = Timestamp::from_millis(self.now.millis() / MINUTE * MINUTE);
        let mut lines: Vec<Line> = Vec::new();
        let mut answers = BTreeMap::<ServiceId, Requests>::new();
        for step in self.facts.traffic(self.now) {
            let service = ServiceId::parse(&step.service).ok();
            let (Some(service), Ok(region)) = (service, RegionId::parse(&step.region)) else {
                continue;
            };
            let requests = requests(step);
            answers.entry(service.clone()).or_default().add(&requests);
            lines.push(Line::of(minute, (service, Some(region)), requests));
        }
        let answers = answers.into_iter();
        lines.extend(answers.map(|(service, all)| Line::of(minute, (service, None), all)));
        if lines.is_empty() {
            return;
        }
        self.reports = self.reports.saturating_add(1);
        let (isolate, number) = ("simulated".to_owned(), self.reports);
        let happened = Vec::new();
        let report = Some(Report { isolate, number, area: None, lines, happened });
        let now = self.time();
        drop(self.controller.page(&Query::Routes { than: None, report }, now));
        self.after_turn_quietly();
    }
}

/// What one region counts in that time.
fn requests(step: &TrafficStep) -> Requests {
    let requests = step.per_s.saturating_mul(TELL_EVERY_MS / SECOND);
    let failures = requests.saturating_mul(step.failures_percent.min(100)) / 100;
    let well = requests.saturating_sub(failures);
    let latency_ms_sum = well.saturating_mul(step.latency_ms);
    let mut latencies = Latencies::default();
    latencies.note_some(well, step.latency_ms);
    Requests { counts: Counts { requests, failures, unanswered: 0, latency_ms_sum }, latencies }
}
