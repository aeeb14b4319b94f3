//! What orders would change, in words, before they are given.
//!
//! It is the difference of two views: of who is served where, and of the desired state at
//! Cloudflare. The account is not read, so a change that is not necessary there is named too.

use crate::cloudflare::{Desired, DesiredBalancer, Switch, desired};
use crate::health::Health;
use crate::ids::RegionId;
use crate::ordered::Set;
use crate::view::{RegionStanding, ServiceStanding, View};

/// Most changes that are named; of more it is said how many.
pub const FORESEEN_MAX: usize = 50;

/// What differs between two views.
pub(super) fn changes(before: &View<'_>, after: &View<'_>) -> Vec<String> {
    let mut changes = Vec::new();
    for (was, is) in before.services().zip(after.services()) {
        changes.extend(of_service(&was, &is));
    }
    changes.extend(at_cloudflare(&desired(before), &desired(after)));
    let more = changes.len().saturating_sub(FORESEEN_MAX);
    changes.truncate(FORESEEN_MAX);
    changes.extend((more > 0).then(|| format!("… and {more} more")));
    changes
}

fn of_service(was: &ServiceStanding<'_>, is: &ServiceStanding<'_>) -> Vec<String> {
    let id = is.id;
    let mut changes = Vec::new();
    for (was, is) in was.regions.iter().zip(&is.regions) {
        let (before, after) = (in_words(was), in_words(is));
        if before != after {
            changes.push(format!("{id}: {} is {after}, and was {before}", is.id));
        }
    }
    let (before, after) = (first(was), first(is));
    if before != after {
        let told = |first: Option<&RegionId>| first.map_or("none", RegionId::as_str).to_owned();
        let (before, after) = (told(before), told(after));
        changes
            .push(format!("{id}: the first region for new clients is {after}, and was {before}"));
    }
    match (was.corruption.is_some(), is.corruption.is_some()) {
        (false, true) => {
            changes.push(format!("{id}: nobody is moved to another region, whatever goes down"));
        }
        (true, false) => changes.push(format!("{id}: clients are moved again as health asks")),
        _ => {}
    }
    changes
}

fn in_words(region: &RegionStanding<'_>) -> String {
    let draining = if region.is_draining { ", taking no new clients" } else { "" };
    format!("{}{draining}", region.health.as_str())
}

/// The region to which new clients go first where the law and the policy say nothing else.
fn first<'a>(standing: &ServiceStanding<'a>) -> Option<&'a RegionId> {
    let takes = |region: &&RegionStanding<'a>| region.health == Health::Up && !region.is_draining;
    let in_order = || standing.regions.iter().find(takes).map(|region| region.id);
    standing.preferred().or_else(in_order)
}

fn at_cloudflare(was: &Desired, is: &Desired) -> Vec<String> {
    let mut changes = Vec::new();
    for (was, is) in was.records.iter().zip(&is.records) {
        if was.answer != is.answer || was.permitted != is.permitted {
            let (name, kind) = (&is.name, is.kind.as_str());
            changes.push(match &is.answer {
                Some((region, contents)) => {
                    let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
                    format!("{name} {kind}: answer {} ({region})", contents.join(", "))
                }
                None => format!("{name} {kind}: stays as it is, because no region is up"),
            });
        }
    }
    for (was, is) in was.pools.iter().zip(&is.pools) {
        for (key, member) in &is.origins {
            let before = was.origins.get(key).map(|member| member.switch);
            if before != Some(member.switch) {
                let what = match member.switch {
                    Switch::Enable => "enable",
                    Switch::Leave => "leave as it is",
                    Switch::Disable => "disable",
                };
                changes.push(format!("pool {}: {what} {} ({key})", is.name, member.id));
            }
        }
        if was.origins != is.origins && changes.is_empty() {
            changes.push(format!("pool {}: weights change", is.name));
        }
    }
    for (was, is) in was.balancers.iter().zip(&is.balancers) {
        if was.fields != is.fields {
            changes.push(format!("load balancer {}: {}", is.name, order_of(is)));
        }
    }
    changes
}

fn order_of(balancer: &DesiredBalancer) -> String {
    let pools = balancer.fields.as_ref().and_then(|fields| fields.default_pools.as_ref());
    match pools {
        Some(pools) => format!("pools in the order {}", pools.join(", ")),
        None => "no pool is lawful".to_owned(),
    }
}

/// What would withhold changes at Cloudflare, and who would be left without a region.
pub(super) fn notes(after: &View<'_>) -> Vec<String> {
    let View { config, state, .. } = *after;
    let guards = config.guards;
    let mut notes = Vec::new();
    if guards.halted || after.orders().halt(None).is_some() {
        notes.push("changes at Cloudflare are halted: only the law is still kept there".to_owned());
    }
    if let Some(since) = state.doubted_since {
        notes.push(format!("the observer has doubted itself since {since}: nothing moves there"));
    }
    let mut away = Set::new();
    for standing in after.services() {
        let takes =
            |region: &&RegionStanding<'_>| region.health != Health::Down && !region.is_draining;
        away.extend(standing.regions.iter().filter(|it| !takes(it)).map(|it| it.id.clone()));
        if !standing.regions.iter().any(|region| takes(&region)) {
            notes.push(format!("{}: no region takes new clients", standing.id));
        }
        notes.extend(of_switch(&standing));
        notes.extend(of_load(after, &standing));
        let halt = after.orders().halt(Some(standing.id));
        if let Some(order) = halt.filter(|_| after.orders().halt(None).is_none()) {
            notes.push(format!(
                "{}: changes at Cloudflare are halted {}",
                standing.id,
                order.told()
            ));
        }
    }
    let most = guards.regions_away.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(0));
    if away.len() > most {
        let names: Vec<&str> = away.iter().map(RegionId::as_str).collect();
        let names = names.join(", ");
        notes.push(format!("`guards.regions_away` allows {most}, and away would be {names}"));
    }
    notes
}

fn of_switch(standing: &ServiceStanding<'_>) -> Vec<String> {
    let (Some((_, to)), id) = (standing.switched, standing.id) else { return Vec::new() };
    let mut notes = Vec::new();
    if standing.preferred().is_none() {
        notes.push(format!("{id}: {to} is not up, so the others serve until it is"));
    }
    if let Some(primary) = standing.primary.filter(|primary| primary.region != *to) {
        notes.push(format!("{id}: writes still go to its primary {}", primary.region));
    }
    notes.push(format!("{id}: clients whom a rule or a pin keeps out of {to} stay where they are"));
    notes
}

/// Whether the regions that take new clients carry the service's peak.
fn of_load(view: &View<'_>, standing: &ServiceStanding<'_>) -> Option<String> {
    let peak_rps = u64::from(standing.service.peak_rps?);
    let takes = standing.regions.iter().filter(|it| it.health != Health::Down && !it.is_draining);
    let capacity = |id: &RegionId| view.config.regions.get(id)?.capacity_rps;
    let left: u64 = takes.filter_map(|region| capacity(region.id)).map(u64::from).sum();
    let id = standing.id;
    (left < peak_rps).then(|| {
        format!("{id}: the regions that are left carry {left} rps, and its peak is {peak_rps} rps")
    })
}
