//! The summary of each document, which the dashboard shows in its list of keys.
//!
//! It counts and names what is out of the ordinary, so that whoever looks at the list alone is not
//! told that all is well while a change is withheld or an operator holds a region down.

use crate::documents::{History, IncidentIndex, RegionHealth, RegionStatus, Status};
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
    say(status.doubted_since.is_some(), "observer in doubt".to_owned());
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

/// Of `incidents`: those that go on, or how many there are.
pub(super) fn of_incidents(index: &IncidentIndex) -> String {
    let open = index.incidents.iter().filter(|incident| incident.is_open);
    let open: Vec<&str> = open.map(|incident| incident.summary.as_str()).collect();
    match open.as_slice() {
        [] => format!("{} incidents, all over", index.incidents.len()),
        _ => open.join("; "),
    }
}

/// Of `history`.
pub(super) fn of_history(history: &History) -> String {
    let going_on = history.episodes.iter().filter(|episode| episode.until.is_none()).count();
    format!("{} episodes, {going_on} going on", history.episodes.len())
}
