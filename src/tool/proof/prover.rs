//! What the four planes share: the scenario under test, and the record of violations.

use super::super::oracle::{Oracle, SampleRequest, SecondOpinion};
use super::super::scenario;
use super::{Proof, Subject, VIOLATIONS_MAX, Violation};
use crate::config::{Config, Service};
use crate::country::Country;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::residency::RegionSet;
use crate::routes::{Routes, Table};
use crate::state::State;
use crate::time::Timestamp;
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// One set of failed regions, with the state and table that follow from it.
pub(super) struct FailureScenario<'w> {
    /// The config, perhaps without the other services.
    pub(super) config: &'w Config,
    pub(super) now: Timestamp,
    pub(super) state: State,
    pub(super) table: Table,
    pub(super) failed: RegionSet,
    /// Whether the health of every region is Unknown.
    pub(super) unknown: bool,
}

/// How much is decided, of all services together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Most cases with failed regions in the proxy plane.
    pub(super) cases: usize,
    /// Most kinds of requests in every combination.
    pub(super) kinds: usize,
}

pub(super) struct Prover<'p> {
    pub(super) oracle: Oracle<'p>,
    pub(super) subject: &'p Subject,
    pub(super) limits: Limits,
    /// The table with every region up, in which each scenario replaces the service under proof.
    /// `None` while a scenario has it, or if it cannot be read.
    pub(super) table: Option<Table>,
    pub(super) sides: &'p Sides,
    pub(super) by_country: BTreeMap<String, Rc<[RegionSet]>>,
    pub(super) jurisdictions: BTreeMap<ServiceId, Rc<[(String, RegionSet)]>>,
    pub(super) proof: Proof,
    /// The number of the case that is next. It varies what residency ignores.
    pub(super) turn: u64,
}

/// What the code under proof makes of the whole config.
#[derive(Debug)]
pub(super) struct Sides {
    /// With every region up.
    pub(super) up: Routes,
    /// With every region down.
    pub(super) down: Routes,
}

impl Sides {
    pub(super) fn of(config: &Config, now: Timestamp, subject: &Subject) -> Self {
        let routes = |health| {
            let state = scenario::state(config, now, |_| health);
            (subject.routes)(&View::new(config, &state, now))
        };
        Self { up: routes(Health::Up), down: routes(Health::Down) }
    }
}

/// One service, and the configs that it is proved with.
#[derive(Clone, Copy)]
pub(super) struct Scene<'w> {
    pub(super) id: &'w ServiceId,
    pub(super) service: &'w Service,
    /// What desired states are made from.
    pub(super) config: &'w Config,
    /// What tables are made from.
    pub(super) tables: &'w Config,
    /// Whether that is the whole config. If not, it is this service without rules and tenants.
    pub(super) is_whole: bool,
}

/// One request, with the oracle's opinion.
pub(super) struct ProofCase<'k> {
    pub(super) sample: SampleRequest<'k>,
    pub(super) opinion: SecondOpinion,
}

impl<'p> Prover<'p> {
    /// One that has proved nothing yet. The config has no overrides.
    pub(super) fn of(
        config: &'p Config,
        now: Timestamp,
        subject: &'p Subject,
        limits: Limits,
        sides: &'p Sides,
    ) -> Self {
        Self {
            oracle: Oracle::new(config, now),
            subject,
            limits,
            table: None,
            sides,
            by_country: BTreeMap::new(),
            jurisdictions: BTreeMap::new(),
            proof: Proof::of(sides.up.law, now),
            turn: 0,
        }
    }

    /// The regions permitted under one name for each country in the order of codes; the last is for
    /// unknown countries. It does not depend on failures.
    pub(super) fn permitted_by_country(
        &mut self,
        service: &Service,
        name: &str,
    ) -> Rc<[RegionSet]> {
        if let Some(known) = self.by_country.get(name) {
            return known.clone();
        }
        let countries = Country::all().map(Some).chain([None]);
        let permitted = |country| self.oracle.permitted_to(service, name, country);
        let permitted: Rc<[RegionSet]> = countries.map(permitted).collect();
        self.by_country.insert(name.to_owned(), permitted.clone());
        permitted
    }

    /// The different sets of regions of a service that must each keep an origin in use, each with
    /// the first of those who have it.
    pub(super) fn jurisdictions(
        &mut self,
        id: &ServiceId,
        service: &Service,
    ) -> Rc<[(String, RegionSet)]> {
        if let Some(known) = self.jurisdictions.get(id) {
            return known.clone();
        }
        let mut seen = BTreeSet::new();
        let mut all = self.oracle.jurisdictions(service);
        all.retain(|(_, regions)| seen.insert(regions.iter().collect::<Vec<_>>()));
        let all: Rc<[(String, RegionSet)]> = all.into();
        self.jurisdictions.insert(id.clone(), all.clone());
        all
    }

    pub(super) fn violation(
        &mut self,
        plane: &'static str,
        service: &ServiceId,
        what: String,
        example: String,
        down: Vec<RegionId>,
    ) {
        self.proof.holds = false;
        self.proof.violations_total += 1;
        if self.proof.violations.len() < VIOLATIONS_MAX {
            let service = service.clone();
            self.proof.violations.push(Violation { plane, service, what, example, down });
        }
    }
}

impl FailureScenario<'_> {
    pub(super) fn view(&self) -> View<'_> {
        View::new(self.config, &self.state, self.now)
    }

    pub(super) fn down(&self) -> Vec<RegionId> {
        let all = self.config.regions.keys().enumerate();
        all.filter(|(at, _)| self.failed.contains(*at)).map(|(_, id)| id.clone()).collect()
    }

    /// Whether the region is known to be up.
    pub(super) fn is_up(&self, region: usize) -> bool {
        !self.unknown && !self.failed.contains(region)
    }
}
