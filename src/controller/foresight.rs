//! What orders would change, in words, before they are given.
//!
//! It is the difference of two views: of who is served where, and of what the next pass would do at
//! Cloudflare. Before the first pass after a restart nobody knows the account. Then the difference
//! of the desired states stands in, which names changes too that are not necessary.

mod outlook;

use crate::cloudflare::{Desired, Readings, Switch, desired};
use crate::health::Health;
use crate::ids::RegionId;
use crate::ordered::Set;
use crate::time::Timestamp;
use crate::view::{RegionStanding, ServiceStanding, View};
use outlook::{Outlook, order_of};

/// Most changes, and most notes, that are named; of more it is said how many.
pub const FORESEEN_MAX: usize = 50;

/// What differs between two views if `after` comes into force at `at`, and what is to be said of
/// it. `seen` is the account as the last pass left it.
pub(super) fn foreseen(
    before: &View<'_>,
    after: &View<'_>,
    seen: &Readings,
    at: Timestamp,
) -> (Vec<String>, Vec<String>) {
    let mut changes = Vec::new();
    for (was, is) in before.services().zip(after.services()) {
        changes.extend(of_service(&was, &is));
    }
    let mut notes = notes(after);
    if let Some(outlook) = Outlook::of(before, after, seen, at) {
        changes.extend(outlook.changes);
        notes.extend(outlook.withheld);
    } else {
        changes.extend(at_cloudflare(&desired(before), &desired(after)));
        notes.extend(too_many_away(after));
    }
    (bounded(changes), bounded(notes))
}

fn bounded(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(FORESEEN_MAX);
    lines.truncate(FORESEEN_MAX);
    lines.extend((more > 0).then(|| format!("… and {more} more")));
    lines
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
    // Where all are drained, they serve all the same.
    let is_up = |region: &&RegionStanding<'a>| region.health == Health::Up;
    let drained = || standing.regions.iter().find(is_up).map(|region| region.id);
    standing.preferred().or_else(in_order).or_else(drained)
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
                None => format!(
                    "{name} {kind}: stays as it is, because no permitted region is up and takes \
                     new clients"
                ),
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

/// What would withhold all changes at Cloudflare, and who would be left without a region.
fn notes(after: &View<'_>) -> Vec<String> {
    let View { config, state, .. } = *after;
    let guards = config.guards;
    let mut notes = Vec::new();
    if guards.halted || after.orders().halt(None).is_some() {
        notes.push("changes at Cloudflare are halted: only the law is still kept there".to_owned());
    }
    if let Some(since) = state.doubted_since {
        notes.push(format!("the observer has doubted itself since {since}: nothing moves there"));
    }
    for standing in after.services() {
        notes.extend(of_emptiness(&standing));
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
    notes
}

fn takes_new_clients(region: &RegionStanding<'_>) -> bool {
    region.health != Health::Down && !region.is_draining
}

fn of_emptiness(standing: &ServiceStanding<'_>) -> Option<String> {
    if standing.regions.iter().any(takes_new_clients) {
        return None;
    }
    let serves = standing.regions.iter().any(|region| region.health != Health::Down);
    let all_the_same = if serves { "; those that are drained serve all the same" } else { "" };
    Some(format!("{}: no region takes new clients{all_the_same}", standing.id))
}

/// What the guard of the regions that are away would say if each of them were away at Cloudflare.
pub(super) fn too_many_away(after: &View<'_>) -> Option<String> {
    let most = after.config.guards.regions_away?;
    let mut away = Set::new();
    for standing in after.services() {
        let gone = standing.regions.iter().filter(|region| !takes_new_clients(region));
        away.extend(gone.map(|region| region.id.clone()));
    }
    let names: Vec<&str> = away.iter().map(RegionId::as_str).collect();
    let is_too_many = names.len() > usize::try_from(most).unwrap_or(usize::MAX);
    let names = names.join(", ");
    is_too_many.then(|| format!("`guards.regions_away` allows {most}, and away would be {names}"))
}

fn of_switch(standing: &ServiceStanding<'_>) -> Vec<String> {
    let (Some((_, to)), id) = (standing.switched, standing.id) else { return Vec::new() };
    let mut notes = Vec::new();
    if standing.preferred().is_none() {
        notes.push(format!("{id}: {to} is not up, so the others serve until it is"));
    }
    let primary = standing.primary.filter(|primary| primary.region != to);
    if primary.is_some() && standing.service.failover.promote.is_some() {
        notes.push(format!("{id}: a plan moves its primary to {to}, with fence and promotion"));
    } else if let Some(primary) = primary {
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
