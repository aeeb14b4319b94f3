//! How the last day went, for people who look.

use super::Controller;
use super::writing::region_status;
use crate::config::{Origin, Region};
use crate::documents::{
    AreaSight, HOUR_MS, HOURS, HourCounts, LATENCY_STEP_MS, LATENCY_STEPS, RegionPlace,
    RegionStatus, RegionTrend, ServiceTrend, TrendsPage,
};
use crate::geo::Area;
use crate::health::Health;
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::ordered::Map;
use crate::state::{Episode, State};
use crate::target::Target;
use crate::time::{Millis, SECOND, Timestamp};
use crate::view::{RegionStanding, ServiceStanding, View};

/// Most regions of services whose latencies are noted: 600 KB of memory.
const NOTED_MAX: usize = 1_000;

/// Latencies of the last hours, by region of a service. A restart forgets them.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// The step that was noted last.
    step: Option<u64>,
    latencies: Map<(ServiceId, RegionId), Vec<(u64, Millis)>>,
}

impl Controller {
    /// Notes how long probes take, once in each step.
    pub(super) fn note_latencies(&mut self, now: Timestamp) {
        let step = now.millis() / LATENCY_STEP_MS;
        if self.noted.step == Some(step) {
            return;
        }
        let Some(view) = self.view(now) else { return };
        let seen: Vec<_> = view.services().flat_map(|standing| latencies(&standing)).collect();
        self.noted.note(step, seen);
    }

    /// One region with its origins, as `region:<id>` has it.
    #[must_use]
    pub fn region_page(&self, id: &str, now: Timestamp) -> Option<RegionStatus> {
        let view = self.view(now)?;
        let (id, region) = view.config.regions.iter().find(|(known, _)| known.as_str() == id)?;
        Some(region_status(&view, id, region))
    }

    /// How the last day went.
    #[must_use]
    pub fn trends(&self, now: Timestamp) -> TrendsPage {
        let Some(view) = self.view(now) else {
            return TrendsPage { as_of: now, regions: Map::new(), services: Map::new() };
        };
        let regions = view.config.regions.iter();
        let services = view.services();
        TrendsPage {
            as_of: now,
            regions: Map::of(regions.map(|(id, region)| (id.clone(), place(&view, region)))),
            services: Map::of(services.map(|it| (it.id.clone(), trend(&view, &self.noted, &it)))),
        }
    }
}

impl Noted {
    fn note(&mut self, step: u64, seen: Vec<((ServiceId, RegionId), Millis)>) {
        self.step = Some(step);
        let oldest = step.saturating_sub(LATENCY_STEPS - 1);
        for latencies in self.latencies.values_mut() {
            latencies.retain(|(noted, _)| (oldest..step).contains(noted));
        }
        self.latencies.retain(|_, latencies| !latencies.is_empty());
        for (whose, latency_ms) in seen {
            if self.latencies.len() < NOTED_MAX {
                self.latencies.insert_if_absent(whose.clone(), Vec::new());
            }
            if let Some(latencies) = self.latencies.get_mut(&whose) {
                latencies.push((step, latency_ms));
            }
        }
    }

    /// The last latencies, the oldest first.
    fn of(&self, service: &ServiceId, region: &RegionId, now: Timestamp) -> Vec<Option<Millis>> {
        let last = now.millis() / LATENCY_STEP_MS;
        let noted = self.latencies.get(&(service.clone(), region.clone()));
        let noted = noted.map(Vec::as_slice).unwrap_or_default();
        let at = |step| noted.iter().find(|(noted, _)| *noted == step).map(|(_, ms)| *ms);
        let steps = (0..LATENCY_STEPS).rev();
        steps.map(|back| at(last.checked_sub(back)?)).collect()
    }
}

fn latencies(standing: &ServiceStanding<'_>) -> Vec<((ServiceId, RegionId), Millis)> {
    let of_region = standing.regions.iter().filter_map(|region| {
        Some(((standing.id.clone(), region.id.clone()), region.latency_ms()?))
    });
    of_region.collect()
}

/// Where a region is, and how its best origin looks from each area.
fn place(view: &View<'_>, region: &Region) -> RegionPlace {
    let sight = |area: &Area| {
        let origins = region.origins.iter().map(|origin: &Origin| &origin.id);
        Some((*area, origins.filter_map(|id| sight(view, id, *area)).min_by_key(best_first)?))
    };
    RegionPlace {
        country: region.country,
        location: region.location,
        areas: Map::of(view.config.areas.iter().filter_map(sight)),
    }
}

fn best_first(sight: &AreaSight) -> (Health, Millis) {
    (sight.health, sight.latency_ms.unwrap_or(Millis::MAX))
}

/// An origin by its worst monitor, seen from an area.
fn sight(view: &View<'_>, origin: &OriginId, area: Area) -> Option<AreaSight> {
    let of_monitor = view.monitors_of(origin).filter_map(|monitor| {
        let target = Target { origin: origin.clone(), monitor: monitor.clone() };
        let sight = view.state.targets.get(&target)?.sights.get(&area)?;
        let latency_ms = sight.latency.and_then(|latency| latency.millis(view.now));
        Some(AreaSight { health: sight.memory.health, latency_ms })
    });
    of_monitor.max_by_key(|sight| sight.health)
}

fn trend(view: &View<'_>, noted: &Noted, standing: &ServiceStanding<'_>) -> ServiceTrend {
    let regions = standing.regions.iter().map(|region| {
        let down_s = down_s(view.state, (standing.id, region.id), view.now);
        let latency_ms = noted.of(standing.id, region.id, view.now);
        (region.id.clone(), RegionTrend { down_s, latency_ms })
    });
    ServiceTrend {
        names: standing.service.names().into_iter().map(str::to_owned).collect(),
        policy: standing.service.steering.policy.as_str().to_owned(),
        primary: standing.primary.map(|primary| primary.region.clone()),
        takes: takes(standing),
        hours: hours(view, standing.id),
        regions: Map::of(regions),
    }
}

/// The regions that take new clients, the preferred one first.
fn takes(standing: &ServiceStanding<'_>) -> Vec<RegionId> {
    let takes = |region: &&RegionStanding<'_>| region.health == Health::Up && !region.is_draining;
    let preferred = standing.preferred();
    let ids = standing.regions.iter().filter(takes).map(|region| region.id);
    let others = ids.filter(|id| preferred != Some(*id));
    preferred.into_iter().chain(others).cloned().collect()
}

/// The last hours, each with when it began and ended, the oldest first. The last one goes on.
fn last_hours(now: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let this = now.millis() / HOUR_MS;
    let begins = |hour: u64| Timestamp::from_millis(hour.saturating_mul(HOUR_MS));
    (0..HOURS).rev().map(move |back| {
        let hour = this.saturating_sub(back);
        (begins(hour), begins(hour.saturating_add(1)).min(now))
    })
}

fn hours(view: &View<'_>, service: &ServiceId) -> Vec<HourCounts> {
    let counts = view.state.traffic.last_hours(service, HOURS, view.now);
    let told = counts
        .into_iter()
        .map(|counts| HourCounts { requests: counts.requests, failures: counts.failures });
    let told: Vec<HourCounts> = told.collect();
    if told.iter().all(|hour| hour.requests == 0) { Vec::new() } else { told }
}

/// How many seconds of each hour a region was down for a service.
fn down_s(state: &State, (service, region): (&ServiceId, &RegionId), now: Timestamp) -> Vec<u64> {
    let is_mine = |it: &&Episode| it.service == *service && it.region == *region;
    let episodes = state.history.iter().filter(is_mine);
    let down: Vec<_> = episodes.filter(|it| it.health == Health::Down).collect();
    let within = |(from, to): (Timestamp, Timestamp)| {
        let ms = |it: &&Episode| it.until.unwrap_or(now).min(to).since(it.since.max(from));
        down.iter().map(ms).fold(0_u64, u64::saturating_add) / SECOND
    };
    last_hours(now).map(within).collect()
}
