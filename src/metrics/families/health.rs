//! Health of regions and origins, and what their probes measure.

use crate::health::Health;
use crate::metrics::family::{Group, Samples};
use crate::metrics::sources::Sources;
use crate::view::{RegionStanding, ServiceStanding};

/// By region, as a service sees it.
pub(super) const REGIONS: Group = Group {
    lines: "\
gauge region_health service,region,health Effective health: 1 for the one it has.
gauge region_draining service,region Whether a region takes no new clients although it is not down.
gauge region_returned_ratio service,region The part of its clients that a region has.
gauge region_primary service,region Whether a region is the primary of a service that has one.
gauge replication_lag_seconds service,region The replication lag that a region reports.
gauge standby_lag_seconds service,region The lag of a standby at most, by its last reading.
gauge standby_contact_age_seconds service,region Time since it had contact with its primary.",
    make: regions,
};

fn regions(s: &Sources<'_>, out: &mut Samples<'_>) {
    for service in &s.services {
        service.regions.iter().for_each(|region| of_region(s, service, region, out));
    }
}

fn of_region(
    s: &Sources<'_>,
    service: &ServiceStanding<'_>,
    region: &RegionStanding<'_>,
    out: &mut Samples<'_>,
) {
    let labels = [service.id.as_str(), region.id.as_str()];
    out.one_of("region_health", &labels, Health::WORDS, region.health.as_str());
    out.flag("region_draining", &labels, region.is_draining);
    let returned = region.share.returned_percent.unwrap_or(100);
    out.parts("region_returned_ratio", &labels, Some(returned.into()), 2);
    if let Some(primary) = service.primary {
        out.flag("region_primary", &labels, primary.region == region.id);
    }
    if let Some(lag_s) = region.lag_s() {
        out.count("replication_lag_seconds", &labels, lag_s);
    }
    let standby = service.recovery.and_then(|it| it.standbys.get(region.id));
    let Some(reading) = standby.and_then(|it| it.last.as_ref()) else { return };
    let Ok(told) = reading.told() else { return };
    out.millis("standby_lag_seconds", &labels, Some(told.lag.at_most_ms()));
    let age_ms = s.now.since(reading.asked).saturating_add(told.contact_age.at_most_ms());
    out.millis("standby_contact_age_seconds", &labels, Some(age_ms));
}

/// By origin and monitor.
pub(super) const ORIGINS: Group = Group {
    lines: "\
gauge origin_health region,origin,monitor,health Observed health: 1 for the one it has.
gauge probe_latency_seconds region,origin,monitor The smoothed latency of probes that pass.
gauge area_probe_latency_seconds area,region,origin,monitor The same from each area that probes.
gauge area_request_latency_seconds area,service,region The mean of live requests in five minutes.",
    make: origins,
};

fn origins(s: &Sources<'_>, out: &mut Samples<'_>) {
    let Some(view) = s.view else { return };
    for it in &s.targets {
        let labels = [it.region.as_str(), it.origin.as_str(), it.monitor.as_str()];
        out.one_of("origin_health", &labels, Health::WORDS, it.standing.health.as_str());
        out.millis("probe_latency_seconds", &labels, it.standing.latency_ms);
        let by = view.by(it.monitor);
        for area in &view.config.areas {
            let labels = [&[area.as_str()], &labels[..]].concat();
            let latency_ms = view.latency_from(*area, &by, it.origin);
            out.millis("area_probe_latency_seconds", &labels, latency_ms);
        }
    }
    for service in &s.services {
        for region in &service.service.regions {
            for (area, live) in &view.live_latencies(service.id, region) {
                let labels = [area.as_str(), service.id.as_str(), region.as_str()];
                out.millis("area_request_latency_seconds", &labels, Some(live.mean_ms));
            }
        }
    }
}
