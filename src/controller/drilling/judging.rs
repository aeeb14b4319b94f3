//! Whether a drill may begin, and what is known beforehand.

use crate::config::{Blocked, DrillKind, Policy};
use crate::controller::incidents::held_back;
use crate::controller::{Controller, foresight};
use crate::drill::{Drill, DrillStage, Finding, Outcome, Wish};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::Actor;
use crate::order::{Act, Order};
use crate::residency::{Allow, strict_rules_over};
use crate::state::State;
use crate::time::Timestamp;
use crate::view::{RegionStanding, ServiceStanding, View};

/// What is known before a drill begins.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// What speaks against it; [`Outcome::Interrupted`] where something is in the way that passes.
    pub(super) against: Option<Finding>,
    /// What was found, in words.
    pub(super) findings: Vec<String>,
    /// The region that would take a primary over.
    pub(super) successor: Option<RegionId>,
}

impl Controller {
    /// What is known before a drill begins.
    pub(super) fn judged(&self, wish: &Wish, now: Timestamp) -> Judged {
        let Some(view) = self.view(now) else { return Judged::default() };
        let Some(standing) = view.standing(&wish.service) else { return Judged::default() };
        let busy = |why: String| Finding::new(Outcome::Interrupted, why);
        let failed = |why: String| Finding::new(Outcome::Failed, why);
        let is_by_plan = self.is_by_plan(wish, now);
        let successor = self.successor(&view, &standing, &wish.region);
        let findings = self.findings(&view, &standing, wish);
        let against = occupied(&view).map(busy);
        let against = match wish.kind {
            DrillKind::Plan => against.or_else(|| {
                let why = self.would_work(&view, &standing, wish);
                (!why.is_empty()).then(|| failed(why.join("; ")))
            }),
            DrillKind::Decision => against
                .or_else(|| nobody_left(&view, &standing, wish).map(failed))
                .or_else(|| overloaded(&view, &standing, wish)),
            DrillKind::Canary | DrillKind::Full => against
                .or_else(|| hindrance(&view, &standing).map(busy))
                .or_else(|| withheld(&view, &standing, wish).map(busy))
                .or_else(|| out_of_place(&standing, wish, is_by_plan).map(failed))
                .or_else(|| nobody_left(&view, &standing, wish).map(failed))
                .or_else(|| overloaded(&view, &standing, wish))
                .or_else(|| too_many_away(&view, wish).map(failed)),
        };
        Judged { against, findings, successor }
    }

    /// Why the plan would not work now; empty where it would.
    fn would_work(
        &self,
        view: &View<'_>,
        standing: &ServiceStanding<'_>,
        wish: &Wish,
    ) -> Vec<String> {
        let mut whys = self.ready(&wish.service, view.now);
        if whys.is_empty() {
            whys.extend(nobody_left(view, standing, wish));
        }
        whys
    }

    /// Whether plans move the primary.
    pub(super) fn is_by_plan(&self, wish: &Wish, now: Timestamp) -> bool {
        let standing = self.view(now).and_then(|view| view.standing(&wish.service));
        wish.kind == DrillKind::Full
            && standing.is_some_and(|standing| {
                standing.service.failover.promote.is_some()
                    && standing.primary.is_some_and(|primary| *primary.region == wish.region)
            })
    }

    /// What would change, and what is to be known of it.
    fn findings(
        &self,
        view: &View<'_>,
        standing: &ServiceStanding<'_>,
        wish: &Wish,
    ) -> Vec<String> {
        let state = match wish.kind {
            DrillKind::Plan => return planned(standing),
            DrillKind::Decision => without(view, &wish.region),
            DrillKind::Canary | DrillKind::Full => led_away(view, wish),
        };
        let after = View::new(view.config, &state, view.now);
        let (mut found, notes) = foresight::foreseen(view, &after, &self.seen, view.now);
        if wish.kind == DrillKind::Decision && standing.service.failover.promote.is_some() {
            let to = self.successor(view, standing, &wish.region);
            let to = to.map_or("nobody: no region is fit".to_owned(), |to| to.to_string());
            found.push(format!("{}: a plan would make its primary {to}", standing.id));
        }
        found.extend(notes);
        found.push(load(view, standing, wish));
        found
    }
}

/// The state in which a region is out.
fn without(view: &View<'_>, region: &RegionId) -> State {
    let order = Order {
        id: u64::MAX,
        act: Act::Outage { region: region.clone() },
        who: Actor::system(),
        reason: "a drill works out what would follow".to_owned(),
        at: view.now,
        from: view.now,
        until: None,
        has_begun: true,
        begins_plan: false,
    };
    let mut state = view.state.clone();
    state.orders.push(order);
    state
}

/// The state in which a drill leads clients away.
fn led_away(view: &View<'_>, wish: &Wish) -> State {
    let mut state = view.state.clone();
    let number = state.drills.given.saturating_add(1);
    state.drills.drills.push(Drill::begin(number, wish.clone(), DrillStage::Away, view.now));
    state
}

fn planned(standing: &ServiceStanding<'_>) -> Vec<String> {
    let told = |region: &RegionStanding<'_>| format!("{} is {}", region.id, region.health.as_str());
    standing.regions.iter().map(told).collect()
}

/// Why no drill of any kind begins now.
fn occupied(view: &View<'_>) -> Option<String> {
    if let Some(other) = view.state.drills.under_way() {
        return Some(format!("drill {} is under way", other.id));
    }
    if let Some(since) = view.state.doubted_since {
        return Some(format!("the observer has doubted itself since {since}"));
    }
    view.config.blocked.iter().find(|blocked| blocked.covers(view.now)).map(Blocked::told)
}

/// What is in the way of a drill that moves clients, and passes.
fn hindrance(view: &View<'_>, standing: &ServiceStanding<'_>) -> Option<String> {
    let id = standing.id;
    if let Some(why) = halted(view, id) {
        return Some(why);
    }
    if let Some(recovery) = standing.recovery {
        if let Some(plan) = recovery.under_way() {
            return Some(format!("plan {} of `{id}` is under way", plan.epoch));
        }
        if let Some(region) = recovery.away.keys().chain(recovery.returns.keys()).next() {
            return Some(format!("clients of `{id}` have not all returned to {region}"));
        }
    }
    if let Some(order) = standing_order(view, standing) {
        return Some(format!("order {} is in force: {}", order.id, order.act));
    }
    if let Some(incident) = open_incident(view, id) {
        return Some(format!("incident {incident} goes on"));
    }
    let is_whole = |region: &&RegionStanding<'_>| !region.is_settled();
    if let Some(region) = standing.regions.iter().find(is_whole) {
        return Some(format!("{} is {}", region.id, region.health.as_str()));
    }
    alarm(view, id)
}

/// Who halted changes, in words.
pub(super) fn halted(view: &View<'_>, id: &ServiceId) -> Option<String> {
    if view.config.guards.halted {
        return Some("changes are halted (`guards.halted`)".to_owned());
    }
    view.orders().halt(Some(id)).map(|order| format!("changes are halted {}", order.told()))
}

/// What is withheld already of the region or of what the service publishes: then nobody could tell
/// whether a drill moved it.
fn withheld(view: &View<'_>, standing: &ServiceStanding<'_>, wish: &Wish) -> Option<String> {
    let service = standing.service;
    let withheld = &view.state.actuation.withheld;
    let held = held_back(view.config, (service, &wish.region), withheld)?;
    (!service.publish.is_empty()).then(|| format!("withheld at Cloudflare: {held}"))
}

/// The order in force that says where clients of a service go.
pub(super) fn standing_order<'a>(
    view: &View<'a>,
    standing: &ServiceStanding<'_>,
) -> Option<&'a Order> {
    let regions = &standing.service.regions;
    let has = |region: &RegionId| regions.contains(region);
    let is_about = |order: &&Order| match &order.act {
        Act::Drain { region, service } => {
            has(region) && service.as_ref().is_none_or(|service| service == standing.id)
        }
        Act::Override { origin, region, .. } => {
            let of = origin.as_ref().and_then(|origin| view.config.origin(origin));
            region.as_ref().is_some_and(has) || of.is_some_and(|(region, _)| has(region))
        }
        Act::Outage { region } => has(region),
        Act::Switch { service, .. } => service == standing.id,
        _ => false,
    };
    view.state.orders.iter().filter(|order| order.is_in_force(view.now)).find(is_about)
}

/// The id of an open incident that hurts a service.
pub(super) fn open_incident<'a>(view: &View<'a>, id: &ServiceId) -> Option<&'a str> {
    view.state.open_incidents_of(id).next().map(|incident| incident.id.as_str())
}

/// What live traffic says against a service.
pub(super) fn alarm(view: &View<'_>, id: &ServiceId) -> Option<String> {
    let promises = view.state.promises.get(id)?;
    if !promises.burns.is_empty() {
        return Some(format!("errors use up the availability of `{id}` too fast"));
    }
    let region = promises.errors.keys().next()?;
    Some(format!("too many requests of `{id}` fail in {region}"))
}

/// Why a service cannot be drilled like this.
fn out_of_place(standing: &ServiceStanding<'_>, wish: &Wish, is_by_plan: bool) -> Option<String> {
    let (id, service) = (standing.id, standing.service);
    if wish.kind == DrillKind::Canary && !service.has_shares() {
        return Some(format!(
            "nothing divides the clients of `{id}`: it has no hosts, and no pool with weights"
        ));
    }
    if standing.is_manual() && !is_by_plan && !service.publish.is_empty() {
        return Some(format!(
            "only a person moves what `{id}` publishes (`failover.mode`), and a drill is none"
        ));
    }
    let is_primary = standing.primary.is_some_and(|primary| *primary.region == wish.region);
    (is_primary && !is_by_plan && !service.publish.is_empty()).then(|| {
        format!(
            "records and load balancers cannot tell reads from writes, and {} takes the writes of \
             `{id}`",
            wish.region
        )
    })
}

/// The regions that serve while another does not.
pub(super) fn survivors<'s, 'a>(
    standing: &'s ServiceStanding<'a>,
    region: &'s RegionId,
) -> impl Iterator<Item = &'s RegionStanding<'a>> {
    standing.regions.iter().filter(move |it| it.id != region && it.is_settled())
}

/// Whom the law would leave no region.
fn nobody_left(view: &View<'_>, standing: &ServiceStanding<'_>, wish: &Wish) -> Option<String> {
    let left: Vec<&RegionId> = survivors(standing, &wish.region).map(|it| it.id).collect();
    if left.is_empty() {
        return Some(format!("no other region of `{}` is up", standing.id));
    }
    let permits = |allow: &Allow, id: &RegionId| view.permits_id(allow, id);
    let leaves_nobody = |allow: &Allow| {
        permits(allow, &wish.region) && !left.iter().any(|region| permits(allow, region))
    };
    let names = standing.service.names();
    let mut rules = names.iter().flat_map(|name| strict_rules_over(&view.config.residency, name));
    if let Some(rule) = rules.find(|rule| leaves_nobody(&rule.allow)) {
        return Some(format!("the rule `{}` leaves its clients no other region", rule.id));
    }
    let pins = standing.service.steering.tenancy.iter().flat_map(|_| &view.config.tenants);
    let mut pins = pins.filter(|(_, allow)| leaves_nobody(allow));
    let (tenant, _) = pins.next()?;
    Some(format!("the tenant `{tenant}` would have no other region"))
}

/// The load that other regions take, and what they carry; `None` where that is not known.
fn load_of(view: &View<'_>, standing: &ServiceStanding<'_>, wish: &Wish) -> Option<(u64, u64)> {
    let peak_rps = u64::from(standing.service.peak_rps?);
    let left = survivors(standing, &wish.region).map(|region| region.id);
    let left_rps = view.capacity_rps(left)?;
    let is_first = standing.service.steering.policy == Policy::Ordered
        && standing.service.regions.first() == Some(&wish.region);
    // In failover order the others have nothing beside what is led to them.
    let takes_part = wish.kind == DrillKind::Canary && is_first;
    let percent = if takes_part { u64::from(wish.percent) } else { 100 };
    Some(((peak_rps * percent).div_ceil(100), left_rps))
}

fn load(view: &View<'_>, standing: &ServiceStanding<'_>, wish: &Wish) -> String {
    let id = standing.id;
    match load_of(view, standing, wish) {
        Some((needed, left)) => {
            format!("{id}: the regions that are left carry {left} rps, and take {needed} at peak")
        }
        None => format!(
            "{id}: nobody knows whether the regions that are left carry the load: `peak_rps` or a \
             `capacity_rps` is missing"
        ),
    }
}

fn overloaded(view: &View<'_>, standing: &ServiceStanding<'_>, wish: &Wish) -> Option<Finding> {
    let (needed, left) = load_of(view, standing, wish)?;
    let why = || {
        format!("the regions that are left carry {left} rps, and {needed} rps are needed at peak")
    };
    (left < needed).then(|| Finding::new(Outcome::CapacityCheckFailed, why()))
}

/// Whether the guard of the regions that are away would hold the drill back.
fn too_many_away(view: &View<'_>, wish: &Wish) -> Option<String> {
    if wish.kind != DrillKind::Full {
        return None;
    }
    let state = led_away(view, wish);
    foresight::too_many_away(&View::new(view.config, &state, view.now))
}

/// Whether a region of a service is down.
pub(super) fn lost<'a>(standing: &ServiceStanding<'a>) -> Option<&'a RegionId> {
    standing.regions.iter().find(|it| it.health == Health::Down).map(|it| it.id)
}
