//! What `status` and `region:<id>` say of regions and origins, as the view has it.

use super::{Document, Wanted, document};
use crate::config::{Origin, Override, Service};
use crate::controller::summary;
use crate::documents::{
    AreaStatus, MonitorStatus, OriginStatus, REGION_PREFIX, RegionHealth, RegionStatus,
    ReturnStatus, SightStatus,
};
use crate::geo::Area;
use crate::health::Health;
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::ordered::Map;
use crate::state::TargetState;
use crate::time::Timestamp;
use crate::view::{By, OriginStanding, RegionStanding, ServiceStanding, View, Whose};

pub(super) fn service_health(
    standings: &[ServiceStanding<'_>],
) -> Map<ServiceId, Map<RegionId, Health>> {
    Map::of(standings.iter().map(|standing| {
        let regions = standing.regions.iter().map(|region| (region.id.clone(), region.health));
        (standing.id.clone(), Map::of(regions))
    }))
}

/// How regions stood when corruption was declared, while it counts.
pub(super) fn frozen(view: &View<'_>) -> Option<Map<ServiceId, Map<RegionId, Health>>> {
    let counts = |service: &&ServiceId| view.orders().corruption(Some(service)).is_some();
    let all = view.state.frozen.iter().filter(|(service, _)| counts(service));
    let all = Map::of(all.map(|(service, regions)| (service.clone(), regions.clone())));
    (!all.is_empty()).then_some(all)
}

/// The regions that are not simply observed to be up; services without such a region are left out.
pub(super) fn reasons(
    view: &View<'_>,
    standings: &[ServiceStanding<'_>],
) -> Map<ServiceId, Map<RegionId, RegionHealth>> {
    let mut all = Map::new();
    for standing in standings {
        let regions = standing.regions.iter().map(|region| {
            (region.id, region_health(view, (standing.id, standing.service), region))
        });
        let is_odd = |it: &RegionHealth| {
            it.why.is_some() || it.draining || it.returning.is_some() || it.away.is_some()
        };
        let odd = regions.filter(|(_, it)| is_odd(it));
        let odd: Vec<_> = odd.map(|(id, it)| (id.clone(), it)).collect();
        if !odd.is_empty() {
            all.insert(standing.id.clone(), Map::of(odd));
        }
    }
    all
}

fn region_health(
    view: &View<'_>,
    (id, service): (&ServiceId, &Service),
    region: &RegionStanding<'_>,
) -> RegionHealth {
    let recovery = view.state.recoveries.get(id).filter(|_| service.failover.failback.is_some());
    let back = recovery.and_then(|it| it.returns.get(region.id));
    RegionHealth {
        health: region.health,
        because: region.because(),
        draining: region.is_draining,
        why: region.why(),
        away: Some(view.away(service, region)).filter(|away| !away.is_empty()),
        returning: back.map(|back| ReturnStatus {
            percent: back.percent,
            since: back.since,
            regressions: back.regressions,
            held: back.held.clone(),
        }),
    }
}

pub(super) fn overrides(view: &View<'_>) -> Map<OriginId, Override> {
    let regions = view.config.regions.iter();
    let origins = regions.flat_map(|(id, region)| region.origins.iter().map(move |it| (id, it)));
    let set = |(region, origin): (&RegionId, &Origin)| {
        Some((origin.id.clone(), view.override_of(region, &origin.id)?))
    };
    Map::of(origins.filter_map(set))
}

pub(super) fn region_key(id: &RegionId) -> String {
    format!("{REGION_PREFIX}{id}")
}

/// What the pages of all regions are made of, worked out once for all of them.
pub(in crate::controller) struct Look<'l, 'v> {
    view: &'l View<'v>,
    standings: &'l [ServiceStanding<'v>],
    /// Each monitor that probes.
    monitors: Vec<(&'v MonitorId, By<'v>)>,
}

impl<'l, 'v> Look<'l, 'v> {
    pub(in crate::controller) fn of(
        view: &'l View<'v>,
        standings: &'l [ServiceStanding<'v>],
    ) -> Self {
        let monitors = view.config.monitors.keys().map(|id| (id, view.by(id))).collect();
        Self { view, standings, monitors }
    }

    /// What `region:<id>` says of a region.
    pub(in crate::controller) fn region(&self, id: &RegionId) -> Option<RegionStatus> {
        let Self { view, standings, .. } = self;
        let (id, region) = view.config.regions.entry(id)?;
        let services = standings.iter().filter_map(|standing| {
            let health = region_health(view, (standing.id, standing.service), standing.region(id)?);
            Some((standing.id.clone(), health))
        });
        let origins = region.origins.iter();
        Some(RegionStatus {
            as_of: view.now,
            region: id.clone(),
            country: region.country,
            services: Map::of(services),
            origins: Map::of(origins.map(|origin| (origin.id.clone(), self.origin(id, origin)))),
        })
    }

    fn origin(&self, region: &RegionId, origin: &'v Origin) -> OriginStatus {
        let view = self.view;
        let targets = view.state.targets_of(&origin.id);
        let whose = Whose { service: None, region };
        let probing = self.monitors.iter().filter_map(|(id, by)| Some((*id, by, targets.get(id)?)));
        let monitors = probing.map(|(id, by, known)| {
            let status = monitor_status(view.origin(whose, by, origin));
            (id.clone(), MonitorStatus { areas: sights(view, known), ..status })
        });
        OriginStatus {
            url: origin.url.to_string(),
            override_: view.override_of(region, &origin.id),
            monitors: Map::of(monitors),
        }
    }
}

pub(super) fn region_document(
    (wanted, key): (&mut Wanted<'_>, String),
    look: &Look<'_, '_>,
    id: &RegionId,
) -> Option<Document> {
    let status = look.region(id)?;
    let now = look.view.now;
    Some(document((wanted, key), status, now, summary::of_region, |status, drafts| {
        drafts.regions.with(id, |known| known.of(substance(status)))
    }))
}

fn substance(mut status: RegionStatus) -> RegionStatus {
    status.as_of = Timestamp::default();
    let monitors = status.origins.values_mut().flat_map(|o| o.monitors.values_mut());
    for monitor in monitors {
        (monitor.latency_ms, monitor.lag_s) = (None, None);
        if monitor.observed == Health::Up {
            // A stray failure is no news; written each time, it would use up the day's writes.
            monitor.reason = None;
        }
        for sight in monitor.areas.iter_mut().flat_map(Map::values_mut) {
            (sight.latency_ms, sight.reason) = (None, None);
        }
    }
    status
}

/// What a monitor says of an origin, and what that comes to.
fn monitor_status(standing: OriginStanding<'_>) -> MonitorStatus {
    let observed = standing.observed;
    MonitorStatus {
        health: standing.health,
        because: standing.because,
        observed: observed.health,
        damped_until: observed.damped_until,
        lag_s: observed.lag.map(|lag| lag.value_s),
        since: observed.since,
        reason: observed.reason.map(|reason| reason.to_string()),
        latency_ms: observed.latency_ms,
        areas: None,
    }
}

/// How an origin looks from each area; `None` where probes come from the cron run.
fn sights(view: &View<'_>, known: &TargetState) -> Option<Map<Area, SightStatus>> {
    let sights = &known.sights;
    let told = sights.iter().map(|(area, sight)| {
        let reason = sight.note.clone().or_else(|| Some(sight.memory.reason?.to_string()));
        let latency_ms = sight.latency.and_then(|latency| latency.millis(view.now));
        (*area, SightStatus { health: sight.memory.health, reason, latency_ms })
    });
    (!sights.is_empty()).then(|| Map::of(told))
}

/// The areas that probes come from; `None` where they come from the cron run.
pub(super) fn areas(view: &View<'_>) -> Option<Map<Area, AreaStatus>> {
    let told = view.config.areas.iter().map(|area| {
        let known = view.state.areas.get(area).cloned().unwrap_or_default();
        let answers = known.is_heard(view.now);
        let status = AreaStatus {
            answers,
            silent_since: known.heard_at.filter(|_| !answers),
            doubted_since: known.doubted_since,
            colo: known.colo,
        };
        (*area, status)
    });
    (!view.config.areas.is_empty()).then(|| Map::of(told))
}
