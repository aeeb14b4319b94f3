//! Walks through services, sets of failed regions and kinds of requests.

use super::super::oracle::{SampleRequest, SecondOpinion};
use super::super::requests::{self, Kinds};
use super::super::scenario;
use super::failures::{Cost, Depth, WorkShare};
use super::prover::{FailureScenario, ProofCase, Prover};
use super::{Coverage, KINDS_MAX, balancers, dns, pools, proxy};
use crate::config::Service;
use crate::country::COUNTRIES;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Set;
use crate::residency::RegionSet;
use crate::routes::Table;
use crate::view::View;
use std::collections::BTreeSet;

impl<'p> Prover<'p> {
    pub(super) fn service(&mut self, id: &ServiceId, service: &Service) {
        let share = WorkShare::of(self.cases_max, self.oracle.config.services.len());
        let kinds = requests::kinds(&self.oracle, service);
        let regions = self.oracle.regions_of(service);
        let cases = self.cases(service, &regions, &kinds, share.cases / (regions.len() + 2));
        let opinions = one_for_each_opinion(&cases);
        let depth = Depth::within(
            share,
            Cost {
                regions: regions.len(),
                cases: cases.len(),
                opinions: opinions.len(),
                work: self.table_work(),
            },
        );
        self.proof.coverage.push(Coverage {
            service: id.clone(),
            regions: regions.len(),
            depth,
            kinds: cases.len(),
            kinds_total: kinds.iter().map(Kinds::len).sum(),
            headers_alone: kinds.iter().any(|kinds| kinds.headers_alone),
        });
        for failed in depth.sets(&regions) {
            let every_kind = depth.takes_every_kind(failed.len(), regions.len());
            if let Some(world) = self.world(id, failed, false) {
                let cases = cases.iter().enumerate();
                let cases = cases.filter(|(at, _)| every_kind || opinions.contains(at));
                self.planes(id, service, &world, cases.map(|(_, case)| case));
            }
        }
        for unknown in [false, true] {
            if let Some(world) = self.world(id, RegionSet::none(), unknown) {
                self.each_country(id, service, &world, &kinds, share.cases / 4);
                if unknown {
                    self.planes(id, service, &world, cases.iter());
                }
            }
        }
    }

    /// One request of each kind, at most `max`.
    fn cases<'k>(
        &self,
        service: &Service,
        regions: &RegionSet,
        kinds: &'k [Kinds],
        max: usize,
    ) -> Vec<ProofCase<'k>> {
        let step = requests::step(kinds, kinds.iter().map(Kinds::len).sum(), max.min(KINDS_MAX));
        let each = kinds.iter().flat_map(Kinds::each).step_by(step);
        each.map(|(sample, _)| self.case(service, regions, sample)).collect()
    }

    fn case<'k>(
        &self,
        service: &Service,
        regions: &RegionSet,
        sample: SampleRequest<'k>,
    ) -> ProofCase<'k> {
        ProofCase { sample, opinion: self.oracle.opinion(service, regions, &sample) }
    }

    fn planes<'k>(
        &mut self,
        id: &ServiceId,
        service: &Service,
        world: &FailureScenario<'_>,
        cases: impl Iterator<Item = &'k ProofCase<'k>>,
    ) {
        for case in cases {
            self.proxy(id, service, world, case);
        }
        let desired = (self.subject.desired)(&world.view());
        dns::check(self, id, service, world, &desired);
        pools::check(self, id, service, world, &desired);
        balancers::check(self, id, service, world, &desired);
    }

    /// One request of each kind from every country, at most `max`.
    fn each_country(
        &mut self,
        id: &ServiceId,
        service: &Service,
        world: &FailureScenario<'_>,
        kinds: &[Kinds],
        max: usize,
    ) {
        let regions = self.oracle.regions_of(service);
        let total: usize = kinds.iter().map(|kinds| kinds.each_from_everywhere().count()).sum();
        let each = kinds.iter().flat_map(Kinds::each_from_everywhere);
        for sample in each.step_by(requests::step(kinds, total, max)) {
            let case = self.case(service, &regions, sample);
            self.proxy(id, service, world, &case);
        }
    }

    fn proxy(
        &mut self,
        id: &ServiceId,
        service: &Service,
        world: &FailureScenario<'_>,
        case: &ProofCase<'_>,
    ) {
        let turn = self.proof.proxy_cases;
        self.proof.proxy_cases += 1;
        if let Some(what) = proxy::check(self.subject, service, world, case, turn) {
            let example = proxy::command_line(&case.sample, self.oracle.config);
            self.violation("proxy", id, what, example, world.down());
        }
    }

    /// The scenario with its table. The table must be readable, have the config's regions in their
    /// order, and carry the same law as every other table; otherwise that is a violation.
    fn world(
        &mut self,
        id: &ServiceId,
        failed: RegionSet,
        unknown: bool,
    ) -> Option<FailureScenario<'p>> {
        let (config, now) = (self.oracle.config, self.oracle.now());
        let names: Vec<&RegionId> = config.regions.keys().collect();
        let is_failed = |region: &RegionId| {
            names.iter().position(|name| *name == region).is_some_and(|at| failed.contains(at))
        };
        let state = scenario::state(config, now, |region| match (unknown, is_failed(region)) {
            (true, _) => Health::Unknown,
            (false, true) => Health::Down,
            (false, false) => Health::Up,
        });
        let routes = (self.subject.routes)(&View::new(config, &state, now));
        let law = routes.law;
        let down: Vec<RegionId> =
            names.iter().filter(|id| is_failed(id)).copied().cloned().collect();
        let what = match Table::try_from(routes) {
            Ok(_) if law != self.proof.law => format!("its law has the fingerprint {law}"),
            Ok(table) if !table.regions().iter().map(|region| &region.id).eq(names) => {
                "its regions differ from those of the config".to_owned()
            }
            Ok(table) => {
                return Some(FailureScenario { config, now, state, table, failed, unknown });
            }
            Err(error) => error.to_string(),
        };
        self.violation("routes", id, what, "the routing table".to_owned(), down);
        None
    }

    /// The work for one routing table: each rule is evaluated for each country of each host that
    /// rules name.
    fn table_work(&self) -> usize {
        let config = self.oracle.config;
        let hosts = config.residency.iter().filter_map(|rule| rule.when.hosts.as_ref());
        let hosts: usize = hosts.map(Set::len).sum();
        let lookups = (hosts + 1) * config.residency.len() * COUNTRIES;
        lookups + (config.tenants.len() + config.residency.len()) * config.regions.len()
    }
}

/// The indexes of the first case for each opinion and method, which are treated alike whatever is
/// down.
fn one_for_each_opinion(cases: &[ProofCase<'_>]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut first = BTreeSet::new();
    for (index, case) in cases.iter().enumerate() {
        let regions = match &case.opinion {
            SecondOpinion::Permit(regions) => Ok(regions.iter().collect::<Vec<_>>()),
            SecondOpinion::Refuse(refusal) => Err(refusal.as_str()),
        };
        if seen.insert((regions, case.sample.method)) {
            first.insert(index);
        }
    }
    first
}
