//! What must hold in every scenario, whatever else is expected.

use super::law::note;
use super::seen::Seen;
use super::world::World;
use crate::alert::AlertAction;
use crate::outgoing::Outcome;
use crate::recovery::{HookBody, HookCall};
use std::collections::BTreeMap;

impl World<'_> {
    /// Looks at what can be seen at one instant.
    pub(super) fn look_at_epochs(&mut self) {
        let Seen { epochs, breaches, .. } = &mut self.seen;
        for (service, recovery) in self.controller.state().recoveries.iter() {
            let known = epochs.entry(service.clone()).or_default();
            if recovery.epoch < *known {
                let what = format!("that of {service} fell from {known} to {}", recovery.epoch);
                note(&mut breaches.epochs, what);
            }
            *known = recovery.epoch.max(*known);
        }
    }

    /// Looks at a call of a hook that has ended.
    pub(super) fn judge_hook(&mut self, call: &HookCall, outcome: &Outcome) {
        let HookBody { service, epoch, step, to, is_dry, .. } = &call.body;
        if *is_dry {
            return;
        }
        let is_done = matches!(outcome, Outcome::Answered { status: 200, .. });
        let (id, promotion) = (call.id(), (service.clone(), *epoch));
        let config = self.controller.config();
        let failover =
            config.and_then(|config| config.services.get(service)).map(|it| &it.failover);
        let promote = failover.and_then(|failover| failover.promote.as_ref());
        let has_fence = promote.is_some_and(|promote| promote.fence.is_some());
        let Seen { called, fenced, promoted, breaches, .. } = &mut self.seen;
        let known = called.entry(service.clone()).or_default();
        if *epoch < *known {
            note(&mut breaches.epochs, format!("{id} was called after epoch {known}"));
        }
        *known = (*known).max(*epoch);
        match (step.as_str(), to) {
            ("fence", _) if is_done => drop(fenced.insert(promotion)),
            ("promote", Some(to)) => {
                if has_fence && !fenced.contains(&promotion) {
                    note(&mut breaches.primaries, format!("{id} was called before its fence held"));
                }
                if is_done {
                    promoted.insert((service.clone(), to.clone()));
                }
            }
            _ => {}
        }
    }

    /// Looks at the primaries of a table that has arrived: none but the config's and those that
    /// their hook has promoted.
    pub(super) fn judge_primaries(&mut self) {
        let Some(view) = self.controller.view(self.now) else { return };
        for service in view.services() {
            let Some(primary) = service.primary else { continue };
            let promoted = (service.id.clone(), primary.region.clone());
            let is_known =
                *primary.region == primary.config.region || self.seen.promoted.contains(&promoted);
            if !is_known {
                let what =
                    format!("{} writes in {}, and no hook did it", service.id, primary.region);
                note(&mut self.seen.breaches.primaries, what);
            }
        }
    }

    /// Each invariant, with what breaks it.
    pub(super) fn invariants(&self) -> Vec<(&'static str, Vec<String>)> {
        let breaches = &self.seen.breaches;
        vec![
            ("no region is served that the law forbids", breaches.law.clone()),
            ("no service has two primaries", breaches.primaries.clone()),
            ("epochs only grow", breaches.epochs.clone()),
            ("each alert comes once", repeated_alerts(&self.seen)),
        ]
    }
}

/// Messages that a receiver has taken twice, and alerts that began or ended twice.
fn repeated_alerts(seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let mut taken = BTreeMap::<u64, u32>::new();
    let mut told = BTreeMap::new();
    for (_, delivery) in &seen.alerts {
        let message = &delivery.entry.message;
        *taken.entry(delivery.entry.id).or_default() += 1;
        if matches!(message.action, AlertAction::Trigger | AlertAction::Resolve) {
            let key = (&delivery.receiver.id, &message.key, message.since, message.action.as_str());
            let times = told.entry((key, message.severity.as_str())).or_insert(0_u32);
            *times += 1;
            if *times > 1 {
                let what = format!("{} of {}", message.action.as_str(), message.title);
                note(&mut found, format!("{}: {what} twice", delivery.receiver.id));
            }
        }
    }
    for (id, _) in taken.into_iter().filter(|(_, times)| *times > 1) {
        note(&mut found, format!("message {id} was taken twice"));
    }
    found
}
