//! How long live requests take from each area to each region of a service.
//!
//! An isolate runs in one place, and its clients are near it. So each report names the area of one
//! of them, and what it counted counts for that area. Unlike a probe's, such a latency is of whole
//! requests, and of a region to which nobody is sent from an area there is none.

use super::buckets::Buckets;
use super::requests::Requests;
use super::sum::Sum;
use crate::geo::Area;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, Timestamp};

/// The window of which latencies are taken.
pub const WAY_WINDOW_MS: Millis = 5 * MINUTE;
/// Fewest requests in the window that were answered well; with fewer nothing is said.
pub const WAY_SAMPLES_MIN: u64 = 20;
/// Most ways that are counted. Of more, the first ones that were seen stay.
pub const WAYS_MAX: usize = 10_000;

/// The counts by service, region and area. A restart forgets them: they are of minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ways(Map<Way, Buckets<MINUTE, 6, Requests>>);

/// From which area to which region of a service.
pub type Way = (ServiceId, RegionId, Area);

/// How long requests took on a way, to the heads of their answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WayLatency {
    /// The mean.
    pub mean_ms: Millis,
    /// What 95 of 100 did not exceed, read off buckets; `None` where nobody told buckets.
    pub p95_ms: Option<Millis>,
}

impl Ways {
    pub(super) fn add(&mut self, way: &Way, requests: &Requests, at: Timestamp) {
        if !self.0.contains_key(way) && self.0.len() >= WAYS_MAX {
            return;
        }
        self.0.insert_if_absent(way.clone(), Buckets::default());
        if let Some(known) = self.0.get_mut(way) {
            known.add(requests, at);
        }
    }

    /// How long they took in the last minutes; `None` with too few of them.
    pub(super) fn latency(&self, way: &Way, now: Timestamp) -> Option<WayLatency> {
        latency(self.0.get(way)?, now)
    }

    /// The same of all ways to a region of a service, by where they begin.
    pub(super) fn latencies(
        &self,
        to: (&ServiceId, &RegionId),
        now: Timestamp,
    ) -> Map<Area, WayLatency> {
        let ways = self.0.among(|(service, region, _)| (service, region).cmp(&to));
        Map::of(ways.iter().filter_map(|((.., area), taken)| Some((*area, latency(taken, now)?))))
    }

    /// Forgets what nobody asks for any more, and what is too old to say anything.
    pub(super) fn retain(
        &mut self,
        is_known: impl Fn(&ServiceId, Option<&RegionId>) -> bool,
        now: Timestamp,
    ) {
        self.0.retain(|(service, region, _), counts| {
            is_known(service, Some(region)) && !counts.within(WAY_WINDOW_MS, now).is_empty()
        });
    }

    pub(super) fn forget_the_future(&mut self, now: Timestamp) {
        self.0.values_mut().for_each(|counts| counts.forget_the_future(now));
    }
}

fn latency(taken: &Buckets<MINUTE, 6, Requests>, now: Timestamp) -> Option<WayLatency> {
    let Requests { counts, latencies } = taken.within(WAY_WINDOW_MS, now);
    let well = counts.requests.saturating_sub(counts.failures);
    let mean_ms = counts.mean_latency_ms().filter(|_| well >= WAY_SAMPLES_MIN)?;
    Some(WayLatency { mean_ms, p95_ms: latencies.percentile_ms(95) })
}
