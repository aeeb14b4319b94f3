//! What the parts of a service promise, and whether that can be kept.

use super::known::Known;
use super::{Checker, under};
use crate::config::contract::{
    AgainstPeers, BOUNDS_MAX, BoundRole, COMPONENTS_MAX, Component, Components, FieldBound, Must,
    Scope, Trigger, TriggerAct,
};
use crate::config::diagnostic::Code;
use crate::config::raw::{
    RawComponent, RawFailover, RawFieldBound, RawFieldBounds, RawPeers, RawService, RawTrigger,
    RawWrites,
};
use crate::ids::MonitorId;
use crate::json::Within;
use crate::ordered::Map;
use crate::time::SECOND;
use serde_json::Number;

impl Checker<'_> {
    pub(super) fn components(
        &mut self,
        path: &str,
        raw: &RawService,
        known: &Known<'_>,
    ) -> Components {
        let Some(contract) = &raw.contract else { return Map::new() };
        self.at_most(path, contract.components.len(), COMPONENTS_MAX);
        let mut components = Map::new();
        for (id, component) in &contract.components {
            let path = under(path, id.as_str());
            components.insert(id.clone(), self.component(&path, component, raw, known));
        }
        components
    }

    fn component(
        &mut self,
        path: &str,
        raw: &RawComponent,
        service: &RawService,
        known: &Known<'_>,
    ) -> Component {
        let monitor = self.monitor_of(path, raw, service, known);
        let has_primary = service.writes == RawWrites::Primary;
        let at = raw.at.unwrap_or_else(|| raw.kind.scope(has_primary));
        let needs_primary = matches!(at, Scope::Primary | Scope::Standbys);
        if needs_primary && !has_primary && !self.has_mistake(path) {
            let problem = format!("every region takes writes, so there is no `{}`", at.as_str());
            let allowed = "`all` or `any`, or a service with `writes = \"primary\"`";
            self.report(under(path, "at"), Code::E014, problem, allowed);
        }
        let bounds_path = under(path, "bounds");
        if raw.bounds.is_empty() && raw.rto_s.is_none() && !self.has_mistake(path) {
            let allowed = "`bounds` of a health document, or `rto_s`";
            self.report(path, Code::E004, "it promises nothing", allowed);
        }
        self.at_most(&bounds_path, raw.bounds.len(), BOUNDS_MAX);
        let mut bounds = Vec::new();
        for (pointer, bound) in &raw.bounds {
            let path = under(&bounds_path, &pointer.0);
            bounds.extend(self.field_bound(&path, bound).map(|it| (pointer.0.clone(), it)));
        }
        let component = Component {
            kind: raw.kind,
            monitor,
            at,
            bounds,
            rto_ms: raw.rto_s.map(|rto| u64::from(rto.get()) * SECOND),
            rpo_s: raw.rpo_s.map(Within::get),
        };
        self.loss_can_be_kept(path, &component, service);
        component
    }

    /// Fields are read of the answers to one probe, so a composite has none.
    fn monitor_of(
        &mut self,
        path: &str,
        raw: &RawComponent,
        service: &RawService,
        known: &Known<'_>,
    ) -> MonitorId {
        let id = raw.monitor.as_ref().unwrap_or(&service.monitor);
        let path = if raw.monitor.is_some() { under(path, "monitor") } else { path.to_owned() };
        if known.composites.contains_key(id) && !raw.bounds.is_empty() {
            let problem = format!("`{id}` combines monitors, so it has no health document");
            self.report(&path, Code::E014, problem, "a `monitor` that probes");
        } else if raw.monitor.is_some() {
            self.known_monitor(&path, id, known);
        }
        id.clone()
    }

    fn field_bound(&mut self, path: &str, raw: &RawFieldBound) -> Option<FieldBound> {
        let bounds = match raw {
            RawFieldBound::Is(value) => {
                return Some(FieldBound { must: Must::Be(value.clone()), role: None });
            }
            RawFieldBound::Within(bounds) => bounds,
        };
        if self.has_mistake(path) {
            return None;
        }
        let RawFieldBounds { min, max, max_age_s, is: role } = bounds;
        let as_float = |number: &Option<Number>| number.as_ref()?.as_f64();
        let wrong = match (as_float(min), as_float(max), max_age_s) {
            (None, None, None) => Some("it sets no bound"),
            (None, None, Some(_)) => None,
            (_, _, Some(_)) => Some("a field is an instant or a number, and not both"),
            (Some(min), Some(max), None) if min > max => Some("`min` is above `max`"),
            (None, Some(max), None) if max < 0.0 => {
                Some("`max` is below 0, which is the least unless `min` says another")
            }
            _ => None,
        };
        if let Some(problem) = wrong {
            let allowed = "`min`, `max`, or both with `min` not above `max`; or `max_age_s`";
            self.report(path, Code::E014, problem, allowed);
            return None;
        }
        let must = if let Some(age) = max_age_s {
            Must::BeOfLast(age.get())
        } else {
            // An age or a lag below 0 is one that nobody knows.
            let least = || max.is_some().then(|| Number::from(0));
            Must::Lie { min: min.clone().or_else(least), max: max.clone() }
        };
        Some(FieldBound { must, role: *role })
    }

    /// A bound that lets more be lost than is promised keeps no promise.
    fn loss_can_be_kept(&mut self, path: &str, component: &Component, service: &RawService) {
        let Some(rpo_s) = component.rpo_s.map(u64::from).filter(|_| !self.has_mistake(path)) else {
            return;
        };
        let path = under(path, "rpo_s");
        let roles = [BoundRole::Lag, BoundRole::LastRun];
        let bounds = roles.into_iter().filter_map(|role| component.bound_of(role));
        let bounds: Vec<_> = bounds.filter_map(|(at, bound)| Some((at, bound.most_s()?))).collect();
        if bounds.is_empty() {
            let problem = "a loss is promised, but no bound says how much it is";
            let allowed = "only with a bound that `is = \"lag\"` or `is = \"last_run\"`";
            self.report(&path, Code::E014, problem, allowed);
        }
        if let Some((pointer, most_s)) = bounds.iter().find(|(_, most_s)| *most_s > rpo_s) {
            let problem = format!("{rpo_s} s is promised, but `{pointer}` may say {most_s} s");
            self.report(&path, Code::E016, problem, "at least what its bounds let pass");
        }
        let promoted = service.failover.promote.as_ref().map(|it| u64::from(it.max_lag_s.get()));
        let is_promoted = component.bound_of(BoundRole::Lag).is_some();
        if let Some(lag_s) = promoted.filter(|lag_s| is_promoted && *lag_s > rpo_s) {
            let problem = format!(
                "{rpo_s} s is promised, but a standby with {lag_s} s of lag may be promoted"
            );
            self.report(&path, Code::E016, problem, "at least `failover.promote.max_lag_s`");
        }
    }

    /// Live traffic says that requests fail, and not what data would be lost by a promotion.
    pub(super) fn trigger(&mut self, path: &str, failover: &RawFailover) -> Option<Trigger> {
        let raw: &RawTrigger = failover.trigger.as_ref()?;
        if raw.act == TriggerAct::FailOver && failover.promote.is_some() {
            let problem = "errors of live traffic are no ground to promote a standby";
            let allowed = "`alert`, or no `failover.promote`";
            self.report(under(path, "act"), Code::E014, problem, allowed);
        }
        Some(Trigger {
            error_rate_percent: u8::try_from(raw.error_rate_percent.get()).unwrap_or(100),
            window_ms: u64::from(raw.window_s.get()) * SECOND,
            min_samples: raw.min_samples.get(),
            act: raw.act,
            for_ms: u64::from(raw.for_s.get()) * SECOND,
            peers: raw.peers.as_ref().map(against_peers),
        })
    }
}

fn against_peers(raw: &RawPeers) -> AgainstPeers {
    let RawPeers { excess_percent, min_peers, max_ejected_percent } = raw;
    let percent = |value: u32| u8::try_from(value).unwrap_or(100);
    AgainstPeers {
        excess_percent: percent(excess_percent.get()),
        min_peers: percent(min_peers.get()),
        max_ejected_percent: percent(max_ejected_percent.get()),
    }
}
