//! What the health documents of a service say about one of its parts.

use crate::config::{Component, Monitor, Origin, Region, Scope};
use crate::contract::judge;
use crate::health::Seen;
use crate::ids::{RegionId, ServiceId};
use crate::time::{MINUTE, Millis, SECOND};
use crate::view::View;

/// How long ago a field may have been read at least, to count.
pub(super) const FRESH_MS: Millis = 2 * MINUTE;

/// Whether a contract is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// It is.
    Kept,
    /// It is not, for these reasons: where, which field, what it says.
    Broken(Vec<String>),
    /// Nobody has asked yet.
    Unknown,
}

/// Holds the last answers against the bounds of a component.
pub(super) fn read(view: &View<'_>, id: &ServiceId, component: &Component) -> Reading {
    let Some(service) = view.config.services.get(id) else { return Reading::Unknown };
    if component.bounds.is_empty() {
        return Reading::Kept;
    }
    let primary = view.primary(id, service).map(|primary| primary.region);
    let is_meant = |region: &&RegionId| match component.at {
        Scope::All | Scope::Any => true,
        Scope::Primary => primary == Some(*region),
        Scope::Standbys => primary != Some(*region),
    };
    let regions = service.regions.iter().filter(is_meant);
    let readings: Vec<Reading> = regions.map(|region| of_region(view, region, component)).collect();
    if component.at == Scope::Any && readings.contains(&Reading::Kept) {
        return Reading::Kept;
    }
    together(readings)
}

fn of_region(view: &View<'_>, id: &RegionId, component: &Component) -> Reading {
    let Some(Region { origins, .. }) = view.config.regions.get(id) else {
        return Reading::Unknown;
    };
    together(origins.iter().map(|origin| of_origin(view, id, origin, component)).collect())
}

fn of_origin(view: &View<'_>, region: &RegionId, origin: &Origin, of: &Component) -> Reading {
    let known = view.state.targets_of(&origin.id).get(&of.monitor);
    let monitor = view.config.monitors.get(&of.monitor);
    let (Some(known), Some(monitor)) = (known, monitor) else { return Reading::Unknown };
    if known.probed_at.is_none() {
        return Reading::Unknown;
    }
    let place = format!("{region} at {}", origin.id);
    let causes: Vec<String> =
        of.bounds
            .iter()
            .filter_map(|(pointer, bound)| {
                let said = match known.fields.get(pointer) {
                    None => Err("was never read: there was no answer".to_owned()),
                    Some(seen) => fresh(view, seen, monitor)
                        .and_then(|()| judge(bound, &seen.value, view.now)),
                };
                said.err().map(|why| format!("{place}: `{pointer}` {why}"))
            })
            .collect();
    if causes.is_empty() { Reading::Kept } else { Reading::Broken(causes) }
}

/// Whether a field was read lately: not longer ago than three probes. Errors: how long ago.
fn fresh(view: &View<'_>, seen: &Seen, monitor: &Monitor) -> Result<(), String> {
    let patience_ms = FRESH_MS.max(monitor.longest_interval_ms().saturating_mul(3));
    let age_ms = view.now.since(seen.at);
    if age_ms > patience_ms {
        return Err(format!("is too old: it was read {} s ago", age_ms / SECOND));
    }
    Ok(())
}

/// Broken if one is, unknown if one is and none is broken.
fn together(readings: Vec<Reading>) -> Reading {
    let mut causes = Vec::new();
    let mut is_known = !readings.is_empty();
    for reading in readings {
        match reading {
            Reading::Kept => {}
            Reading::Broken(more) => causes.extend(more),
            Reading::Unknown => is_known = false,
        }
    }
    match (causes.is_empty(), is_known) {
        (false, _) => Reading::Broken(causes),
        (true, true) => Reading::Kept,
        (true, false) => Reading::Unknown,
    }
}
