//! What one monitor observed of one origin.

use super::instant::View;
use crate::config::{COMPOSITE_DEPTH_MAX, Monitor};
use crate::geo::Area;
use crate::health::{Damping, FailureReason, Health, composite};
use crate::ids::{MonitorId, OriginId};
use crate::latency::STALE_AFTER;
use crate::ordered::{Map, Set};
use crate::state::{Reported, Sight, TargetState};
use crate::target::Target;
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

/// A monitor with those that are probed for it. Worked out once where many origins are judged by
/// it: that is more work than the judgement of one.
#[derive(Debug, Clone)]
pub struct By<'m> {
    monitor: &'m MonitorId,
    leaves: Set<MonitorId>,
}

/// The monitors of a composite, each with what it observed of one origin.
type Parts<'p, 'a> = Map<&'p MonitorId, TargetStanding<'a>>;

/// What is worked out about the composites of one origin. A composite that many others contain is
/// looked at once for each depth, and not once for each way that leads to it.
struct Memo<'p, 'a> {
    parts: &'p Parts<'p, 'a>,
    /// Health by the depth that is left below a composite, and the composite.
    composed: Map<(u8, &'a MonitorId), Health>,
}

impl<'a> View<'a> {
    /// A monitor, to judge origins by.
    #[must_use]
    pub fn by<'m>(&self, monitor: &'m MonitorId) -> By<'m> {
        By { monitor, leaves: self.config.leaves(monitor) }
    }

    /// What a monitor observed of one origin.
    #[must_use]
    pub fn target(&self, monitor: &MonitorId, origin: &OriginId) -> TargetStanding<'a> {
        self.target_by(&self.by(monitor), origin)
    }

    /// What a monitor observed of an origin.
    #[must_use]
    pub fn target_by(&self, by: &By<'_>, origin: &OriginId) -> TargetStanding<'a> {
        self.judged(by, &|leaf| self.probed(leaf.clone(), origin))
    }

    /// The health of an origin for clients in an area: Down where that area's own probes say so,
    /// and else as all areas see it.
    #[must_use]
    pub fn health_from(&self, area: Area, by: &By<'_>, origin: &OriginId) -> Health {
        let seen = |leaf: &MonitorId| {
            let patience_ms = self.config.monitors.get(leaf).map(Monitor::patience_ms);
            let sight = self.sight(area, leaf, origin).zip(patience_ms);
            let is_down = sight.is_some_and(|(sight, ms)| sight.is_down(ms, self.now));
            let standing = self.probed(leaf.clone(), origin);
            let health = if is_down { Health::Down } else { standing.health };
            TargetStanding { health, ..standing }
        };
        self.judged(by, &seen).health
    }

    /// The fresh latency of an origin from an area, by the first monitor that has one.
    #[must_use]
    pub fn latency_from(&self, area: Area, by: &By<'_>, origin: &OriginId) -> Option<Millis> {
        let mut leaves = by.leaves.iter();
        leaves.find_map(|leaf| self.sight(area, leaf, origin)?.latency?.millis(self.now))
    }

    fn sight(&self, area: Area, monitor: &MonitorId, origin: &OriginId) -> Option<&'a Sight> {
        let target = Target { origin: origin.clone(), monitor: monitor.clone() };
        self.state.targets.get(&target)?.sights.get(&area)
    }

    /// What a monitor says of an origin, where one that probes says `probed`.
    fn judged(
        &self,
        by: &By<'_>,
        probed: &dyn Fn(&MonitorId) -> TargetStanding<'a>,
    ) -> TargetStanding<'a> {
        let Some((monitor, _)) = self.config.composites.entry(by.monitor) else {
            return probed(by.monitor);
        };
        let parts: Parts<'_, 'a> = Map::of(by.leaves.iter().map(|leaf| (leaf, probed(leaf))));
        let mut memo = Memo { parts: &parts, composed: Map::new() };
        let health = self.composed(monitor, COMPOSITE_DEPTH_MAX, &mut memo);
        together(health, &parts)
    }

    /// Health by the rule of a composite. Deeper than `depth` nothing is known.
    fn composed(&self, monitor: &'a MonitorId, depth: u8, memo: &mut Memo<'_, 'a>) -> Health {
        let Some(composite) = self.config.composites.get(monitor) else {
            return memo.parts.get(monitor).map(|part| part.health).unwrap_or_default();
        };
        let Some(deeper) = depth.checked_sub(1) else { return Health::Unknown };
        if let Some(known) = memo.composed.get(&(depth, monitor)) {
            return *known;
        }
        let mut of = |members: &'a [MonitorId]| -> Vec<Health> {
            members.iter().map(|member| self.composed(member, deeper, memo)).collect()
        };
        let (of, must_pass) = (of(&composite.of), of(&composite.must_pass));
        let health = composite::combine(composite.rule, &of, &must_pass);
        memo.composed.insert((depth, monitor), health);
        health
    }

    /// What a monitor that probes observed.
    fn probed(&self, monitor: MonitorId, origin: &OriginId) -> TargetStanding<'a> {
        let probe = self.config.monitors.get(&monitor);
        let target = Target { origin: origin.clone(), monitor };
        let Some(known) = self.state.targets.get(&target) else {
            return TargetStanding::default();
        };
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

/// A composite of this health, with what its parts have to say.
fn together<'a>(health: Health, parts: &Parts<'_, 'a>) -> TargetStanding<'a> {
    let all = || parts.values();
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
