//! Whether the failover plan of each service would work if its region failed now.
//!
//! A plan is evaluated with each config and every half hour: its hooks are asked by dry calls. What
//! costs no call is looked at all the time. People are told of services whose failover is a plan;
//! what stands in the way of the others has alerts of its own, such as a region that is down.
//! Nothing is said while a plan is under way, while the region that serves is not up, or while the
//! observer doubts itself: then the question is another one.

use super::Controller;
use super::actuation::allowance;
use super::denials;
use super::planning::{active, hindered};
use super::quota::Quota;
use super::spending::Shares;
use super::standbys::{foreseen, silent_ms};
use crate::config::{Publish, Service};
use crate::documents::RecoveryStatus;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind};
use crate::ordered::Map;
use crate::recovery::{
    FAILURES_TOLD, LOOK_MS, Obstacle, Readiness, Reason, Recovery, in_words, is_planned,
};
use crate::time::{Millis, Timestamp};
use crate::view::{RegionStanding, ServiceStanding, View};

/// What is known of the region that would take over.
enum Heir<'v> {
    /// This one would.
    Is(&'v RegionId),
    /// None would, for this reason. The first one that is named would be asked for.
    None(Reason, Option<&'v RegionId>),
}

impl<'v> Heir<'v> {
    fn region(&self) -> Option<&'v RegionId> {
        match self {
            Self::Is(region) => Some(region),
            Self::None(_, region) => *region,
        }
    }
}

impl Controller {
    /// Why a failover of a service would not work now, in words; empty if it would. A hook counts
    /// by what it answered to the last dry call.
    #[must_use]
    pub fn ready(&self, service: &ServiceId, now: Timestamp) -> Vec<String> {
        let no_service = || vec![format!("there is no service `{service}`")];
        let Some(view) = self.view(now) else { return no_service() };
        let Some(standing) = view.standing(service) else { return no_service() };
        let mut reasons = self.obstacles(&view, &standing);
        if let Some(plan) = standing.recovery.and_then(Recovery::under_way) {
            let text = format!("plan {} to {} is under way", plan.epoch, plan.to);
            reasons.insert(0, Reason::new(Obstacle::Held, text));
        }
        reasons.into_iter().map(|reason| reason.text).collect()
    }

    /// Evaluates the plans that are due, asks their hooks, and tells what has changed.
    pub(super) fn follow_readiness(&mut self, now: Timestamp) {
        let Some(config) = &self.config else { return };
        let fingerprint = config.fingerprint;
        let is_late = |at: Timestamp| at.is_ahead(now) || now.since(at) >= LOOK_MS;
        if self.looked.is_some_and(|(known, at)| known == fingerprint && !is_late(at)) {
            return;
        }
        self.looked = Some((fingerprint, now));
        let services = config.services.iter();
        let planned = services.filter(|(_, service)| is_planned(service));
        let planned: Vec<ServiceId> = planned.map(|(id, _)| id.clone()).collect();
        self.forget_readiness(&planned, now);
        if self.state.doubted_since.is_some() {
            return;
        }
        for id in planned {
            self.evaluate(&id, now);
        }
    }

    /// What has no plan any more is not waited for.
    fn forget_readiness(&mut self, planned: &[ServiceId], now: Timestamp) {
        let mut told = Vec::new();
        for (id, recovery) in self.state.recoveries.iter_mut() {
            if planned.contains(id) {
                continue;
            }
            let gone = recovery.readiness.take().filter(|readiness| !readiness.told.is_empty());
            told.extend(gone.map(|_| id.clone()));
        }
        for id in told {
            let text = format!("`{id}` has no failover plan any more");
            self.news.tell(Event::new(EventKind::Ready, text, now).about(Some(&id), None));
        }
    }

    fn evaluate(&mut self, id: &ServiceId, now: Timestamp) {
        let Some(view) = self.view(now) else { return };
        let Some(standing) = view.standing(id) else { return };
        let Some(from) = active(&standing) else { return };
        let is_up = standing.region(from).is_some_and(|region| region.health == Health::Up);
        if !is_up || standing.recovery.and_then(Recovery::under_way).is_some() {
            return;
        }
        let silent_ms = silent_ms(&view, &standing);
        let (from, to) = (from.clone(), heir(&view, &standing).region().cloned());
        let mut reasons = self.obstacles(&view, &standing);
        reasons
            .retain(|reason| reason.obstacle != Obstacle::Hook || self.is_sure(id, &reason.about));
        if let Some(to) = to {
            self.ask_due_hooks(id, (Some(&from), &to), now);
        }
        self.tell_readiness(id, &reasons, silent_ms, now);
    }

    /// The hook that has said often enough that it would not work, in words.
    pub(super) fn hook_in_the_way(&self, id: &ServiceId) -> Option<String> {
        let readiness = self.state.recoveries.get(id)?.readiness.as_ref()?;
        let mut failing = readiness.hooks.iter().filter(|(step, _)| self.is_sure(id, step));
        let (step, answer) = failing.next()?;
        let problem = answer.problem.as_deref().unwrap_or_default();
        Some(format!("the hook {step} would not work: {problem}"))
    }

    /// Has hooks that would not work asked again at once: somebody may have mended them.
    pub(super) fn ask_hooks_again(&mut self, id: &ServiceId) {
        let readiness = self.state.recoveries.get_mut(id).and_then(|it| it.readiness.as_mut());
        let Some(readiness) = readiness else { return };
        let failing = readiness.hooks.values_mut().filter(|answer| answer.problem.is_some());
        failing.for_each(|answer| answer.at = Timestamp::default());
        self.looked = None;
    }

    /// Whether a hook has said often enough that it would not work.
    fn is_sure(&self, id: &ServiceId, step: &str) -> bool {
        let readiness = self.state.recoveries.get(id).and_then(|it| it.readiness.as_ref());
        let answer = readiness.and_then(|readiness| readiness.hooks.get(step));
        answer.is_some_and(|answer| answer.failures >= FAILURES_TOLD)
    }

    fn tell_readiness(
        &mut self,
        id: &ServiceId,
        reasons: &[Reason],
        silent_ms: Millis,
        now: Timestamp,
    ) {
        let is_known = self.state.recoveries.get(id).is_some_and(|it| it.readiness.is_some());
        if reasons.is_empty() && !is_known {
            return;
        }
        let steps = self.hook_steps(id);
        let Some(recovery) = self.recovery_mut(id) else { return };
        let readiness = recovery.readiness.get_or_insert_default();
        readiness.hooks.retain(|name, _| steps.iter().any(|step| step.name() == name));
        let is_news = readiness.is_news(reasons, silent_ms, now);
        if *readiness == Readiness::default() {
            recovery.readiness = None;
        }
        if !is_news {
            return;
        }
        let (kind, text) = if reasons.is_empty() {
            (EventKind::Ready, format!("a failover of `{id}` would work again"))
        } else {
            let why = in_words(reasons);
            (EventKind::NotReady, format!("a failover of `{id}` would not work now: {why}"))
        };
        self.news.tell(Event::new(kind, text, now).about(Some(id), None));
    }

    /// How each service recovers of which there is something to say, and why a failover of those
    /// whose failover is a plan would not work now.
    pub(super) fn live_recovery(&self, now: Timestamp) -> Map<ServiceId, RecoveryStatus> {
        let recoveries = self.state.recoveries.iter();
        let known = recoveries.map(|(id, recovery)| (id.clone(), RecoveryStatus::of(recovery)));
        let mut all = Map::of(known);
        let services = self.config.iter().flat_map(|config| config.services.iter());
        let is_moving = |id: &ServiceId| self.plan_of(id).is_some();
        let planned = services.filter(|(_, service)| is_planned(service));
        for (id, _) in planned.filter(|(id, _)| !is_moving(id)) {
            let not_ready = self.ready(id, now);
            let status = RecoveryStatus::of(&Recovery::default());
            all.insert_if_absent(id.clone(), status);
            all.get_mut(id).into_iter().for_each(|it| it.not_ready.clone_from(&not_ready));
        }
        all
    }

    /// What stands in the way of a failover, the worst first.
    fn obstacles(&self, view: &View<'_>, standing: &ServiceStanding<'_>) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = halt(view, standing).into_iter().collect();
        reasons.extend(held(standing));
        if let Heir::None(why, _) = heir(view, standing) {
            reasons.push(why);
        }
        reasons.extend(self.hooks_in_the_way(standing));
        reasons.extend(capacity(view, standing));
        reasons.extend(permissions(view, standing.service));
        reasons.extend(budget(view, standing.service));
        reasons
    }

    fn hooks_in_the_way(&self, standing: &ServiceStanding<'_>) -> Vec<Reason> {
        let reason = |step: &crate::recovery::Step| {
            let name = step.name();
            let why = match self.dry_answer(standing.id, step) {
                Some(answer) => answer.problem.clone()?,
                None => "it has not answered a dry call yet".to_owned(),
            };
            let text = format!("the hook {name} would not work: {why}");
            Some(Reason::new(Obstacle::Hook, text).about(name))
        };
        self.hook_steps(standing.id).iter().filter_map(reason).collect()
    }
}

/// The region that would take over.
fn heir<'v>(view: &View<'v>, standing: &ServiceStanding<'v>) -> Heir<'v> {
    let nobody = |text: &str| Heir::None(Reason::new(Obstacle::Standby, text.to_owned()), None);
    let Some(from) = active(standing) else { return nobody("it has no region") };
    let promotes = standing.primary.is_some();
    let (mut whys, mut first) = (Vec::new(), None);
    for to in standing.service.regions.iter().filter(|region| *region != from) {
        if let Some(why) = hindered(view, standing, from, to) {
            whys.push(why);
            continue;
        }
        match foreseen(view, standing, to).filter(|_| promotes) {
            None => return Heir::Is(to),
            Some(why) => whys.push(format!("{to} could not be promoted: {why}")),
        }
        first = first.or(Some(to));
    }
    if whys.is_empty() {
        return nobody("it has no other region");
    }
    let obstacle = if first.is_some() { Obstacle::Gate } else { Obstacle::Standby };
    Heir::None(Reason::new(obstacle, whys.join(", ")), first)
}

fn halt(view: &View<'_>, standing: &ServiceStanding<'_>) -> Option<Reason> {
    let is_halted = view.config.guards.halted;
    let text = if let Some(order) = standing.corruption {
        format!("corruption is declared {}", order.told())
    } else if let Some(order) = view.orders().halt(Some(standing.id)) {
        format!("it is halted {}", order.told())
    } else if is_halted {
        "`guards.halted` of the config halts everything".to_owned()
    } else {
        return None;
    };
    Some(Reason::new(Obstacle::Halt, text))
}

/// What the last plan, or a failover manager, left behind.
fn held(standing: &ServiceStanding<'_>) -> Vec<Reason> {
    let Some(recovery) = standing.recovery else { return Vec::new() };
    let mut reasons = Vec::new();
    if recovery.is_held && recovery.under_way().is_none() {
        let id = standing.id;
        let text = format!("no plan begins by itself before `pointsman approve {id}`");
        reasons.push(Reason::new(Obstacle::Held, text));
    }
    let told = recovery.manager.told.iter();
    reasons.extend(told.map(|why| Reason::new(Obstacle::Manager, why.clone())));
    reasons
}

/// Whether the regions that are left carry the service's peak. Nothing is said where a capacity is
/// unknown.
fn capacity(view: &View<'_>, standing: &ServiceStanding<'_>) -> Option<Reason> {
    let peak_rps = u64::from(standing.service.peak_rps?);
    let from = active(standing)?;
    let takes =
        |it: &&RegionStanding<'_>| it.id != from && it.health == Health::Up && !it.is_draining;
    let left: Vec<&RegionId> =
        standing.regions.iter().filter(takes).map(|region| region.id).collect();
    let left_rps = view.capacity_rps(left.iter().copied())?;
    let is_too_little = !left.is_empty() && left_rps < peak_rps;
    is_too_little.then(|| {
        let text = format!("without {from} the regions carry {left_rps} of {peak_rps} rps");
        Reason::new(Obstacle::Capacity, text)
    })
}

/// What the token may not do in the zones and accounts that the service publishes in.
fn permissions(view: &View<'_>, service: &Service) -> Vec<Reason> {
    let denied = view.state.actuation.denied.iter();
    let denied = denied.filter(|(grant, denied)| {
        denials::is_believed(denied) && service.publish.iter().any(|it| is_about(grant, it))
    });
    let reason = |grant: &String| {
        let text = format!("the API token lacks {grant}");
        Reason::new(Obstacle::Permission, text).about(grant)
    };
    denied.map(|(grant, _)| reason(grant)).collect()
}

/// Whether a grant, such as `DNS Write on example.com`, is needed for a published object.
fn is_about(grant: &str, publish: &Publish) -> bool {
    let needed = match publish {
        Publish::Dns(dns) => &dns.zone,
        Publish::LoadBalancer(balancer) => &balancer.zone,
        Publish::Pool(pool) => &pool.account,
    };
    let scope = grant.split_once(" on ").map(|(_, scope)| scope).unwrap_or_default();
    // Behind it may be what the grant is about, in parentheses.
    scope.split(' ').next() == Some(needed.as_str())
}

/// Whether there are calls and writes left to tell everybody.
fn budget(view: &View<'_>, service: &Service) -> Vec<Reason> {
    let View { config, state, now } = *view;
    let mut texts = Vec::new();
    if !service.publish.is_empty() {
        let blocked = state.actuation.blocked_until.filter(|until| now < *until);
        let per_pass = config.api_calls_per_pass;
        if let Some(until) = blocked {
            texts.push(format!("the API asked for no calls until {until}"));
        } else if allowance(config, &state.actuation, now).calls == 0 {
            let most = config.api_calls_per_5_min;
            texts.push(format!("the {most} API calls of five minutes are spent"));
        }
        if !Quota::of(per_pass).with_hooks().allows_a_pass() {
            texts.push(format!(
                "`limits.api_calls_per_pass` of {per_pass} leaves too few beside hooks"
            ));
        }
    }
    let left = Shares::of(config).routes.left(state.spent.routes_until, now);
    if !service.hosts.is_empty() && left == 0 {
        texts.push("the day's writes to KV for `routes` are spent".to_owned());
    }
    let text = texts.join(", ");
    (!text.is_empty()).then(|| Reason::new(Obstacle::Budget, text)).into_iter().collect()
}
