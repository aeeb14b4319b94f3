//! How each service stands in each region, as incidents look at it.

use super::{Sign, Signs};
use crate::health::{Because, Health};
use crate::ids::{MonitorId, RegionId};
use crate::journal::{Cause, Standing, Trouble};
use crate::ordered::{Map, Set};
use crate::target::Target;
use crate::time::Timestamp;
use crate::view::{OriginStanding, Reason, RegionStanding, ServiceStanding, View};

/// Why the observer has an incident of its own.
const DOUBT: &str = "probes reach nothing anywhere, so the observer is taken for the fault";

/// By region; what is about none is the observer's own.
pub(super) fn all(view: &View<'_>, signs: &Signs) -> Map<Option<RegionId>, Vec<Standing>> {
    let mut all: Map<Option<RegionId>, Vec<Standing>> = Map::new();
    all.insert(None, vec![observer(view)]);
    for service in view.services() {
        let leaves = view.config.leaves(&service.service.monitor);
        for region in &service.regions {
            let place = Some(region.id.clone());
            all.insert_if_absent(place.clone(), Vec::new());
            let standing = standing(view, (&service, &leaves), region, signs);
            all.get_mut(&place).into_iter().for_each(|known| known.push(standing.clone()));
        }
    }
    all
}

fn observer(view: &View<'_>) -> Standing {
    let since = view.state.doubted_since;
    Standing {
        service: None,
        trouble: since.map(|_| Trouble::Doubt),
        is_well: since.is_none(),
        seen: since.unwrap_or(view.now),
        cause: Cause { reason: DOUBT.to_owned(), ..Cause::default() },
        why: None,
    }
}

fn standing(
    view: &View<'_>,
    (service, leaves): (&ServiceStanding<'_>, &Set<MonitorId>),
    region: &RegionStanding<'_>,
    signs: &Signs,
) -> Standing {
    let trouble = trouble(region);
    let is_at_fault = |origin: &&OriginStanding<'_>| match trouble {
        Some(Trouble::Drained) => origin.is_draining,
        _ => origin.health == Health::Down,
    };
    let at_fault: Vec<_> = region.origins.iter().filter(is_at_fault).collect();
    let signs_of = |origin: &OriginStanding<'_>| -> Vec<(&Target, &Sign)> {
        let of =
            |leaf: &MonitorId| Target { origin: origin.origin.id.clone(), monitor: leaf.clone() };
        leaves.iter().filter_map(|leaf| signs.entry(&of(leaf))).collect()
    };
    let seen = at_fault.iter().flat_map(|origin| signs_of(origin)).map(|(_, sign)| sign.first);
    let cause = at_fault.first().map(|origin| {
        let sign = signs_of(origin).into_iter().next();
        cause(service, region, origin, sign)
    });
    Standing {
        service: Some(service.id.clone()),
        trouble,
        is_well: region.health == Health::Up && trouble.is_none(),
        seen: seen.min().unwrap_or_else(|| believed_since(&at_fault, view.now)),
        cause: cause.unwrap_or_default(),
        why: region.why(),
    }
}

fn trouble(region: &RegionStanding<'_>) -> Option<Trouble> {
    let has_lost = region.origins.iter().any(|origin| origin.health == Health::Down);
    match region.health {
        Health::Down => Some(Trouble::Down),
        // What a drill does is told on its own page.
        _ if region.is_draining && !region.is_drilled_empty() => Some(Trouble::Drained),
        Health::Up if has_lost => Some(Trouble::Degraded),
        Health::Up | Health::Unknown => None,
    }
}

/// After a restart or an upgrade nobody knows the first bad probe any more.
fn believed_since(at_fault: &[&OriginStanding<'_>], now: Timestamp) -> Timestamp {
    let observed = at_fault.iter().filter(|origin| origin.because == Because::Observed);
    observed.filter_map(|origin| origin.observed.since).min().unwrap_or(now).min(now)
}

fn cause(
    service: &ServiceStanding<'_>,
    region: &RegionStanding<'_>,
    origin: &OriginStanding<'_>,
    sign: Option<(&Target, &Sign)>,
) -> Cause {
    let id = Some(origin.origin.id.clone());
    let (Because::Observed, Some(Reason::Failed(failure))) =
        (origin.because, origin.observed.reason)
    else {
        let why = origin.why().or_else(|| region.why());
        let reason = why.unwrap_or_else(|| "it takes no new clients".to_owned());
        return Cause { origin: id, reason, ..Cause::default() };
    };
    let monitor = sign.map_or(&service.service.monitor, |(target, _)| &target.monitor);
    Cause {
        origin: id,
        monitor: Some(monitor.clone()),
        reason: failure.to_string(),
        code: Some(failure.kind.as_str().to_owned()),
        status: failure.status,
        excerpt: sign.and_then(|(_, sign)| sign.excerpt.clone()),
    }
}
