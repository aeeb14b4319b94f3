//! An origin as traffic takes it: what was observed, and over it what an operator says.

use super::by::By;
use super::instant::View;
use super::target::{Reason, TargetStanding};
use crate::config::{DrillKind, Origin, Override, OverrideTo};
use crate::drill::Drill;
use crate::health::{Because, Health, active, effective};
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::order::{Order, Orders};

/// One origin by one monitor, as traffic takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginStanding<'a> {
    /// The origin.
    pub origin: &'a Origin,
    /// What the monitor observed, which an override does not change.
    pub observed: TargetStanding<'a>,
    /// What the config says about it, while that counts.
    pub override_: Option<&'a Override>,
    /// The order that decides how it stands, if one does.
    pub order: Option<&'a Order>,
    /// The drill that drains it.
    pub drill: Option<&'a Drill>,
    /// Its effective health: the observed one, unless an operator says `up` or `down`.
    pub health: Health,
    /// What decides that.
    pub because: Because,
    /// Whether it is drained: it keeps the clients that it has and takes no new ones.
    pub is_draining: bool,
    /// Whether its region was the primary of the service, and nobody has confirmed its data.
    pub is_unconfirmed: bool,
}

impl OriginStanding<'_> {
    /// Its health for a plane that cannot tell new clients from others, or reads from writes: there
    /// a drained origin is Down, and so is one of a region whose data nobody has confirmed.
    #[must_use]
    pub fn for_new_clients(&self) -> Health {
        if self.is_draining || self.is_unconfirmed { Health::Down } else { self.health }
    }

    /// Whether an operator says how healthy it is.
    #[must_use]
    pub fn is_set(&self) -> bool {
        matches!(self.because, Because::Outage | Because::Override)
    }
}

/// Where an origin is, and by which service it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'w> {
    /// The service; `None` for what holds for all services.
    pub service: Option<&'w ServiceId>,
    /// Its region.
    pub region: &'w RegionId,
}

impl<'a> View<'a> {
    /// The orders that are in force.
    #[must_use]
    pub fn orders(&self) -> Orders<'a> {
        Orders::new(&self.state.orders, self.now)
    }

    /// How an origin stands by a monitor.
    ///
    /// An outage goes before everything else. Of an override of the config and one by order, the
    /// config's goes first: it was reviewed and everybody can read it, and a command could
    /// otherwise undo it without a trace there. A drain by order is added to either.
    #[must_use]
    pub fn origin(&self, whose: Whose<'_>, by: &By<'_>, origin: &'a Origin) -> OriginStanding<'a> {
        let observed = self.target_by(by, &origin.id);
        let Whose { service, region } = whose;
        let orders = self.orders();
        let override_ = active(self.config.overrides.get(&origin.id), self.now);
        let ordered = orders.override_of(region, &origin.id).filter(|_| override_.is_none());
        let set = override_.map(|it| it.set).or(ordered.map(|(_, set)| set));
        let (mut health, mut is_draining) = effective(observed.health, set);
        let drain = orders.drain(service, region);
        let drill = service.and_then(|it| self.state.drills.leading_away(it, region));
        let drill = drill.filter(|drill| drill.kind == DrillKind::Full);
        is_draining |= drain.is_some() || drill.is_some();
        let outage = orders.outage(region);
        if outage.is_some() {
            (health, is_draining) = (Health::Down, false);
        }
        let because = match set {
            _ if outage.is_some() => Because::Outage,
            Some(OverrideTo::Up | OverrideTo::Down) => Because::Override,
            _ if is_draining => Because::Drain,
            _ => self.because(observed.reason),
        };
        let order = match because {
            Because::Outage => outage,
            Because::Override => ordered.map(|(order, _)| order),
            _ => drain.or(ordered.map(|(order, _)| order)),
        };
        let is_unconfirmed = service.is_some_and(|service| {
            let recovery = self.state.recoveries.get(service);
            recovery.is_some_and(|recovery| recovery.unconfirmed.contains(region))
        });
        OriginStanding {
            origin,
            observed,
            override_,
            order,
            drill,
            health,
            because,
            is_draining,
            is_unconfirmed,
        }
    }

    /// What decides the health of an origin about which no operator says anything.
    fn because(&self, reason: Option<Reason<'_>>) -> Because {
        match reason {
            Some(Reason::NoEvidence(_)) if self.state.doubted_since.is_some() => Because::Doubt,
            _ => Because::Observed,
        }
    }

    /// What operators say about an origin for all services, while that counts: see
    /// [`Self::origin`].
    #[must_use]
    pub fn override_of(&self, region: &RegionId, origin: &OriginId) -> Option<Override> {
        let in_config = active(self.config.overrides.get(origin), self.now).cloned();
        in_config.or_else(|| {
            let (order, set) = self.orders().override_of(region, origin)?;
            let Order { id, who, reason, until, .. } = order;
            let author = format!("{who}, order {id}");
            Some(Override { set, reason: reason.clone(), author, until: (*until)? })
        })
    }

    /// The monitors that probe an origin, in the order of their ids.
    pub fn monitors_of(&self, origin: &OriginId) -> impl Iterator<Item = &'a MonitorId> {
        let targets = self.state.targets_of(origin);
        self.config.monitors.keys().filter(move |monitor| targets.get(monitor).is_some())
    }
}
