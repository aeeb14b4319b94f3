//! DNS records: one answer for everybody, so it must be lawful for everybody.

use super::{FailureScenario, Prover};
use crate::cloudflare::{Desired, DesiredRecords};
use crate::config::{DnsTarget, Publish, RecordKind, Service};
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Set;
use crate::residency::RegionSet;

pub(super) fn check(
    prover: &mut Prover<'_>,
    id: &ServiceId,
    service: &Service,
    world: &FailureScenario<'_>,
    desired: &Desired,
) {
    for publish in &service.publish {
        let Publish::Dns(target) = publish else { continue };
        prover.proof.dns_cases += 1;
        let permitted = prover.oracle.everybody(service, &target.name);
        let mut wanted = desired
            .records
            .iter()
            .filter(|records| records.name == target.name && records.kind == target.kind);
        let what = match (wanted.next(), wanted.next()) {
            (Some(records), None) => fault(world, &permitted, target, records),
            _ => Some("it has no desired record set, or several".to_owned()),
        };
        if let Some(what) = what {
            let example = format!("{} {}", target.name, target.kind.as_str());
            prover.violation("dns", id, what, example, world.down());
        }
    }
}

fn fault(
    world: &FailureScenario<'_>,
    permitted: &RegionSet,
    target: &DnsTarget,
    records: &DesiredRecords,
) -> Option<String> {
    let lawful: Vec<String> =
        permitted.iter().flat_map(|region| contents(world, region, target.kind)).collect();
    let strange =
        |contents: &Set<String>| contents.iter().find(|content| !lawful.contains(content)).cloned();
    let answers = [("answers", &records.answer), ("may fall back to", &records.refuge)];
    for (verb, answer) in answers {
        let Some((region, said)) = answer else { continue };
        if index_of(world, region).is_none_or(|region| !permitted.contains(region)) {
            return Some(format!("it {verb} {region}, which is not permitted for everybody"));
        }
        if let Some(content) = strange(said) {
            return Some(format!("it {verb} {content}, which is in no permitted region"));
        }
    }
    if let Some(content) = strange(&records.permitted.keys().cloned().collect()) {
        return Some(format!("it may keep {content}, which is in no permitted region"));
    }
    let is_up = |region: &RegionId| index_of(world, region).is_some_and(|index| world.is_up(index));
    match &records.answer {
        Some(_) if records.manual => {
            Some("it moves by itself although only a person moves it".to_owned())
        }
        Some((region, _)) if !is_up(region) => {
            Some(format!("it answers {region}, which is not known to be up"))
        }
        // If a person moves it, no answer is desired.
        None if !records.manual && permitted.iter().any(|region| world.is_up(region)) => {
            Some("it has no answer although a permitted region is up".to_owned())
        }
        _ => None,
    }
}

fn index_of(world: &FailureScenario<'_>, region: &RegionId) -> Option<usize> {
    world.config.regions.keys().position(|id| id == region)
}

/// Every content that a record may have for a region.
fn contents(world: &FailureScenario<'_>, region: usize, kind: RecordKind) -> Vec<String> {
    let region = world.config.regions.values().nth(region);
    let origins = region.into_iter().flat_map(|region| &region.origins);
    let content = origins.filter_map(|origin| match kind {
        RecordKind::A => origin.ipv4.map(|address| address.to_string()),
        RecordKind::Aaaa => origin.ipv6.map(|address| address.to_string()),
        RecordKind::Cname => Some(origin.url.host().to_owned()),
    });
    content.collect()
}
