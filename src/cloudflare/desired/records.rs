//! Record sets. Everybody gets the same answer, so it may contain only what every rule over the
//! name permits.

use super::{DesiredRecords, RecordMember, Switch};
use crate::config::{DnsMode, DnsTarget, Origin, Publish, RecordKind, Service};
use crate::health::Health;
use crate::ids::RegionId;
use crate::ordered::{Map, Set};
use crate::time::{MINUTE, Millis};
use crate::view::{Everybody, OriginStanding, RegionStanding, ServiceStanding};

/// How long after a change of health another one is likely. The TTL rises again only after this, so
/// that a flapping region does not cost a call per flap.
const RISK_LINGERS_MS: Millis = 10 * MINUTE;

pub(super) fn records(
    standing: &ServiceStanding<'_>,
    everybody: &Everybody<'_>,
    target: &DnsTarget,
) -> DesiredRecords {
    let preferred = standing.preferred();
    let mut regions: Vec<_> = standing.regions_of(everybody.permitted.iter().copied()).collect();
    regions.sort_by_key(|region| preferred != Some(region.id));
    let manual = standing.is_manual();
    let is_up = |origin: &&OriginStanding<'_>| origin.for_new_clients() == Health::Up;
    let follows = follows(standing.service, target, &regions);
    // The type whose addresses a region must have to be answered.
    let leading = if follows.is_some() { RecordKind::A } else { target.kind };
    // A switch is a person's own move.
    let may_lead = |region: &RegionId| !manual || preferred == Some(region);
    // A record has no shares: it leads to a region again when all of its clients have returned.
    let may_wait = regions.iter().any(|region| region.is_settled());
    let waits = |region: &RegionStanding<'_>| may_wait && region.is_returning();
    let first = regions.iter().filter(|region| !waits(region));
    let answer = first.filter(|region| may_lead(region.id)).find_map(|region| {
        let origins = || region.origins.iter().filter(is_up);
        let leads = !contents(leading, origins()).is_empty();
        leads.then(|| (region.id.clone(), contents(target.kind, origins())))
    });
    let returning = regions.iter().filter(|region| waits(region)).map(|it| it.id.clone());
    let returning = Set::of(returning);
    let refuge = regions.first();
    let refuge =
        refuge.map(|region| (region.id.clone(), contents(target.kind, region.origins.iter())));
    DesiredRecords {
        zone: target.zone.clone(),
        name: target.name.clone(),
        kind: target.kind,
        service: standing.id.clone(),
        mode: target.mode,
        ttl_s: ttl_s(target, &regions),
        proxied: target.proxied,
        manage: target.manage,
        adopt: target.adopt,
        answer,
        refuge,
        is_guarded: everybody.is_guarded,
        permitted: permitted(
            target.kind,
            &regions,
            preferred.filter(|_| target.mode == DnsMode::Members),
            &returning,
        ),
        regions: regions.iter().map(|region| region.id.clone()).collect(),
        manual,
        follows,
        returning,
    }
}

/// What an `AAAA` set says beside each content of the `A` set of its name. `None` if the service
/// publishes no such `A` set, or this is no `AAAA` set.
fn follows(
    service: &Service,
    target: &DnsTarget,
    regions: &[&RegionStanding<'_>],
) -> Option<Map<String, Set<String>>> {
    let leads = |publish: &Publish| match publish {
        Publish::Dns(dns) => dns.kind == RecordKind::A && dns.name == target.name,
        Publish::Pool(_) | Publish::LoadBalancer(_) => false,
    };
    if target.kind != RecordKind::Aaaa || !service.publish.iter().any(leads) {
        return None;
    }
    let mut follows: Map<String, Set<String>> = Map::new();
    for origin in regions.iter().flat_map(|region| &region.origins) {
        let Some(four) = content(RecordKind::A, origin.origin) else { continue };
        let mut six = follows.get(&four).cloned().unwrap_or_default();
        six.extend(content(RecordKind::Aaaa, origin.origin));
        follows.insert(four, six);
    }
    Some(follows)
}

/// Every permitted content. A CNAME names one host at a time, but may name any host of a region. If
/// several origins share an address, the one that is up counts. While the region takes clients that
/// an operator prefers, no other is called for.
fn permitted(
    kind: RecordKind,
    regions: &[&RegionStanding<'_>],
    preferred: Option<&RegionId>,
    returning: &Set<RegionId>,
) -> Map<String, RecordMember> {
    let mut permitted = Map::new();
    let leads = |region: &&RegionStanding<'_>| {
        let mut up = region.origins.iter().filter(|origin| origin.for_new_clients() == Health::Up);
        preferred == Some(region.id) && up.any(|origin| content(kind, origin.origin).is_some())
    };
    let only = regions.iter().copied().find(leads).map(|region| region.id);
    for region in regions {
        for origin in &region.origins {
            let mut switch: Switch = origin.for_new_clients().into();
            if returning.contains(region.id) && switch == Switch::Enable {
                switch = Switch::Leave;
            }
            if only.is_some_and(|only| only != region.id) {
                switch = Switch::Disable;
            }
            if let Some(content) = content(kind, origin.origin) {
                permitted.insert_min(content, RecordMember { switch, region: region.id.clone() });
            }
        }
    }
    permitted
}

/// Uses the shorter TTL while another change is likely, so that caches do not outlive it.
fn ttl_s(target: &DnsTarget, regions: &[&RegionStanding<'_>]) -> u32 {
    let Some(at_risk_s) = target.ttl_at_risk_s else { return target.ttl_s };
    let mut origins = regions.iter().flat_map(|region| &region.origins);
    let is_at_risk = origins.any(|origin| {
        let settled_ms = origin.observed.settled_ms;
        origin.for_new_clients() != Health::Up || settled_ms.is_none_or(|ms| ms < RISK_LINGERS_MS)
    });
    if is_at_risk { at_risk_s } else { target.ttl_s }
}

/// The contents for these origins of a region; for a CNAME only one.
fn contents<'o>(
    kind: RecordKind,
    origins: impl Iterator<Item = &'o OriginStanding<'o>>,
) -> Set<String> {
    let mut contents = Set::new();
    for origin in origins {
        if kind != RecordKind::Cname || contents.is_empty() {
            contents.extend(content(kind, origin.origin));
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
