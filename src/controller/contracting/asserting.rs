//! Recoveries are held against the contract: how long they took, and what they may have lost.

use super::Case;
use crate::config::Service;
use crate::contract::recovered::{self, Asserted};
use crate::ids::ComponentId;
use crate::journal::{Event, EventKind, Incident, Phase, Trouble};
use crate::recovery::{PlanEnd, PlanKind};
use crate::time::{Millis, Timestamp};

impl Case<'_> {
    /// Looks at the incidents and at the last plan of the service.
    pub(super) fn recoveries(&mut self, service: &Service) {
        let incidents = &self.view.state.incidents;
        self.promises.asserted.retain(|id, _| incidents.iter().any(|it| it.id == *id));
        for incident in incidents {
            self.incident(incident, service);
        }
        self.plan(service);
    }

    /// Tells once that a recovery took too long, as soon as it does; and once how it ended.
    fn incident(&mut self, incident: &Incident, service: &Service) {
        let before = self.promises.asserted.get(&incident.id).copied();
        let Some(began) = began(incident, self) else { return };
        let recovered = self.recovered_at(incident, service);
        let is_over = recovered.is_some();
        let took_ms = recovered.unwrap_or(self.view.now).since(began);
        let promised = times(service);
        if before == Some(true) || promised.is_empty() {
            return;
        }
        let asserted: Vec<Asserted> = promised
            .into_iter()
            .map(|(component, ms)| recovered::rto(component, ms, took_ms, is_over))
            .collect();
        let is_kept = asserted.iter().all(|it| it.is_kept);
        if is_over || (!is_kept && before.is_none()) {
            self.promises.asserted.insert(incident.id.clone(), is_over);
            self.tell_asserted(&asserted, Some(incident));
        }
    }

    /// When the service had recovered: its clients are served, and somebody takes their writes.
    fn recovered_at(&self, incident: &Incident, service: &Service) -> Option<Timestamp> {
        let served = served_at(incident)?;
        let region = incident.region.as_ref()?;
        let Some(primary) = self.view.primary(self.id, service) else { return Some(served) };
        if service.failover.promote.is_none() {
            return Some(served);
        }
        let recovery = self.view.state.recoveries.get(self.id);
        let plan = recovery.and_then(|it| it.plan.as_ref());
        let plan = plan.filter(|plan| {
            plan.from.as_ref() == Some(region)
                && Some(plan.began) >= incident.phases.at(Phase::Seen)
        });
        if let Some(plan) = plan.filter(|plan| plan.end.is_none_or(|end| end == PlanEnd::Done)) {
            return Some(plan.ended?.max(served));
        }
        let is_confirmed = recovery.is_none_or(|it| !it.unconfirmed.contains(region));
        if primary.region == region {
            // It was not replaced, so it has to be there itself.
            return incident.phases.at(Phase::Up).filter(|_| is_confirmed);
        }
        Some(served)
    }

    /// A promotion is held against the loss that is promised, when its plan has ended.
    fn plan(&mut self, service: &Service) {
        let recovery = self.view.state.recoveries.get(self.id);
        let Some(plan) = recovery.and_then(|recovery| recovery.plan.as_ref()) else { return };
        let is_promotion = plan.kind == PlanKind::Failover && service.failover.promote.is_some();
        let is_new = plan.epoch > self.promises.asserted_epoch;
        if plan.end != Some(PlanEnd::Done) || !is_promotion || !is_new {
            return;
        }
        self.promises.asserted_epoch = plan.epoch;
        let asserted: Vec<Asserted> = losses(service)
            .into_iter()
            .map(|(component, rpo_s)| recovered::rpo(component, rpo_s, plan.loss_bound_s))
            .collect();
        if !asserted.is_empty() {
            self.tell_asserted(&asserted, None);
        }
    }

    fn tell_asserted(&mut self, asserted: &[Asserted], incident: Option<&Incident>) {
        let words: Vec<String> = asserted
            .iter()
            .map(|it| match &it.component {
                Some(component) => format!("`{component}`: {}", it.words),
                None => it.words.clone(),
            })
            .collect();
        let is_kept = asserted.iter().all(|it| it.is_kept);
        let (kind, how) = if is_kept {
            (EventKind::ContractKept, "recovered within its contract")
        } else {
            (EventKind::ContractBroken, "did not recover within its contract")
        };
        let text = format!("{} {how}: {}", self.id, words.join("; "));
        let mut event = Event::new(kind, text, self.view.now).about(Some(self.id), None);
        event.subject.incident = incident.map(|incident| incident.id.clone());
        self.told.push(event);
    }
}

/// When an incident began that took a region of this service down. What a person drained is no
/// fault.
fn began(incident: &Incident, case: &Case<'_>) -> Option<Timestamp> {
    incident.region.as_ref()?;
    let mut hurt = incident.affected.iter().filter(|it| it.service.as_ref() == Some(case.id));
    let is_down = hurt.any(|it| it.trouble == Trouble::Down);
    incident.phases.at(Phase::Seen).filter(|_| is_down)
}

/// When the clients of the region were served again: elsewhere, as seen through the public name or
/// as acknowledged, or by the region itself.
fn served_at(incident: &Incident) -> Option<Timestamp> {
    let phases = &incident.phases;
    let elsewhere = || phases.at(Phase::LastChange).filter(|_| incident.closed_at.is_some());
    let again = || phases.at(Phase::Up).filter(|_| !phases.has(Phase::LastChange));
    phases.at(Phase::Verified).or_else(elsewhere).or_else(again)
}

/// The times that are promised, of the service and of its parts.
pub(in crate::controller) fn times(service: &Service) -> Vec<(Option<&ComponentId>, Millis)> {
    let of_service = service.contract.and_then(|contract| contract.rto_ms);
    let of_parts = service.components.iter().filter_map(|(id, it)| Some((Some(id), it.rto_ms?)));
    of_service.map(|ms| (None, ms)).into_iter().chain(of_parts).collect()
}

/// The losses that are promised of what a promotion moves.
pub(in crate::controller) fn losses(service: &Service) -> Vec<(Option<&ComponentId>, u32)> {
    let of_service = service.contract.and_then(|contract| contract.rpo_s);
    let parts = service.components.iter();
    let parts = parts.filter(|(_, it)| it.kind == crate::config::ComponentKind::Database);
    let of_parts = parts.filter_map(|(id, it)| Some((Some(id), it.rpo_s?)));
    of_service.map(|s| (None, s)).into_iter().chain(of_parts).collect()
}
