//! What the four planes share: the scenario that they look at, and where they report violations.

use super::super::oracle::{Oracle, Ruling, SampleRequest};
use super::{Proof, Subject, VIOLATIONS_MAX, Violation};
use crate::config::{Config, Service};
use crate::country::Country;
use crate::ids::{RegionId, ServiceId};
use crate::residency::RegionSet;
use crate::routes::Table;
use crate::state::State;
use crate::time::Timestamp;
use crate::view::View;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One set of failed regions and everything that follows from it.
pub(super) struct FailureScenario<'w> {
    pub(super) config: &'w Config,
    pub(super) now: Timestamp,
    pub(super) state: State,
    pub(super) table: Table,
    pub(super) failed: RegionSet,
    /// Whether nothing is known of any region, and so none is known to be up.
    pub(super) unknown: bool,
}

pub(super) struct Prover<'p> {
    pub(super) oracle: Oracle<'p>,
    pub(super) subject: &'p Subject,
    pub(super) by_country: BTreeMap<String, Rc<[RegionSet]>>,
    pub(super) proof: Proof,
}

/// One request with what the oracle says of it.
pub(super) struct ProofCase<'k> {
    pub(super) sample: SampleRequest<'k>,
    pub(super) ruling: Ruling,
}

impl Prover<'_> {
    /// Where clients under one name may be led, by country in the order of the codes; the last is
    /// for those of whom nobody knows where they are. The same whatever fails.
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

    /// Whether a region is known to be up.
    pub(super) fn is_up(&self, region: usize) -> bool {
        !self.unknown && !self.failed.contains(region)
    }
}
