//! Incidents: what belongs together, from the first bad probe to the last return.
//!
//! They follow the view, like routes and pages: with each round, pass and act they are brought to
//! say what the view says, and only what has changed is told. So a restart in the middle goes on
//! with the same incident, and nothing is told twice.

mod belonging;
mod pages;
mod standing;

pub(super) use belonging::held_back;
pub(super) use pages::{
    key as incident_key, line_substance as incident_line_substance, substance as incident_substance,
};

use super::Controller;
use super::actuation::is_settled;
use crate::config::Service;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind, INCIDENT_AGE_MS, INCIDENTS_MAX, Incident, Phase, Standing};
use crate::order::{ActRefusal, ActRequest, Acted};
use crate::ordered::Map;
use crate::recovery::Recovery;
use crate::state::State;
use crate::target::Target;
use crate::tick::{Changed, RoundRequest};
use crate::time::Timestamp;

/// What the last round has seen of targets whose health changed.
pub(super) type Signs = Map<Target, Sign>;

/// What was seen of one.
#[derive(Debug, Clone)]
pub(super) struct Sign {
    /// When the first probe was made that points to it.
    pub(super) first: Timestamp,
    /// How the body of the last failure began.
    pub(super) excerpt: Option<String>,
}

impl Controller {
    /// Keeps what a round has seen until the incidents have followed it.
    pub(super) fn note_signs(&mut self, changed: &[Changed], request: &RoundRequest) {
        let excerpts = request.aside.iter().flat_map(|aside| &aside.excerpts);
        let mut excerpts: Vec<&(Target, String)> = excerpts.collect();
        // Of several areas' excerpts of one target the first stays the first.
        excerpts.sort_by_key(|(of, _)| of);
        for Changed { target, transition } in changed {
            let first = excerpts.partition_point(|(of, _)| of < target);
            let excerpt = excerpts.get(first).filter(|(of, _)| of == target).map(|(_, text)| text);
            let sign = Sign { first: transition.first_sign, excerpt: excerpt.cloned() };
            self.signs.insert(target.clone(), sign);
        }
    }

    /// Begins, moves on and ends incidents, so that they say what the view says.
    pub(super) fn follow_incidents(&mut self, now: Timestamp) {
        let Some(view) = self.view(now) else { return };
        let standings = standing::all(&view, &self.signs);
        self.signs = Signs::new();
        let mut told = Vec::new();
        for (place, of_place) in &standings {
            told.extend(self.open_incident(place.as_ref(), of_place, now));
        }
        for incident in self.state.incidents.iter_mut().filter(|incident| incident.is_open()) {
            let of_place = standings.get(&incident.region).map(Vec::as_slice).unwrap_or_default();
            told.extend(incident.follow(of_place, now));
        }
        self.bring_back(now);
        for incident in &mut self.state.incidents {
            told.extend(incident.close_if_over(now));
        }
        self.drop_old_incidents(now);
        for event in told {
            self.news.tell(event);
        }
    }

    fn open_incident(
        &mut self,
        place: Option<&RegionId>,
        standings: &[Standing],
        now: Timestamp,
    ) -> Option<Event> {
        if self.state.open_incidents().any(|incident| incident.region.as_ref() == place) {
            return None;
        }
        let number = self.state.incidents_opened.saturating_add(1);
        let (incident, event) = Incident::open(number, place, standings, now)?;
        self.state.incidents_opened = number;
        self.state.incidents.push(incident);
        Some(event)
    }

    /// Those that are over make room by number and age; those that go on are never dropped.
    fn drop_old_incidents(&mut self, now: Timestamp) {
        let State { incidents, written, .. } = &mut self.state;
        let is_old = |incident: &Incident| {
            incident.closed_at.is_some_and(|at| now.since(at) > INCIDENT_AGE_MS)
        };
        let over = incidents.iter().filter(|incident| !incident.is_open()).count();
        let mut too_many = over.saturating_sub(INCIDENTS_MAX);
        incidents.retain(|incident| {
            if incident.is_open() || !(is_old(incident) || too_many > 0) {
                return true;
            }
            too_many = too_many.saturating_sub(1);
            written.remove(&pages::key(incident));
            false
        });
    }

    /// Notes that a routing table or a comparison was made from how everything stands.
    pub(super) fn decided(&mut self, now: Timestamp) {
        let open = self.state.incidents.iter_mut().filter(|incident| incident.is_open());
        let waits = |it: &&mut Incident| it.region.is_some() && !it.phases.has(Phase::Decided);
        for incident in open.filter(waits) {
            incident.phases.reach(Phase::Decided, now);
        }
    }

    /// Notes that proxies have a table which says how everything stands: for a service that the
    /// proxy serves, that is a change, and its return.
    pub(super) fn proxies_told(&mut self, now: Timestamp) {
        let Some(config) = &self.config else { return };
        let waits = |it: &&mut Incident| {
            it.is_open() && !it.is_told && it.phases.has(Phase::Decided) && it.region.is_some()
        };
        for incident in self.state.incidents.iter_mut().filter(waits) {
            incident.is_told = true;
            if of(incident, &config.services).any(|service| !service.hosts.is_empty()) {
                incident.acknowledged_change(now);
            }
        }
        self.bring_back(now);
    }

    /// Notes for which incidents all has returned: the account is as it should be, and proxies
    /// know.
    fn bring_back(&mut self, now: Timestamp) {
        let waits =
            |it: &Incident| it.is_open() && it.phases.has(Phase::Up) && !it.phases.has(Phase::Back);
        if !self.state.incidents.iter().any(waits) {
            return;
        }
        let is_settled = self.view(now).is_some_and(|view| is_settled(&view));
        let Some(config) = &self.config else { return };
        for incident in self.state.incidents.iter_mut().filter(|it| waits(it)) {
            let services: Vec<&Service> = of(incident, &config.services).collect();
            let is_proxied = services.iter().any(|service| !service.hosts.is_empty());
            let is_published = services.iter().any(|service| !service.publish.is_empty());
            let is_kept = belonging::keeps_away(config, incident, &self.state.actuation.withheld);
            let is_settled = is_settled && !is_kept;
            let region = incident.region.as_ref();
            if incident
                .services()
                .any(|service| is_returning(&self.state.recoveries, service, region))
            {
                continue;
            }
            if (incident.is_told || !is_proxied) && (is_settled || !is_published) {
                incident.return_at(now);
            }
        }
    }

    /// Notes that somebody looks after an incident.
    pub(super) fn take_incident(
        &mut self,
        id: &str,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let known = self.state.incidents.iter().find(|incident| incident.id == id);
        let Some(incident) = known.filter(|incident| incident.is_open()) else {
            let problem = format!("no incident `{id}` goes on");
            return Err(ActRefusal::not_found(problem));
        };
        let ActRequest { who, reason, is_dry, .. } = request;
        let changes = vec![format!("{who} looks after {}", incident.summary(now))];
        if !is_dry {
            let text = format!("{who} looks after incident {id}");
            let event = incident.event(EventKind::Acted, text, now).by(who.clone());
            self.news.tell(event.because(reason.clone()));
        }
        Ok(Acted { changes, is_dry: *is_dry, ..Acted::default() })
    }
}

/// Whether not all clients of a service have returned to a region.
fn is_returning(
    recoveries: &Map<ServiceId, Recovery>,
    service: &ServiceId,
    region: Option<&RegionId>,
) -> bool {
    let recovery = recoveries.get(service).zip(region);
    recovery.is_some_and(|(recovery, region)| recovery.percent_of(region).is_some())
}

/// The services that an incident hurts, as far as the config has them.
fn of<'c>(
    incident: &Incident,
    services: &'c Map<ServiceId, Service>,
) -> impl Iterator<Item = &'c Service> {
    let ids: Vec<_> = incident.services().cloned().collect();
    services.iter().filter(move |(id, _)| ids.contains(id)).map(|(_, service)| service)
}

#[cfg(test)]
mod tests;
