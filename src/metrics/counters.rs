//! What the Controller counts itself.

use crate::config::Config;
use crate::health::Verdict;
use crate::ids::RegionId;
use crate::journal::EventKind;
use crate::ordered::Map;
use crate::tick::{ProbeResult, RoundRequest};

/// What probes say, in words.
pub(super) const SAID: [&str; 3] = ["pass", "fail", "inconclusive"];

/// What happened since the Controller began. Nothing of it is restored: see
/// [`crate::traffic::Totals`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls of Cloudflare's API.
    pub api_calls: u64,
    /// Writes to KV, whether or not they arrived.
    pub kv_writes: u64,
    /// Pushes of metrics that were taken.
    pub exports: u64,
    /// Those that were not.
    pub exports_failed: u64,
    /// Runs that cron began.
    pub runs: u64,
    /// Runs that stood in for cron.
    pub stand_ins: u64,
    /// By kind.
    events: Map<String, u64>,
    /// By region and what they said, with a space in between.
    probes: Map<String, u64>,
}

impl Counters {
    /// Counts an event.
    pub fn event(&mut self, kind: EventKind) {
        count(&mut self.events, kind.as_str().to_owned());
    }

    /// Counts a round that was taken in: the run that begins with it, and its probes.
    pub fn round(&mut self, request: &RoundRequest, config: &Config) {
        if request.round == 0 {
            let runs = if request.stands_in { &mut self.stand_ins } else { &mut self.runs };
            *runs += 1;
        }
        let places = config.places();
        let from_areas = request.areas.iter().flat_map(|area| &area.results);
        for ProbeResult { target, verdict, .. } in request.results.iter().chain(from_areas) {
            let Some((region, _)) = places.get(&target.origin) else { continue };
            let [pass, fail, inconclusive] = SAID;
            let said = match verdict {
                Verdict::Pass { .. } => pass,
                Verdict::Fail { .. } => fail,
                Verdict::Inconclusive { .. } => inconclusive,
            };
            count(&mut self.probes, [region.as_str(), " ", said].concat());
        }
    }

    /// How many events of a kind there were.
    #[must_use]
    pub fn events(&self, kind: &str) -> u64 {
        self.events.get(kind).copied().unwrap_or(0)
    }

    /// How many probes of a region said so.
    #[must_use]
    pub fn probes(&self, region: &RegionId, said: &str) -> u64 {
        let key = [region.as_str(), " ", said].concat();
        self.probes.get(key.as_str()).copied().unwrap_or(0)
    }
}

fn count(counts: &mut Map<String, u64>, key: String) {
    if let Some(count) = counts.get_mut(key.as_str()) {
        *count += 1;
    } else {
        counts.insert_if_absent(key, 1);
    }
}
