//! What standbys say about their data while their primary is up, and whether one may be promoted.
//!
//! Numbers are gathered with each round, long before anybody needs them: once the primary is dead
//! they say nothing any more. A standby that could not be promoted is told at once, because the
//! time to mend it is before the outage.

use super::Controller;
use crate::config::{Config, Promote, Service};
use crate::health::{Field, Health, Passed, Seen};
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::journal::{Event, EventKind};
use crate::ordered::{Map, Set};
use crate::recovery::gate::{self, Evidence, GateVerdict};
use crate::recovery::{Change, Reading, Recovery, StandbyMemory, Step, StepState};
use crate::state::{State, TargetState};
use crate::time::{Millis, Timestamp};
use crate::view::{ServiceStanding, View};

/// What the newest answers say about the standbys of one service.
struct Watched {
    service: ServiceId,
    primary: RegionId,
    /// The last probe that the primary passed; absent while it is not up.
    passed: Option<Passed>,
    standbys: Map<RegionId, Option<Reading>>,
    silent_ms: Millis,
    promote: Promote,
}

impl Controller {
    /// Remembers what standbys say while their primary is up, and tells which of them could not be
    /// promoted.
    pub(super) fn remember_standbys(&mut self, now: Timestamp) {
        let Some(view) = self.view(now) else { return };
        let promotes = |_: &ServiceId, service: &Service| service.failover.promote.is_some();
        let watched: Vec<Watched> =
            view.services_that(promotes).filter_map(|it| watched(&view, &it)).collect();
        for (id, recovery) in self.state.recoveries.iter_mut() {
            let is_watched = watched.iter().any(|it| it.service == *id);
            recovery.standbys.retain(|_, _| is_watched);
        }
        let mut told = Vec::new();
        for watched in watched {
            self.state.recoveries.insert_if_absent(watched.service.clone(), Recovery::default());
            if let Some(recovery) = self.state.recoveries.get_mut(&watched.service) {
                told.extend(remember(recovery, watched, now));
            }
        }
        for event in told {
            self.news.tell(event);
        }
    }

    /// Whether a region may become the primary of a service now.
    #[must_use]
    pub fn gate_of(&self, service: &ServiceId, to: &RegionId, now: Timestamp) -> GateVerdict {
        let refused = |why: String| GateVerdict::Refuse { why };
        let Some(view) = self.view(now) else {
            return refused("there is no config".to_owned());
        };
        let Some(standing) = view.standing(service) else {
            return refused(format!("there is no service `{service}`"));
        };
        let config = standing.service;
        let Some(promote) = &config.failover.promote else {
            return refused(format!("`{service}` has no `failover.promote`"));
        };
        let Some(region) = config.regions.iter().find(|region| *region == to) else {
            return refused(format!("`{to}` is no region of `{service}`"));
        };
        let rpo_s = config.contract.and_then(|contract| contract.rpo_s);
        gate::judge(&evidence(&view, &standing, region, promote), promote, rpo_s, now)
    }
}

/// Why a standby would not pass the gate if its primary failed now; `None` if it would, or there is
/// no gate.
pub(super) fn foreseen(
    view: &View<'_>,
    standing: &ServiceStanding<'_>,
    to: &RegionId,
) -> Option<String> {
    let promote = standing.service.failover.promote.as_ref()?;
    let rpo_s = standing.service.contract.and_then(|contract| contract.rpo_s);
    gate::foreseen(&evidence(view, standing, to, promote), promote, rpo_s, view.now)
}

/// How long the origins of a service may be silent.
pub(super) fn silent_ms(view: &View<'_>, standing: &ServiceStanding<'_>) -> Millis {
    Documents::of(view, standing).silent_ms()
}

fn watched(view: &View<'_>, standing: &ServiceStanding<'_>) -> Option<Watched> {
    let promote = standing.service.failover.promote.as_ref()?;
    let primary = standing.primary?.region;
    let documents = Documents::of(view, standing);
    let others = standing.service.regions.iter().filter(|region| *region != primary);
    let newest = |region: &RegionId| (region.clone(), documents.reading(region, promote));
    Some(Watched {
        service: standing.id.clone(),
        primary: primary.clone(),
        passed: documents.passed(standing, primary).filter(|_| is_up(standing, primary)),
        standbys: Map::of(others.map(newest)),
        silent_ms: documents.silent_ms(),
        promote: promote.clone(),
    })
}

/// Takes in what was read. Returns what people are to be told.
fn remember(recovery: &mut Recovery, watched: Watched, now: Timestamp) -> Vec<Event> {
    let Watched { service, primary, passed, standbys, silent_ms, promote } = watched;
    let known = &mut recovery.standbys;
    known.retain(|region, memory| memory.of == primary && standbys.contains_key(region));
    let mut told = Vec::new();
    for (region, newest) in standbys {
        known.insert_if_absent(region.clone(), StandbyMemory::of(primary.clone()));
        let Some((memory, passed)) = known.get_mut(&region).zip(passed) else { continue };
        memory.take(newest, passed);
        let event = |kind, words: String| {
            let text = format!("standby `{region}` of `{service}` {words}");
            Event::new(kind, text, now).about(Some(&service), Some(&region))
        };
        let unfit = gate::unfit(Some(memory), &promote);
        told.extend(memory.telling.news(unfit, silent_ms, now).map(|unfit| match unfit {
            Change::Wrong(why) => {
                event(EventKind::NotReady, format!("could not be promoted: {why}"))
            }
            Change::Right => event(EventKind::Ready, "could be promoted again".to_owned()),
        }));
    }
    told
}

/// Everything that the gate goes by.
fn evidence(
    view: &View<'_>,
    standing: &ServiceStanding<'_>,
    to: &RegionId,
    promote: &Promote,
) -> Evidence {
    let documents = Documents::of(view, standing);
    let recovery = standing.recovery;
    let primary = standing.primary.map(|primary| primary.region);
    let memory = recovery.and_then(|recovery| recovery.standbys.get(to));
    let memory = memory.filter(|memory| Some(&memory.of) == primary);
    let passed = primary.and_then(|primary| documents.passed(standing, primary));
    Evidence {
        memory: memory.cloned(),
        positions: documents.positions(to, promote),
        heard_at: documents.reading(to, promote).map(|reading| reading.asked),
        silent_ms: documents.silent_ms(),
        primary_passed_at: passed.map(|passed| passed.asked),
        is_primary_up: primary.is_some_and(|primary| is_up(standing, primary)),
        fenced_at: recovery.and_then(fenced_at),
        is_unconfirmed: recovery.is_some_and(|recovery| recovery.unconfirmed.contains(to)),
    }
}

/// Since when the fence of the plan that is under way holds.
fn fenced_at(recovery: &Recovery) -> Option<Timestamp> {
    let mut steps = recovery.under_way()?.steps.iter();
    let is_fenced = |step: &Step, state| *step == Step::Fence {} && state == StepState::Done;
    steps.find(|run| is_fenced(&run.step, run.state))?.ended
}

/// Whether probes tell that a region is up, whatever people say about it.
fn is_up(standing: &ServiceStanding<'_>, region: &RegionId) -> bool {
    let mut origins = standing.region(region).into_iter().flat_map(|it| &it.origins);
    origins.any(|origin| origin.observed.health == Health::Up)
}

/// The health documents of a service's origins.
struct Documents<'v> {
    config: &'v Config,
    state: &'v State,
    leaves: Set<MonitorId>,
}

impl<'v> Documents<'v> {
    fn of(view: &View<'v>, standing: &ServiceStanding<'_>) -> Self {
        let leaves = view.config.leaves(&standing.service.monitor);
        Self { config: view.config, state: view.state, leaves }
    }

    /// What is known of an origin by each of the monitors.
    fn known(&self, origin: &OriginId) -> impl Iterator<Item = &'v TargetState> {
        let targets = self.state.targets_of(origin);
        self.leaves.iter().filter_map(move |monitor| targets.get(monitor))
    }

    fn origins(&self, region: &RegionId) -> impl Iterator<Item = &'v OriginId> {
        let region = self.config.regions.get(region);
        region.into_iter().flat_map(|region| &region.origins).map(|origin| &origin.id)
    }

    /// How long an origin may be silent: the longest pause between two of its probes, and one
    /// probe.
    fn silent_ms(&self) -> Millis {
        let monitors = self.leaves.iter().filter_map(|id| self.config.monitors.get(id));
        let pause_ms = monitors.map(|monitor| monitor.longest_interval_ms() + monitor.timeout_ms);
        pause_ms.max().unwrap_or(0)
    }

    /// The last time that a region that is up passed all of the monitors that it passes.
    fn passed(&self, standing: &ServiceStanding<'_>, region: &RegionId) -> Option<Passed> {
        let origins = &standing.region(region)?.origins;
        let passes = origins.iter().filter_map(|origin| {
            let up = self.known(&origin.origin.id).filter(|it| it.memory.health == Health::Up);
            let any = self.known(&origin.origin.id);
            let of = |known: &TargetState| known.passed;
            up.filter_map(of)
                .min_by_key(|passed| passed.at)
                .or_else(|| any.filter_map(of).max_by_key(|passed| passed.at))
        });
        passes.max_by_key(|passed| passed.at)
    }

    /// The fields of each origin that the monitor brought which tells most about its data, newest
    /// answers only: what a silent origin said once is no news.
    fn fields(&self, region: &RegionId, promote: &Promote) -> Vec<&'v Map<String, Seen>> {
        let lag = |known: &'v TargetState| known.fields.get(&promote.lag_pointer);
        let rank = |known: &&'v TargetState| {
            let tells = promote.pointers().any(|pointer| {
                let seen = known.fields.get(pointer);
                seen.is_some_and(|seen| {
                    !matches!(seen.value, Field::Missing {} | Field::NotJson {})
                })
            });
            (tells, lag(known).map(|seen| seen.at))
        };
        let best =
            |origin: &OriginId| self.known(origin).filter(|it| lag(it).is_some()).max_by_key(rank);
        let best: Vec<_> = self.origins(region).filter_map(best).collect();
        let newest = best.iter().filter_map(|known| Some(lag(known)?.at)).max().unwrap_or_default();
        let is_new = |known: &&&'v TargetState| {
            lag(known).is_some_and(|seen| newest.since(seen.at) <= self.silent_ms())
        };
        best.iter().filter(is_new).map(|known| &known.fields).collect()
    }

    /// What a region says about its data: the origin that is worst off speaks for all.
    fn reading(&self, region: &RegionId, promote: &Promote) -> Option<Reading> {
        let fields = self.fields(region, promote);
        let readings = fields.iter().filter_map(|fields| reading(fields, promote));
        let has_until = |reading: &Reading| reading.told().ok().map(|told| told.has_until);
        let worst = readings.min_by_key(has_until)?;
        let positions = self.positions(region, promote).into_iter().map(|seen| seen.value);
        Some(Reading { position: positions.reduce(gate::least_position), ..worst })
    }

    fn positions(&self, region: &RegionId, promote: &Promote) -> Vec<Seen> {
        let Some(pointer) = &promote.position_pointer else { return Vec::new() };
        let fields = self.fields(region, promote);
        fields.iter().filter_map(|fields| fields.get(pointer)).cloned().collect()
    }
}

fn reading(fields: &Map<String, Seen>, promote: &Promote) -> Option<Reading> {
    let lag = fields.get(&promote.lag_pointer)?;
    let contact = promote.contact_age_pointer.as_ref().and_then(|pointer| fields.get(pointer));
    Some(Reading {
        asked: lag.asked(),
        at: lag.at,
        lag: lag.value.clone(),
        contact_age: contact.map_or(Field::Missing {}, |seen| seen.value.clone()),
        position: None,
    })
}

#[cfg(test)]
mod tests;
