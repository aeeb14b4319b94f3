//! How long live requests take from each area to each region of a service.
//!
//! An isolate runs in one place, and its clients are near it. So each report names the area of one
//! of them, and what it counted counts for that area. Unlike a probe's, such a latency is of whole
//! requests, and of a region to which nobody is sent from an area there is none.

use super::buckets::Buckets;
use super::counts::Counts;
use crate::geo::Area;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, Timestamp};

/// The window, of which the mean is taken.
pub const WAY_WINDOW_MS: Millis = 5 * MINUTE;
/// Fewest requests in the window that were answered well; with fewer nothing is said.
pub const WAY_SAMPLES_MIN: u64 = 20;
/// Most ways that are counted. Of more, the first ones that were seen stay.
pub const WAYS_MAX: usize = 10_000;

/// The counts by service, region and area. A restart forgets them: they are of minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ways(Map<Way, Buckets<MINUTE, 6>>);

type Way = (ServiceId, RegionId, Area);

impl Ways {
    pub(super) fn add(&mut self, way: &Way, counts: &Counts, at: Timestamp) {
        if !self.0.contains_key(way) && self.0.len() >= WAYS_MAX {
            return;
        }
        self.0.insert_if_absent(way.clone(), Buckets::default());
        if let Some(known) = self.0.get_mut(way) {
            known.add(counts, at);
        }
    }

    /// The mean time to the head of an answer in the last minutes; `None` with too few of them.
    pub(super) fn latency_ms(&self, way: &Way, now: Timestamp) -> Option<Millis> {
        let counts = self.0.get(way)?.within(WAY_WINDOW_MS, now);
        let well = counts.requests.saturating_sub(counts.failures);
        counts.mean_latency_ms().filter(|_| well >= WAY_SAMPLES_MIN)
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
