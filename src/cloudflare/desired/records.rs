//! Record sets: one answer for everybody, so only what every rule over the name permits.

use super::{DesiredRecords, RecordMember, health, is_manual, switch};
use crate::config::{DnsTarget, Origin, RecordKind, Service};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{Map, Set};
use crate::time::{MINUTE, Millis};
use crate::view::View;

/// For how long a change of health leaves another one likely. Time to live comes back only after
/// this, so that a flapping region does not cost a call for each flap.
const RISK_LINGERS_MS: Millis = 10 * MINUTE;

pub(super) fn records(
    view: &View<'_>,
    id: &ServiceId,
    service: &Service,
    target: &DnsTarget,
) -> DesiredRecords {
    let regions = view.permitted_to_everybody(service, &target.name);
    let manual = is_manual(service);
    let answer = regions.iter().filter(|_| !manual).find_map(|region| {
        let is_up = |origin: &Origin| health(view, service, origin) == Health::Up;
        let contents = contents(target.kind, view.origins_in(region), &is_up);
        (!contents.is_empty()).then(|| ((*region).clone(), contents))
    });
    let refuge = regions.first().map(|region| {
        ((*region).clone(), contents(target.kind, view.origins_in(region), &|_| true))
    });
    DesiredRecords {
        zone: target.zone.clone(),
        name: target.name.clone(),
        kind: target.kind,
        service: id.clone(),
        mode: target.mode,
        ttl_s: ttl_s(view, service, target, &regions),
        proxied: target.proxied,
        manage: target.manage,
        adopt: target.adopt,
        answer,
        refuge,
        is_guarded: view.binds_everybody(service, &target.name),
        permitted: permitted(view, service, target.kind, &regions),
        regions: regions.into_iter().cloned().collect(),
        manual,
    }
}

/// Everything that may be said. Of a region with several hosts each may be named, and a CNAME names
/// one at a time. Of several origins at one address, one that is up keeps it.
fn permitted(
    view: &View<'_>,
    service: &Service,
    kind: RecordKind,
    regions: &[&RegionId],
) -> Map<String, RecordMember> {
    let mut permitted = Map::new();
    for region in regions {
        for origin in view.origins_in(region) {
            let switch = switch(health(view, service, origin));
            if let Some(content) = content(kind, origin) {
                permitted.insert_min(content, RecordMember { switch, region: (*region).clone() });
            }
        }
    }
    permitted
}

/// Caches should not outlive the next change: while one is likely, the shorter time to live counts.
fn ttl_s(view: &View<'_>, service: &Service, target: &DnsTarget, regions: &[&RegionId]) -> u32 {
    let Some(at_risk_s) = target.ttl_at_risk_s else { return target.ttl_s };
    let mut origins = regions.iter().flat_map(|region| view.origins_in(region));
    let is_at_risk = origins.any(|origin| {
        health(view, service, origin) != Health::Up
            || view.is_unsettled(&service.monitor, origin, RISK_LINGERS_MS)
    });
    if is_at_risk { at_risk_s } else { target.ttl_s }
}

/// What the set says where it names those of a region's origins that fit. A CNAME stands alone.
fn contents<'o>(
    kind: RecordKind,
    origins: impl Iterator<Item = &'o Origin>,
    fits: &dyn Fn(&Origin) -> bool,
) -> Set<String> {
    let mut contents = Set::new();
    for origin in origins.filter(|origin| fits(origin)) {
        if kind != RecordKind::Cname || contents.is_empty() {
            contents.extend(content(kind, origin));
        }
    }
    contents
}

fn content(kind: RecordKind, origin: &Origin) -> Option<String> {
    match kind {
        RecordKind::A => origin.ipv4.map(|ip| ip.to_string()),
        RecordKind::Aaaa => origin.ipv6.map(|ip| ip.to_string()),
        RecordKind::Cname => Some(origin.url.host().to_owned()),
    }
}
