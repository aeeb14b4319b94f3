//! When a plan is begun, and towards which region.
//!
//! A plan begins by itself where the region that serves is down, or an order declares it out; and
//! where a person asks for it. Its epoch is later than any that was given before, also where the
//! memory was lost: it is at least the time in seconds.

use super::Controller;
use crate::config::{FailoverMode, Service};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Actor, Event, EventKind};
use crate::order::{Act, ActRefusal, RefusalCode};
use crate::recovery::gate::GateVerdict;
use crate::recovery::{Plan, PlanKind, Recovery, is_planned, steps};
use crate::residency::strict_rules_over;
use crate::time::{SECOND, Timestamp};
use crate::view::{ServiceStanding, View};

/// What a plan is to do.
pub(super) struct Wish {
    pub(super) kind: PlanKind,
    pub(super) to: RegionId,
    pub(super) why: String,
    pub(super) who: Actor,
    /// The order that asks for it.
    pub(super) order: Option<u64>,
}

impl Controller {
    /// Begins a plan that brings a service to a region. Returns its epoch. Nothing is called before
    /// the state is saved. **Errors**: the service or the region does not exist, a plan is under
    /// way, a person halted the service, or the region cannot take over.
    pub(super) fn begin_plan(
        &mut self,
        service: &ServiceId,
        kind: PlanKind,
        to: &RegionId,
        why: String,
        who: Actor,
        now: Timestamp,
    ) -> Result<u64, ActRefusal> {
        self.begin(service, Wish { kind, to: to.clone(), why, who, order: None }, now)
    }

    pub(super) fn begin(
        &mut self,
        id: &ServiceId,
        wish: Wish,
        now: Timestamp,
    ) -> Result<u64, ActRefusal> {
        let from = self.may_begin(id, wish.kind, &wish.to, now);
        let from = from.inspect_err(|_| self.ask_hooks_again(id))?;
        let no_service = || ActRefusal::conflict(format!("there is no service `{id}`"));
        let service = self.service_config(id).ok_or_else(no_service)?;
        let steps = steps(wish.kind, service);
        let generation = self.state.generation;
        let no_room = || ActRefusal::conflict(format!("nothing is remembered of `{id}`"));
        let recovery = self.recovery_mut(id).ok_or_else(no_room)?;
        if recovery.epoch_in_force == 0 {
            // What origins are told does not grow by itself any more, and never falls.
            recovery.epoch_in_force = generation;
        }
        recovery.epoch = later_epoch(recovery.epoch, generation, now);
        recovery.is_held = wish.kind == PlanKind::Failover;
        let Wish { kind, to, why, who, order } = wish;
        let text = format!(
            "plan {}: {} of `{id}` to {to}{}",
            recovery.epoch,
            kind.as_str(),
            from.as_ref().map(|from| format!(", away from {from}")).unwrap_or_default()
        );
        let epoch = recovery.epoch;
        let event = Event::new(EventKind::PlanBegun, text, now);
        let event = event.because(why.clone()).by(who.clone()).about(Some(id), from.as_ref());
        recovery.plan =
            Some(Plan { order, ..Plan::new((epoch, kind), (from, to), (why, who), steps, now) });
        self.news.tell(event);
        Ok(epoch)
    }

    /// Whether a plan may begin. Returns the region that is left.
    pub(super) fn may_begin(
        &self,
        id: &ServiceId,
        kind: PlanKind,
        to: &RegionId,
        now: Timestamp,
    ) -> Result<Option<RegionId>, ActRefusal> {
        let no_config = || ActRefusal::new(RefusalCode::NoConfig, "there is no config yet");
        let view = self.view(now).ok_or_else(no_config)?;
        let Some(standing) = view.standing(id) else {
            let problem = format!("there is no service `{id}`");
            return Err(ActRefusal::not_found(problem));
        };
        let Some(region) = standing.region(to) else {
            let problem = format!("`{to}` is no region of `{id}`");
            return Err(ActRefusal::not_found(problem));
        };
        if let Some(plan) = standing.recovery.and_then(Recovery::under_way) {
            let (epoch, to) = (plan.epoch, &plan.to);
            return Err(ActRefusal::conflict(format!(
                "plan {epoch} of `{id}` to {to} is under way"
            )));
        }
        if let Some(order) = view.orders().halt(Some(id)) {
            return Err(ActRefusal::conflict(format!("`{id}` is halted {}", order.told())));
        }
        let from = active(&standing);
        if from == Some(to) {
            return Err(ActRefusal::conflict(format!("`{id}` is in {to} already")));
        }
        let doubtful = standing.recovery.and_then(|it| it.doubtful.as_ref());
        if let Some(doubtful) = doubtful.filter(|doubtful| *doubtful != to) {
            return Err(ActRefusal::conflict(format!(
                "{doubtful} of `{id}` may be the primary: go on to it, or confirm it first"
            )));
        }
        if standing.is_unconfirmed(to) {
            let problem = format!(
                "{to} was the primary of `{id}` and may have data of its own: confirm it first"
            );
            return Err(ActRefusal::conflict(problem));
        }
        if kind == PlanKind::Failover {
            return Ok(from.cloned());
        }
        if region.health != Health::Up {
            return Err(ActRefusal::conflict(format!("{to} is not up")));
        }
        // A primary that is well must not be given up for a plan that cannot end.
        if let Some(why) = self.hook_in_the_way(id) {
            let problem = format!("`{id}` would not get to {to}: {why}; it is asked again now");
            return Err(ActRefusal::conflict(problem));
        }
        Ok(from.cloned())
    }

    /// Begins the plans that nobody has to ask for, and those of orders that came into force.
    pub(super) fn begin_due_plan(&mut self, id: &ServiceId, now: Timestamp) {
        self.release(id, now);
        if let Some((order, wish)) = self.ordered(id, now) {
            self.carries_out(order);
            let promotes = self.service_config(id).is_some_and(|it| it.failover.promote.is_some());
            // Without a promotion the order does all by itself, and a plan only says when it is
            // over.
            if let Err(why) = self.begin(id, wish, now)
                && promotes
            {
                let text = format!("order {order} begins no plan: {}", why.problem);
                self.news.tell(Event::new(EventKind::NotReady, text, now).about(Some(id), None));
            }
            return;
        }
        let Some((fault, to)) = self.failover_due(id, now) else { return };
        let Some(to) = to else {
            return self.hinder(id, Some(&fault), "no other region is up and permitted", now);
        };
        let why = format!("{fault} is down");
        let who = Actor::system();
        let wish = Wish { kind: PlanKind::Failover, to, why, who, order: None };
        match self.begin(id, wish, now) {
            Ok(_) => self.forget_hindrance(id),
            Err(why) => self.hinder(id, Some(&fault), &why.problem, now),
        }
    }

    /// Tells once why no plan is begun.
    fn hinder(&mut self, id: &ServiceId, region: Option<&RegionId>, why: &str, now: Timestamp) {
        let Some(recovery) = self.recovery_mut(id) else { return };
        if recovery.hindrance.as_deref() == Some(why) {
            return;
        }
        recovery.hindrance = Some(why.to_owned());
        let text = format!("`{id}` cannot fail over: {why}");
        self.news.tell(Event::new(EventKind::NotReady, text, now).about(Some(id), region).urgent());
    }

    /// Once the region that failed is up again, the next fault is another one.
    fn release(&mut self, id: &ServiceId, now: Timestamp) {
        let is_known = self.state.recoveries.get(id).is_some_and(|recovery| {
            recovery.under_way().is_none() && (recovery.is_held || recovery.hindrance.is_some())
        });
        if !is_known {
            return;
        }
        let Some(view) = self.view(now) else { return };
        let is_well = view.standing(id).is_some_and(|standing| {
            let place = active(&standing).and_then(|region| standing.region(region));
            place.is_some_and(|region| region.health == Health::Up)
        });
        if let Some(recovery) = self.recovery_mut(id).filter(|_| is_well) {
            recovery.is_held = false;
            recovery.hindrance = None;
        }
    }

    fn forget_hindrance(&mut self, id: &ServiceId) {
        self.recovery_mut(id).into_iter().for_each(|recovery| recovery.hindrance = None);
    }

    /// The region that failed, and the one that is to take over, if a plan is due.
    fn failover_due(&self, id: &ServiceId, now: Timestamp) -> Option<(RegionId, Option<RegionId>)> {
        let view = self.view(now)?;
        let standing = view.standing(id)?;
        let recovery = standing.recovery;
        let is_held = recovery.is_some_and(|it| it.is_held || it.under_way().is_some());
        let is_automatic = standing.service.failover.mode != FailoverMode::Manual;
        if is_held || !is_automatic || !is_planned(standing.service) || is_still(&view, id) {
            return None;
        }
        let fault = active(&standing)?;
        let is_down = standing.region(fault)?.health_for_choice() == Health::Down;
        is_down.then(|| (fault.clone(), self.successor(&view, &standing, fault)))
    }

    /// The region that takes over from another: the first in failover order that is up, that the
    /// law permits to whoever wrote to the other, and that the gate does not refuse; or the first,
    /// if the gate refuses all.
    pub(super) fn successor(
        &self,
        view: &View<'_>,
        standing: &ServiceStanding<'_>,
        from: &RegionId,
    ) -> Option<RegionId> {
        let fitting: Vec<&RegionId> = may_take_over(view, standing, from).collect();
        let promotes = standing.service.failover.promote.is_some();
        let passes = |it: &&&RegionId| {
            let refuses =
                || matches!(self.gate_of(standing.id, it, view.now), GateVerdict::Refuse { .. });
            !promotes || !refuses()
        };
        fitting.iter().find(passes).or(fitting.first()).map(|it| (*it).clone())
    }

    /// The plan that an order asks for, once it is in force.
    fn ordered(&self, id: &ServiceId, now: Timestamp) -> Option<(u64, Wish)> {
        let is_free = |recovery: &Recovery| recovery.under_way().is_none();
        if !self.state.recoveries.get(id).is_none_or(is_free) {
            return None;
        }
        let due = self.state.orders.iter().rev().filter(|order| order.is_in_force(now));
        let mut due = due.filter(|order| order.begins_plan);
        due.find_map(|order| match &order.act {
            Act::Switch { service, to } if service == id => {
                let (why, who) = (order.reason.clone(), order.who.clone());
                let (to, order) = (to.clone(), order.id);
                let kind = PlanKind::Switch;
                Some((order, Wish { kind, to, why, who, order: Some(order) }))
            }
            _ => None,
        })
    }

    fn carries_out(&mut self, id: u64) {
        let orders = self.state.orders.iter_mut();
        orders.filter(|order| order.id == id).for_each(|order| order.begins_plan = false);
    }

    /// The epoch that a plan would have which began now.
    pub(super) fn next_epoch(&self, id: &ServiceId, now: Timestamp) -> u64 {
        let last = self.state.recoveries.get(id).map_or(0, |recovery| recovery.epoch);
        later_epoch(last, self.state.generation, now)
    }

    /// What is remembered of a service; made if there is nothing yet.
    pub(super) fn recovery_mut(&mut self, id: &ServiceId) -> Option<&mut Recovery> {
        self.state.recoveries.insert_if_absent(id.clone(), Recovery::default());
        self.state.recoveries.get_mut(id)
    }

    pub(super) fn service_config(&self, id: &ServiceId) -> Option<&Service> {
        self.config.as_ref()?.services.get(id)
    }
}

/// An epoch that is later than any that was given, also where the memory was lost.
fn later_epoch(last: u64, generation: u64, now: Timestamp) -> u64 {
    generation.max(now.millis() / SECOND).max(last).saturating_add(1)
}

/// Whether a person halted a service.
pub(super) fn is_halted(view: &View<'_>, id: &ServiceId) -> bool {
    view.config.guards.halted || view.orders().halt(Some(id)).is_some()
}

/// Whether nothing of a service may be begun: a person halted it, or nobody knows what is down.
pub(super) fn is_still(view: &View<'_>, id: &ServiceId) -> bool {
    is_halted(view, id) || view.state.doubted_since.is_some()
}

/// Where a service is: its primary, or the region that a plan brought it to, or else the first.
pub(super) fn active<'a>(standing: &ServiceStanding<'a>) -> Option<&'a RegionId> {
    let first = || standing.service.regions.first();
    standing.primary.map(|primary| primary.region).or_else(first)
}

/// The regions that can take over from another, whatever their data are, in failover order.
pub(crate) fn may_take_over<'s>(
    view: &View<'_>,
    standing: &'s ServiceStanding<'_>,
    from: &RegionId,
) -> impl Iterator<Item = &'s RegionId> {
    let fits = move |it: &&RegionId| *it != from && hindered(view, standing, from, it).is_none();
    standing.service.regions.iter().filter(fits)
}

/// Why a region cannot take over from another, whatever its data are; `None` if it can.
pub(super) fn hindered(
    view: &View<'_>,
    standing: &ServiceStanding<'_>,
    from: &RegionId,
    to: &RegionId,
) -> Option<String> {
    let Some(region) = standing.region(to) else {
        return Some(format!("{to} is no region of it"));
    };
    if region.health != Health::Up {
        return Some(format!("{to} is {}", region.health.as_str()));
    }
    if region.is_draining {
        return Some(format!("{to} takes no new clients"));
    }
    if standing.is_unconfirmed(to) {
        return Some(format!("{to} was the primary, and nobody has confirmed its data since"));
    }
    let doubtful = standing.recovery.and_then(|it| it.doubtful.as_ref());
    if let Some(doubtful) = doubtful.filter(|doubtful| *doubtful != to) {
        return Some(format!("{doubtful} may be the primary, and {to} must not be a second one"));
    }
    let is_permitted = permits_as(view, standing, from, to);
    (!is_permitted).then(|| format!("{to} is not permitted to all whom {from} may serve"))
}

/// Whether the law permits `to` to everybody to whom it permits `from`.
fn permits_as(
    view: &View<'_>,
    standing: &ServiceStanding<'_>,
    from: &RegionId,
    to: &RegionId,
) -> bool {
    let rules = &view.config.residency;
    let names = standing.service.names();
    let over = names.iter().flat_map(|name| strict_rules_over(rules, name));
    let pins = standing.service.steering.tenancy.iter().flat_map(|_| view.config.tenants.values());
    over.map(|rule| &rule.allow)
        .chain(pins)
        .all(|allow| !view.permits_id(allow, from) || view.permits_id(allow, to))
}
