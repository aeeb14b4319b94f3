//! How the last day went, for people who look.

use super::Controller;
use super::writing::Look;
use crate::config::{Origin, Region};
use crate::documents::{
    AreaSight, HOUR_MS, HOURS, HourCounts, LATENCY_STEP_MS, LATENCY_STEPS, PastLatency,
    RegionPlace, RegionStatus, RegionTrend, ServiceTrend, TrendsPage,
};
use crate::geo::Area;
use crate::health::Health;
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::ordered::Map;
use crate::state::{Episode, State};
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
        // After a restart the first figures come a little later.
        if !seen.is_empty() {
            self.noted.note(step, seen);
        }
    }

    /// One region with its origins, as `region:<id>` has it.
    #[must_use]
    pub fn region_page(&self, id: &str, now: Timestamp) -> Option<RegionStatus> {
        let view = self.view(now)?;
        let id = view.config.regions.keys().find(|known| known.as_str() == id)?;
        let standings: Vec<_> = view.services().collect();
        Look::of(&view, &standings).region(id)
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
    fn of(&self, service: &ServiceId, region: &RegionId, now: Timestamp) -> Vec<PastLatency> {
        let oldest = (now.millis() / LATENCY_STEP_MS).saturating_sub(LATENCY_STEPS - 1);
        let noted = self.latencies.get(&(service.clone(), region.clone()));
        let noted = noted.into_iter().flatten().filter(|(step, _)| *step >= oldest);
        let past = |(step, latency_ms): &(u64, Millis)| PastLatency {
            at: Timestamp::from_millis(step.saturating_mul(LATENCY_STEP_MS)),
            latency_ms: *latency_ms,
        };
        noted.map(past).collect()
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
    let targets = view.state.targets_of(origin);
    let of_monitor = view.monitors_of(origin).filter_map(|monitor| {
        let sight = targets.get(monitor)?.sights.get(&area)?;
        let latency_ms = sight.latency.and_then(|latency| latency.millis(view.now));
        Some(AreaSight { health: sight.memory.health, latency_ms })
    });
    of_monitor.max_by_key(|sight| sight.health)
}

fn trend(view: &View<'_>, noted: &Noted, standing: &ServiceStanding<'_>) -> ServiceTrend {
    let regions = standing.regions.iter().map(|region| {
        let down_s = down_s(view.state, (standing.id, region.id), view.now);
        let latencies = noted.of(standing.id, region.id, view.now);
        (region.id.clone(), RegionTrend { down_s, latencies })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::Offered;
    use crate::testing::{config_text, run};
    use crate::time::MINUTE;

    const BEGINS: u64 = 1_000 * HOUR_MS;

    /// The world of `testing` after so many minutes, with Europe down in the minutes of `down`.
    fn after(minutes: u64, down: std::ops::Range<u64>) -> (Controller, Timestamp) {
        let mut controller = Controller::default();
        let begins = Timestamp::from_millis(BEGINS);
        assert_eq!(controller.offer_config(&config_text(), begins), Offered::Taken);
        for minute in 0..minutes {
            let failing: &[&str] = if down.contains(&minute) { &["eu-1"] } else { &[] };
            run(&mut controller, BEGINS + minute * MINUTE, failing);
            let ends = Timestamp::from_millis(BEGINS + minute * MINUTE + 59_000);
            controller.settle(ends);
            controller.due_documents(ends);
        }
        (controller, Timestamp::from_millis(BEGINS + minutes * MINUTE))
    }

    fn trend(page: &TrendsPage, service: &str) -> ServiceTrend {
        page.services.get(&ServiceId::parse(service).unwrap()).unwrap().clone()
    }

    fn of(trend: &ServiceTrend, region: &str) -> RegionTrend {
        trend.regions.get(&RegionId::parse(region).unwrap()).unwrap().clone()
    }

    #[test]
    fn the_seconds_of_an_outage_are_in_the_hours_that_had_them() {
        let (controller, now) = after(130, 50..80);
        let api = trend(&controller.trends(now), "api");
        let down_s = of(&api, "eu-west").down_s;
        assert_eq!(down_s.len(), 24, "{down_s:?}");
        let [first, second, third] = down_s[21..] else { panic!("{down_s:?}") };
        assert!((500..=600).contains(&first), "the last ten minutes of its hour: {first}");
        assert!((1_200..1_400).contains(&second), "until it was up again: {second}");
        assert_eq!((third, down_s[..21].iter().sum::<u64>()), (0, 0));
        assert_eq!(of(&api, "us-east").down_s, [0; 24]);
    }

    #[test]
    fn latencies_are_noted_once_in_five_minutes_and_grow_old() {
        let (controller, now) = after(21, 0..0);
        let told = of(&trend(&controller.trends(now), "api"), "us-east").latencies;
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told.iter().all(|it| it.latency_ms == 20));
        assert!(told.windows(2).all(|pair| pair[1].at.since(pair[0].at) == LATENCY_STEP_MS));
        let later = now.plus((LATENCY_STEPS - 3) * LATENCY_STEP_MS);
        let old = of(&trend(&controller.trends(later), "api"), "us-east").latencies;
        assert_eq!(old, told[2..], "what is older than six hours is not shown");
    }

    #[test]
    fn who_takes_new_clients_is_told_in_failover_order() {
        let ids = |page: &TrendsPage| {
            trend(page, "api").takes.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let (controller, now) = after(3, 0..0);
        assert_eq!(ids(&controller.trends(now)), ["eu-west", "us-east", "sa-east"]);
        let (controller, now) = after(6, 1..6);
        assert_eq!(ids(&controller.trends(now)), ["us-east", "sa-east"]);
        assert!(controller.trends(now).regions.values().all(|place| place.areas.is_empty()));
    }

    #[test]
    fn before_there_is_a_config_there_is_nothing_to_tell() {
        let page = Controller::default().trends(Timestamp::from_millis(BEGINS));
        assert!(page.services.is_empty() && page.regions.is_empty());
    }
}
