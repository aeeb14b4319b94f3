//! What one monitor observed of one origin.

use super::by::{By, Leaf};
use super::instant::View;
use crate::config::Monitor;
use crate::geo::Area;
use crate::health::{Damping, FailureReason, Health};
use crate::ids::{MonitorId, OriginId};
use crate::latency::STALE_AFTER;
use crate::state::{Reported, Sight, TargetState, TargetsOf};
use crate::time::{Millis, Timestamp};
use std::fmt;

/// What one monitor observed of one origin, whatever an operator says about it.
///
/// Of a composite, `health` follows its rule. The other values come from the monitors that it is
/// made of, in the order of their ids: the first reason, damping, latency and lag that there is,
/// the latest `since` and the shortest `settled_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TargetStanding<'a> {
    /// The observed health: Unknown where it would be Up and the last probe that said something is
    /// stale, or the target is damped.
    pub health: Health,
    /// When the believed health last changed; `None` where nothing was ever believed.
    pub since: Option<Timestamp>,
    /// For how long that health has stood with no probe counting against it; `None` where one does,
    /// and where nothing was ever believed.
    pub settled_ms: Option<Millis>,
    /// Why it is Down, why its last failure failed, or why its last probe said nothing.
    pub reason: Option<Reason<'a>>,
    /// Until when it cannot be Up because it went Down too often.
    pub damped_until: Option<Timestamp>,
    /// The smoothed latency of its passes, where it is fresh.
    pub latency_ms: Option<Millis>,
    /// The replication lag that it reported, where the report is fresh.
    pub lag: Option<Reported>,
}

/// What speaks against a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason<'a> {
    /// The last probe said nothing about it; this is what stood in the way.
    NoEvidence(&'a str),
    /// The last failure that counts failed like this.
    Failed(FailureReason),
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEvidence(note) => f.write_str(note),
            Self::Failed(reason) => write!(f, "{reason}"),
        }
    }
}

impl<'a> View<'a> {
    /// What a monitor observed of one origin.
    #[must_use]
    pub fn target(&self, monitor: &MonitorId, origin: &OriginId) -> TargetStanding<'a> {
        self.target_by(&self.by(monitor), origin)
    }

    /// What a monitor observed of an origin.
    #[must_use]
    pub fn target_by(&self, by: &By<'_>, origin: &OriginId) -> TargetStanding<'a> {
        let targets = self.state.targets_of(origin);
        judged(by, |leaf| self.probed(leaf, targets))
    }

    /// The health of an origin for clients in an area: Down where that area's own probes say so,
    /// and else as all areas see it.
    #[must_use]
    pub fn health_from(&self, area: Area, by: &By<'_>, origin: &OriginId) -> Health {
        let targets = self.state.targets_of(origin);
        let seen = |leaf: &Leaf<'_>| {
            let patience_ms = leaf.monitor.map(Monitor::patience_ms);
            let sight = sight(area, leaf, targets).zip(patience_ms);
            let is_down = sight.is_some_and(|(sight, ms)| sight.is_down(ms, self.now));
            let standing = self.probed(leaf, targets);
            let health = if is_down { Health::Down } else { standing.health };
            TargetStanding { health, ..standing }
        };
        judged(by, seen).health
    }

    /// The fresh latency of an origin from an area, by the first monitor that has one.
    #[must_use]
    pub fn latency_from(&self, area: Area, by: &By<'_>, origin: &OriginId) -> Option<Millis> {
        let targets = self.state.targets_of(origin);
        by.leaves().find_map(|leaf| sight(area, leaf, targets)?.latency?.millis(self.now))
    }

    /// What a monitor that probes observed, of the targets of an origin.
    fn probed(&self, leaf: &Leaf<'_>, targets: TargetsOf<'a>) -> TargetStanding<'a> {
        let probe = leaf.monitor;
        let Some(known) = targets.get(&leaf.id) else { return TargetStanding::default() };
        let (now, memory) = (self.now, &known.memory);
        let half_life_ms = probe.and_then(|probe| probe.damping_half_life_ms);
        let damped_until = half_life_ms.and_then(|ms| known.damping?.until(ms, now));
        TargetStanding {
            health: believed(known, probe, damped_until.is_some(), now),
            since: memory.since,
            settled_ms: memory
                .since
                .filter(|_| !memory.is_unsettled())
                .map(|since| now.since(since)),
            reason: reason(known),
            damped_until,
            latency_ms: known.latency.and_then(|latency| latency.millis(now)),
            lag: known.lag.filter(|lag| now.since(lag.at) <= STALE_AFTER),
        }
    }
}

/// What a monitor says of an origin, where one that is probed says `probed`.
fn judged<'m, 'a>(
    by: &By<'m>,
    probed: impl Fn(&Leaf<'m>) -> TargetStanding<'a>,
) -> TargetStanding<'a> {
    if let Some(leaf) = by.alone() {
        return probed(leaf);
    }
    let parts: Vec<TargetStanding<'a>> = by.leaves().map(probed).collect();
    let health = by.health(|place| parts.get(place).map(|part| part.health));
    together(health, &parts)
}

fn sight<'a>(area: Area, leaf: &Leaf<'_>, targets: TargetsOf<'a>) -> Option<&'a Sight> {
    targets.get(&leaf.id)?.sights.get(&area)
}

fn believed(
    known: &TargetState,
    probe: Option<&Monitor>,
    is_damped: bool,
    now: Timestamp,
) -> Health {
    let health = known.memory.health;
    // What was known to be down stays down until a probe says otherwise: nothing else says that it
    // could serve.
    let is_stale = known.is_stale(probe, now);
    if is_stale && health != Health::Down {
        return Health::Unknown;
    }
    if is_damped { Damping::withhold(health) } else { health }
}

fn reason(known: &TargetState) -> Option<Reason<'_>> {
    let note = known.note.as_deref().map(Reason::NoEvidence);
    note.or(known.memory.reason.map(Reason::Failed))
}

/// A composite of this health, with what its parts have to say, in the order of their ids.
fn together<'a>(health: Health, parts: &[TargetStanding<'a>]) -> TargetStanding<'a> {
    let all = || parts.iter();
    TargetStanding {
        health,
        // `None` is the least, so one part of which nothing was ever believed decides.
        since: all().map(|part| part.since).reduce(latest).flatten(),
        settled_ms: all().map(|part| part.settled_ms).min().flatten(),
        reason: all().find_map(|part| part.reason),
        damped_until: all().find_map(|part| part.damped_until),
        latency_ms: all().find_map(|part| part.latency_ms),
        lag: all().find_map(|part| part.lag),
    }
}

/// The later of two instants, both of which must be known.
fn latest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.zip(b).map(|(a, b)| a.max(b))
}
