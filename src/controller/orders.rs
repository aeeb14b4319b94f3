//! Orders: what people asked for that stays in force until it is lifted or its time is over.

use super::{Controller, foresight};
use crate::config::Config;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Actor, Event, EventKind};
use crate::order::{Act, ActRefusal, ActRequest, Acted, Order, Orders, RefusalCode};
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, Timestamp};
use crate::view::View;

/// Most orders that are in force or to come.
pub const ORDERS_MAX: usize = 100;
/// How long a drain, an override and a maintenance last if nobody says how long: a forgotten one
/// makes the next incident longer.
pub const ORDER_MS_DEFAULT: Millis = 24 * 60 * MINUTE;
/// How far ahead an order may begin, and how long it may last if it has an end.
pub const ORDER_MS_MAX: Millis = 90 * 24 * 60 * MINUTE;

type Checked = Result<(), ActRefusal>;

fn invalid(problem: impl Into<String>) -> ActRefusal {
    ActRefusal::new(RefusalCode::Invalid, problem)
}

impl Controller {
    /// Gives an order.
    pub(super) fn order(
        &mut self,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let no_config = || ActRefusal::new(RefusalCode::NoConfig, "there is no config yet");
        exists(self.config.as_ref().ok_or_else(no_config)?, &request.act)?;
        let (order, note) = self.drafted(request, now)?;
        let in_force = Order { from: now, ..order.clone() };
        let mut acted = self.foreseen(|orders| orders.push(in_force), (now, order.from));
        acted.notes.splice(..0, note);
        acted.is_dry = request.is_dry;
        if !request.is_dry {
            acted.order = Some(order.id);
            self.state.orders_given = order.id;
            self.tell_order(EventKind::Ordered, &order, (&order.who, &order.reason), now);
            self.state.orders.push(order);
        }
        Ok(acted)
    }

    /// The order that a request would become, and what is to be said of its times.
    fn drafted(
        &self,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<(Order, Option<String>), ActRefusal> {
        if self.state.orders.len() >= ORDERS_MAX {
            let problem = format!("{ORDERS_MAX} orders are in force or to come; lift some first");
            return Err(ActRefusal::new(RefusalCode::TooMany, problem));
        }
        let from = request.from.unwrap_or(now).max(now);
        if from.since(now) > ORDER_MS_MAX {
            return Err(invalid("an order may begin at most 90 days ahead"));
        }
        let needs_end = matches!(
            request.act,
            Act::Drain { .. } | Act::Override { .. } | Act::Maintenance { .. }
        );
        let by_default = || needs_end.then(|| from.plus(ORDER_MS_DEFAULT));
        let until = request.until.or_else(by_default);
        if let Some(until) = until {
            if until <= from {
                return Err(invalid(format!(
                    "it would end at {until}, before it begins at {from}"
                )));
            }
            if until.since(from) > ORDER_MS_MAX {
                return Err(invalid("an order with an end may last at most 90 days"));
            }
        }
        let note = match until {
            Some(until) if request.until.is_none() => {
                Some(format!("it ends at {until}, because no end was given"))
            }
            Some(_) => None,
            None => Some("it stays in force until it is lifted".to_owned()),
        };
        let order = Order {
            id: self.state.orders_given.saturating_add(1),
            act: request.act.clone(),
            who: request.who.clone(),
            reason: request.reason.clone(),
            at: now,
            from,
            until,
            has_begun: from <= now,
            begins_plan: matches!(request.act, Act::Switch { .. }),
        };
        Ok((order, note))
    }

    /// Gives an order for what live traffic shows, with an end. Where there are too many orders
    /// already, none is given.
    pub(super) fn order_by_system(
        &mut self,
        act: Act,
        reason: String,
        (now, until): (Timestamp, Timestamp),
    ) {
        if self.state.orders.len() >= ORDERS_MAX {
            return;
        }
        let id = self.state.orders_given.saturating_add(1);
        let who = Actor::system();
        let (at, from, until, has_begun) = (now, now, Some(until), true);
        let begins_plan = false;
        let order = Order { id, act, who, reason, at, from, until, has_begun, begins_plan };
        self.state.orders_given = id;
        self.tell_order(EventKind::Ordered, &order, (&order.who, &order.reason), now);
        self.state.orders.push(order);
    }

    /// Ends an order.
    pub(super) fn lift(
        &mut self,
        id: u64,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let position = self.state.orders.iter().position(|order| order.id == id);
        let Some(position) = position else {
            let problem = format!("there is no order {id} that is in force or to come");
            return Err(ActRefusal::not_found(problem));
        };
        let mut acted = self.foreseen(|orders| orders.retain(|order| order.id != id), (now, now));
        acted.notes.splice(..0, self.state.orders.get(position).map(what_it_is));
        acted.is_dry = request.is_dry;
        if !request.is_dry {
            acted.order = Some(id);
            let order = self.state.orders.remove(position);
            self.tell_order(EventKind::Lifted, &order, (&request.who, &request.reason), now);
        }
        Ok(acted)
    }

    /// What would change if the orders were these from `at` on, as everything stands `now`.
    fn foreseen(
        &self,
        change: impl FnOnce(&mut Vec<Order>),
        (now, at): (Timestamp, Timestamp),
    ) -> Acted {
        let Some(before) = self.view(now) else { return Acted::default() };
        let mut state = self.state.clone();
        change(&mut state.orders);
        freeze(&mut state.frozen, &before, Orders::new(&state.orders, now));
        let after = View::new(before.config, &state, now);
        let (changes, notes) = foresight::foreseen(&before, &after, &self.seen, at);
        Acted { changes, notes, ..Acted::default() }
    }

    /// Tells which orders came into force and which ended by themselves, each once: what was told
    /// is saved together with the event.
    pub(super) fn follow_orders(&mut self, now: Timestamp) {
        let mut told = Vec::new();
        for order in &mut self.state.orders {
            if !order.has_begun && order.from <= now {
                order.has_begun = true;
                told.push((EventKind::InForce, order.clone()));
            }
            if order.is_over(now) {
                told.push((EventKind::Lifted, order.clone()));
            }
        }
        self.state.orders.retain(|order| !order.is_over(now));
        for (kind, order) in told {
            let (who, why) = match kind {
                EventKind::Lifted => (Actor::system(), "its time is over".to_owned()),
                _ => (order.who.clone(), order.reason.clone()),
            };
            self.tell_order(kind, &order, (&who, &why), now);
        }
        let Some(config) = &self.config else { return };
        let mut frozen = std::mem::take(&mut self.state.frozen);
        let view = View::new(config, &self.state, now);
        freeze(&mut frozen, &view, view.orders());
        self.state.frozen = frozen;
    }

    /// Ends the order of a plan that did not come to its end: what it asked for is not so.
    pub(super) fn lift_for_plan(&mut self, id: Option<u64>, now: Timestamp) {
        let Some(id) = id else { return };
        let position = self.state.orders.iter().position(|order| order.id == id);
        let Some(position) = position else { return };
        let order = self.state.orders.remove(position);
        let why = "its plan did not come to its end";
        self.tell_order(EventKind::Lifted, &order, (&Actor::system(), why), now);
    }

    fn tell_order(
        &mut self,
        kind: EventKind,
        order: &Order,
        (who, why): (&Actor, &str),
        now: Timestamp,
    ) {
        let text = format!("order {}: {}", order.id, order.act);
        let event = Event::new(kind, text, now).because(why.to_owned()).by(who.clone());
        self.news.tell(event.about(order.act.service(), order.act.region()));
    }

    /// When the next order comes into force or ends.
    pub(super) fn next_order(&self) -> Option<Timestamp> {
        let begins = |order: &Order| (!order.has_begun).then_some(order.from);
        let orders = self.state.orders.iter();
        orders.flat_map(|order| begins(order).into_iter().chain(order.until)).min()
    }
}

/// What whoever lifts an order by its number wants to see.
fn what_it_is(order: &Order) -> String {
    let Order { id, act, who, reason, .. } = order;
    format!("order {id} is: {act}, by {who}: {reason}")
}

/// Keeps the health of the regions of each service for which corruption is declared, as `view` has
/// it when that comes into force.
fn freeze(frozen: &mut Map<ServiceId, Map<RegionId, Health>>, view: &View<'_>, orders: Orders<'_>) {
    frozen.retain(|service, _| orders.corruption(Some(service)).is_some());
    for (id, service) in &view.config.services {
        if orders.corruption(Some(id)).is_some() && !frozen.contains_key(id) {
            let standing = view.service(id, service);
            let regions = standing.regions.iter().map(|it| (it.id.clone(), it.health));
            frozen.insert(id.clone(), Map::of(regions));
        }
    }
}

/// Whether everything exists that an act names.
fn exists(config: &Config, act: &Act) -> Checked {
    let missing = |what: String| Err(ActRefusal::not_found(what));
    if let Act::Override { origin, region, .. } = act {
        if origin.is_some() == region.is_some() {
            return Err(invalid("name an origin or a region, and not both"));
        }
        if let Some(origin) = origin.as_ref().filter(|id| config.origin(id).is_none()) {
            return missing(format!("there is no origin `{origin}`"));
        }
    }
    if let Some(region) = act.region().filter(|id| !config.regions.contains_key(*id)) {
        let names: Vec<&str> = config.regions.keys().map(RegionId::as_str).collect();
        return missing(format!("there is no region `{region}`; there are {}", names.join(", ")));
    }
    let Some(id) = act.service() else { return Ok(()) };
    let Some(service) = config.services.get(id) else {
        let names: Vec<&str> = config.services.keys().map(ServiceId::as_str).collect();
        return missing(format!("there is no service `{id}`; there are {}", names.join(", ")));
    };
    match act.region().filter(|region| !service.regions.contains(region)) {
        Some(region) => missing(format!("`{region}` is no region of `{id}`")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
