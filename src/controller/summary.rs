//! The summary of each document, which the dashboard shows in its list of keys.
//!
//! It counts and names what is out of the ordinary, so that whoever looks at the list alone is not
//! told that all is well while a change is withheld or an operator holds a region down.

use crate::documents::{
    ContractsPage, DrillIndex, History, IncidentIndex, RecoveryPage, RegionHealth, RegionStatus,
    Status,
};
use crate::health::{Because, Health};
use crate::order::{Act, Order};
use crate::ordered::Map;

/// Of `status` and `routes`. The counts are of regions of services.
pub(super) fn of_status(status: &Status) -> String {
    let count =
        |health| status.services.values().flat_map(Map::values).filter(|h| **h == health).count();
    let counts = [Health::Up, Health::Down, Health::Unknown];
    let mut words = counts.map(|h| format!("{} {}", count(h), h.as_str())).to_vec();
    let mut say = |is_so: bool, what: String| words.extend(is_so.then_some(what));
    let draining = status.reasons.values().flat_map(Map::values).filter(|it| it.draining).count();
    let (overrides, withheld) = (status.overrides.len(), status.cloudflare.withheld.len());
    say(!status.incidents.is_empty(), incidents(status));
    let drill = status.drill.as_ref().map(|drill| format!("drill of {}", drill.service));
    say(drill.is_some(), drill.unwrap_or_default());
    say(status.doubted_since.is_some(), "observer in doubt".to_owned());
    let areas = || status.areas.iter().flat_map(Map::values);
    let silent = areas().filter(|area| !area.answers).count();
    let doubted = areas().filter(|area| area.doubted_since.is_some()).count();
    say(silent > 0, format!("{silent} of {} areas silent", areas().count()));
    say(doubted > 0, format!("{doubted} of {} areas in doubt", areas().count()));
    let away = status.reasons.values().flat_map(Map::values).filter(|it| it.away.is_some());
    let away = away.count();
    say(away > 0, format!("{away} not reached from everywhere"));
    say(status.config.refused.is_some(), "config refused".to_owned());
    say(!status.cloudflare.failures.is_empty(), "API failing".to_owned());
    say(status.cloudflare.halted, "halted".to_owned());
    say(withheld > 0, format!("{withheld} withheld"));
    let is_corrupt = |order: &&Order| matches!(order.act, Act::Corruption { .. });
    let in_force = status.orders.iter().filter(|order| order.is_in_force(status.as_of));
    say(in_force.clone().any(|order| is_corrupt(&order)), "corruption declared".to_owned());
    match in_force.count() {
        0 => {}
        1 => say(true, "1 order".to_owned()),
        orders => say(true, format!("{orders} orders")),
    }
    let others = status.cloudflare.other_owners.iter().filter(|owner| owner.over_at.is_none());
    let (others, stopped) = (others.clone().count(), others.filter(|it| it.stopped).count());
    say(others == 1, "1 other owner".to_owned());
    say(others > 1, format!("{others} other owners"));
    say(stopped > 0, format!("{stopped} not set right"));
    say(overrides == 1, "1 override".to_owned());
    say(overrides > 1, format!("{overrides} overrides"));
    say(draining > 0, format!("{draining} draining"));
    let held_back = status.kv.held_back.len();
    say(held_back > 0, format!("{held_back} held back"));
    words.join(", ")
}

/// Of `region:<id>`: how it stands; for each service, where they differ.
pub(super) fn of_region(status: &RegionStatus) -> String {
    let mut ways: Vec<(String, Vec<&str>)> = Vec::new();
    for (service, health) in &status.services {
        let way = in_words(health);
        match ways.iter_mut().find(|(known, _)| *known == way) {
            Some((_, services)) => services.push(service.as_str()),
            None => ways.push((way, vec![service.as_str()])),
        }
    }
    let told = match ways.as_slice() {
        [] => "not used".to_owned(),
        [(way, _)] => way.clone(),
        _ => {
            let of = |(way, services): &(String, Vec<&str>)| {
                format!("{way} for {}", services.join(", "))
            };
            ways.iter().map(of).collect::<Vec<_>>().join("; ")
        }
    };
    format!("{} {told}", status.country)
}

fn in_words(health: &RegionHealth) -> String {
    let word = health.health.as_str();
    match health.because {
        Because::Observed => word.to_owned(),
        Because::Drain => format!("{word}, draining"),
        because => format!("{word} ({})", because.as_str()),
    }
}

/// The incident that goes on, or the first of them.
fn incidents(status: &Status) -> String {
    let first = status.incidents.first().map(|incident| incident.id.as_str()).unwrap_or_default();
    match status.incidents.len() {
        0 | 1 => format!("incident {first}"),
        some => format!("{some} incidents, {first} first"),
    }
}

/// `orders failing_over to us-east (fence), billing failed_over`.
pub(super) fn of_recovery(page: &RecoveryPage) -> String {
    let words = page.services.iter().map(|(id, service)| {
        let plan = service.plan.as_ref().filter(|plan| plan.is_under_way());
        let plan = plan.map(|plan| {
            let step = plan.current().map_or("", |run| run.step.name());
            format!(" to {} ({step})", plan.to)
        });
        format!("{id} {}{}", service.stage.as_str(), plan.unwrap_or_default())
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Of `incidents`: those that go on, or how many there are.
pub(super) fn of_incidents(index: &IncidentIndex) -> String {
    let open = index.incidents.iter().filter(|incident| incident.is_open);
    let open: Vec<&str> = open.map(|incident| incident.summary.as_str()).collect();
    match open.as_slice() {
        [] => format!("{} incidents, all over", index.incidents.len()),
        _ => open.join("; "),
    }
}

/// Of `contracts`: what is broken, or how many there are.
pub(super) fn of_contracts(page: &ContractsPage) -> String {
    let mut all = 0;
    let mut broken = Vec::new();
    for (service, promises) in &page.services {
        all += promises.components.len();
        let drill = promises.drill.as_ref().filter(|drill| drill.overdue_since.is_some());
        broken.extend(drill.map(|_| format!("{service} drill")));
        let parts = promises.components.iter().filter(|(_, it)| it.broken_since.is_some());
        broken.extend(parts.map(|(name, _)| format!("{service} {name}")));
        let burns = promises.availability.iter().flat_map(|it| it.burns.values());
        broken.extend(
            burns
                .filter(|it| it.since.is_some())
                .take(1)
                .map(|_| format!("{service} availability")),
        );
    }
    match broken.as_slice() {
        [] if all == 0 => "all kept".to_owned(),
        [] => format!("{all} components, all kept"),
        _ => format!("broken: {}", broken.join(", ")),
    }
}

/// Of `drills`: the one that goes on, or the last one.
pub(super) fn of_drills(index: &DrillIndex) -> String {
    let last = index.drills.first().map(|drill| drill.summary.clone()).unwrap_or_default();
    match index.drills.len() {
        0 | 1 => last,
        some => format!("{some} drills, last: {last}"),
    }
}

/// Of `history`.
pub(super) fn of_history(history: &History) -> String {
    let going_on = history.episodes.iter().filter(|episode| episode.until.is_none()).count();
    format!("{} episodes, {going_on} going on", history.episodes.len())
}
