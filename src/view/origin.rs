//! An origin as traffic takes it: what was observed, and over it what an operator says.

use super::instant::View;
use super::target::{Reason, TargetStanding};
use crate::config::{Origin, Override, OverrideTo};
use crate::health::{Because, Health, active, effective};
use crate::ids::{MonitorId, OriginId};
use crate::target::Target;

/// One origin by one monitor, as traffic takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginStanding<'a> {
    /// The origin.
    pub origin: &'a Origin,
    /// What the monitor observed, which an override does not change.
    pub observed: TargetStanding<'a>,
    /// What an operator says about it, while that counts.
    pub override_: Option<&'a Override>,
    /// Its effective health: the observed one, unless the override says `up` or `down`.
    pub health: Health,
    /// What decides that.
    pub because: Because,
    /// Whether it is drained: it keeps the clients that it has and takes no new ones.
    pub is_draining: bool,
}

impl OriginStanding<'_> {
    /// Its health for a plane that cannot tell new clients from others: a drained origin is Down
    /// there.
    #[must_use]
    pub fn for_new_clients(&self) -> Health {
        if self.is_draining { Health::Down } else { self.health }
    }
}

impl<'a> View<'a> {
    /// How an origin stands by a monitor.
    #[must_use]
    pub fn origin(&self, monitor: &MonitorId, origin: &'a Origin) -> OriginStanding<'a> {
        let observed = self.target(monitor, &origin.id);
        let override_ = self.override_of(&origin.id);
        let (health, is_draining) = effective(observed.health, override_, self.now);
        let is_in_doubt = self.state.doubted_since.is_some();
        let because = because(override_, observed.reason, is_in_doubt);
        OriginStanding { origin, observed, override_, health, because, is_draining }
    }

    /// What an operator says about an origin, while that counts. Of two that count, the config's
    /// goes before the one made by command: it was reviewed and everybody can read it, and a
    /// command could otherwise undo it without a trace there.
    #[must_use]
    pub fn override_of(&self, origin: &OriginId) -> Option<&'a Override> {
        let by_command = active(self.state.overrides.get(origin), self.now);
        active(self.config.overrides.get(origin), self.now).or(by_command)
    }

    /// The monitors that probe an origin, in the order of their ids.
    pub fn monitors_of(&self, origin: &OriginId) -> impl Iterator<Item = &'a MonitorId> {
        let is_probed = move |monitor: &&MonitorId| {
            let target = Target { origin: origin.clone(), monitor: Clone::clone(*monitor) };
            self.state.targets.contains_key(&target)
        };
        self.config.monitors.keys().filter(is_probed)
    }
}

/// What decides the health of an origin.
fn because(override_: Option<&Override>, reason: Option<Reason<'_>>, is_in_doubt: bool) -> Because {
    match (override_.map(|set| set.set), reason) {
        (Some(OverrideTo::Up | OverrideTo::Down), _) => Because::Override,
        (Some(OverrideTo::Drain), _) => Because::Drain,
        (None, Some(Reason::NoEvidence(_))) if is_in_doubt => Because::Doubt,
        (None, _) => Because::Observed,
    }
}
