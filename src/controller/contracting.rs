//! Whether services keep what they promise, looked at with each round.
//!
//! What is told, is told when it begins and when it ends. Nothing is told while the observer doubts
//! itself, or while no run comes: then nobody has read anything, and that is told elsewhere.

mod asserting;
mod burning;
mod drilled;
mod erring;
mod page;
mod reading;
#[cfg(test)]
mod tests;

use super::Controller;
use crate::config::Component;
use crate::contract::{Broken, CAUSES_MAX, KEPT_AFTER_MS, Promises};
use crate::ids::{ComponentId, ServiceId};
use crate::journal::{Event, EventKind};
use crate::state::State;
use crate::time::Timestamp;
use crate::view::View;
pub(super) use asserting::{losses, times};
use reading::{FRESH_MS, Reading, read};

impl Controller {
    /// Holds what is known against what is promised.
    pub(super) fn follow_contracts(&mut self, now: Timestamp) {
        let Some(config) = &self.config else { return };
        let mut promises = std::mem::take(&mut self.state.promises);
        promises.retain(|id, _| config.services.contains_key(id));
        let mut told = Vec::new();
        let (is_observed, view) =
            (is_observed(&self.state, now), View::new(config, &self.state, now));
        for (id, service) in &config.services {
            promises.insert_if_absent(id.clone(), Promises::default());
            let Some(of_service) = promises.get_mut(id) else { continue };
            let mut case = Case { id, view: &view, promises: of_service, told: &mut told };
            case.promises.broken.retain(|id, _| service.components.contains_key(id));
            if is_observed {
                for (name, component) in &service.components {
                    case.component(name, component);
                }
            }
            case.burns(service);
            case.recoveries(service);
            case.drills(service);
        }
        let orders = Self::erring(&view, &mut promises, &mut told);
        promises.retain(|_, promises| !promises.is_empty());
        self.state.promises = promises;
        for event in told {
            self.news.tell(event);
        }
        for order in orders {
            self.order_by_system(order.act, order.reason, (now, order.until));
        }
    }
}

/// One service whose promises are looked at.
struct Case<'a> {
    id: &'a ServiceId,
    view: &'a View<'a>,
    promises: &'a mut Promises,
    told: &'a mut Vec<Event>,
}

impl Case<'_> {
    fn tell(&mut self, kind: EventKind, text: String) {
        let event = Event::new(kind, text, self.view.now);
        self.told.push(event.about(Some(self.id), None));
    }

    /// One contract that is kept again ends the alert of its service, and another one that is
    /// still broken begins it anew.
    fn tell_what_stays_broken(&mut self) {
        let broken = self.promises.broken.iter();
        let names: Vec<String> = broken.map(|(name, _)| format!("`{name}`")).collect();
        if !names.is_empty() {
            let text = format!("{}: still broken: {}", self.id, names.join(", "));
            self.tell(EventKind::ContractBroken, text);
        }
    }

    fn component(&mut self, name: &ComponentId, component: &Component) {
        let now = self.view.now;
        let reading = read(self.view, self.id, component);
        let broken = self.promises.broken.get_mut(name);
        match (reading, broken) {
            (Reading::Broken(mut causes), None) => {
                let text = format!(
                    "{}: the contract of its {} `{name}` is broken: {}",
                    self.id,
                    component.kind.as_str(),
                    shown(&causes)
                );
                causes.truncate(CAUSES_MAX);
                let broken = Broken { since: now, causes, kept_since: None };
                self.promises.broken.insert(name.clone(), broken);
                self.tell(EventKind::ContractBroken, text);
            }
            (Reading::Broken(_), Some(broken)) => broken.kept_since = None,
            (Reading::Kept, Some(broken)) => {
                let kept_since = *broken.kept_since.get_or_insert(now);
                if now.since(kept_since) >= KEPT_AFTER_MS {
                    let since = broken.since;
                    self.promises.broken.remove(name);
                    let text = format!(
                        "{}: the contract of its {} `{name}` is kept again; it was broken since \
                         {since}",
                        self.id,
                        component.kind.as_str()
                    );
                    self.tell(EventKind::ContractKept, text);
                    self.tell_what_stays_broken();
                }
            }
            (Reading::Kept, None) | (Reading::Unknown, _) => {}
        }
    }
}

/// The first causes, and how many more there are.
fn shown(causes: &[String]) -> String {
    let shown: Vec<&str> = causes.iter().take(CAUSES_MAX).map(String::as_str).collect();
    let more = match causes.len().saturating_sub(CAUSES_MAX) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("{}{more}", shown.join("; "))
}

/// Whether what targets said last is what they say: a run has come, and it reaches something.
fn is_observed(state: &State, now: Timestamp) -> bool {
    let is_recent = |at: Timestamp| now.since(at) <= FRESH_MS;
    state.doubted_since.is_none() && state.run.as_ref().is_some_and(|run| is_recent(run.began))
}
