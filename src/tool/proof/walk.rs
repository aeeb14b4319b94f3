//! Walks through services, sets of failed regions and kinds of requests.

use super::super::oracle::{SampleRequest, SecondOpinion};
use super::super::requests::{self, Kinds};
use super::failures::{self, ByClaim, Cost, Depth, WorkShare};
use super::prover::{FailureScenario, ProofCase, Prover, Scene};
use super::{Coverage, PROVERS_MAX, balancers, dns, pools, proxy};
use crate::config::{Config, Service};
use crate::country::COUNTRIES;
use crate::ids::ServiceId;
use crate::ordered::{Map, Set};
use crate::residency::RegionSet;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::thread;

/// From where the cases of one service are numbered to where those of the next are: a prime.
const TURNS_BETWEEN: u64 = 1_000_003;

/// A service with its number in the config.
type Numbered<'p> = (usize, (&'p ServiceId, &'p Service));

impl<'p> Prover<'p> {
    /// Proves all services: where there are several, on several threads with a prover each. What
    /// they find does not follow from how many they are.
    pub(super) fn every_service(&mut self, another: &(impl Fn() -> Self + Sync)) {
        let services: Vec<Numbered<'p>> = self.oracle.config.services.iter().enumerate().collect();
        let provers = if self.table.is_some() { provers(services.len()) } else { 1 };
        let mut shares = services.chunks(services.len().div_ceil(provers).max(1));
        let mine = shares.next().unwrap_or_default();
        thread::scope(|scope| {
            let prove = |share| {
                let mut other = another();
                other.read();
                other.services(share);
                other.proof
            };
            let others: Vec<_> = shares.map(|share| scope.spawn(move || prove(share))).collect();
            self.services(mine);
            for other in others {
                match other.join() {
                    Ok(proof) => self.proof.join(proof),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }

    /// Proves services, each with its number in the config.
    fn services(&mut self, services: &[Numbered<'_>]) {
        for (number, (id, service)) in services {
            // So no case follows from the services before.
            self.turn = u64::try_from(*number).unwrap_or(0) * TURNS_BETWEEN;
            self.service(id, service);
        }
    }

    fn service(&mut self, id: &ServiceId, service: &Service) {
        let share = WorkShare::of(self.limits.cases, self.oracle.config.services.len());
        let kinds = requests::kinds_within(&self.oracle, service, self.limits.kinds);
        let regions = self.oracle.regions_of(service);
        let cases = self.cases(service, &regions, &kinds);
        let sets = failures::tabled(&regions, !service.publish.is_empty());
        let work = self.table_work();
        let cost = Cost { regions: regions.len(), cases: cases.len(), work };
        let config = self.oracle.config;
        let [alone, lawless] = self.without_others(id, service);
        let whole = Scene { id, service, config, tables: config, is_whole: true };
        let part = Scene { config: &alone, tables: &lawless, is_whole: false, ..whole };
        let scene = if share.affords(sets.len(), work) { whole } else { part };
        let depth = if share.affords_every_set(cost) {
            for failed in failures::every(&regions) {
                self.decided(&whole, failed, false, cases.iter());
            }
            Depth::EverySet
        } else {
            for failed in sets {
                let is_all = failed.is_empty();
                self.decided(&scene, failed, false, cases.iter().filter(|_| is_all));
            }
            self.by_claim(&scene, &cases, share.cases)
        };
        self.proof.coverage.push(Coverage {
            service: id.clone(),
            regions: regions.len(),
            depth,
            kinds: cases.len(),
            headers_alone: kinds.iter().any(|kinds| kinds.headers_alone),
            conditions_alone: kinds.iter().any(|kinds| kinds.alone),
        });
        for unknown in [false, true] {
            if let Some(world) = self.world(&scene, RegionSet::none(), unknown) {
                self.each_country(id, service, &world, &kinds, share.cases / 4);
                self.release(world);
            }
        }
        self.decided(&scene, RegionSet::none(), true, cases.iter());
    }

    /// The config without its other services, and the same without rules and tenants.
    fn without_others(&self, id: &ServiceId, service: &Service) -> [Config; 2] {
        let services = Map::of([(id.clone(), service.clone())]);
        let alone = Config { services, ..self.oracle.config.clone() };
        let mut lawless = alone.clone();
        lawless.residency = Vec::new();
        lawless.tenants = Map::new();
        lawless.tenant_countries = Map::new();
        [alone, lawless]
    }

    /// One request of each kind.
    fn cases<'k>(
        &self,
        service: &Service,
        regions: &RegionSet,
        kinds: &'k [Kinds],
    ) -> Vec<ProofCase<'k>> {
        let each = kinds.iter().flat_map(Kinds::each);
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

    /// One request of each claim, with the sets of failed regions that make a difference to it.
    fn by_claim(&mut self, scene: &Scene<'_>, cases: &[ProofCase<'_>], max: usize) -> Depth {
        let claims = one_for_each_opinion(cases);
        let claims: Vec<_> =
            claims.into_iter().filter_map(|at| Some((at, cases.get(at)?))).collect();
        if claims.is_empty() {
            return Depth::Singles;
        }
        let primary = scene.service.steering.primary.as_ref().and_then(|primary| {
            self.oracle.config.regions.keys().position(|known| *known == primary.region)
        });
        let ByClaim { depth, sets } = ByClaim::of(claims.into_iter(), primary, max);
        let Some(mut world) = self.assembled(scene) else { return depth };
        for (failed, cases_of_set) in sets {
            self.fail(scene.id, &mut world, failed.into_iter().collect());
            for case in cases_of_set.iter().filter_map(|at| cases.get(*at)) {
                self.proxy(scene.id, scene.service, &world, case);
            }
        }
        self.release(world);
        depth
    }

    /// All planes, in the table that follows from a set of failed regions.
    fn decided<'k>(
        &mut self,
        scene: &Scene<'_>,
        failed: RegionSet,
        unknown: bool,
        cases: impl Iterator<Item = &'k ProofCase<'k>>,
    ) {
        let Some(world) = self.world(scene, failed, unknown) else { return };
        for case in cases {
            self.proxy(scene.id, scene.service, &world, case);
        }
        if !scene.service.publish.is_empty() {
            let desired = (self.subject.desired)(&world.view());
            dns::check(self, scene.id, scene.service, &world, &desired);
            pools::check(self, scene.id, scene.service, &world, &desired);
            balancers::check(self, scene.id, scene.service, &world, &desired);
        }
        self.release(world);
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
        let turn = self.turn;
        self.turn += 1;
        self.proof.proxy_cases += 1;
        if let Some(what) = proxy::check(self.subject, service, world, case, turn) {
            let example = proxy::command_line(&case.sample, self.oracle.config);
            self.violation("proxy", id, what, example, world.down());
        }
    }

    /// The work for one routing table: each rule is evaluated for each country of each host that
    /// rules name.
    pub(super) fn table_work(&self) -> usize {
        let config = self.oracle.config;
        let hosts = config.residency.iter().filter_map(|rule| rule.when.hosts.as_ref());
        let hosts: usize = hosts.map(Set::len).sum();
        let lookups = (hosts + 1) * config.residency.len() * COUNTRIES;
        lookups + (config.tenants.len() + config.residency.len()) * config.regions.len()
    }
}

/// How many threads prove so many services.
fn provers(services: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    cores.min(services).clamp(1, PROVERS_MAX)
}

/// The index of one case for each opinion and method, which are treated alike whatever is down:
/// the one with the shortest headers, which is decided soonest.
fn one_for_each_opinion(cases: &[ProofCase<'_>]) -> BTreeSet<usize> {
    let mut shortest: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        let regions = match &case.opinion {
            SecondOpinion::Permit(regions) => Ok(regions.iter().collect::<Vec<_>>()),
            SecondOpinion::Refuse(refusal) => Err(refusal.as_str()),
        };
        let headers = case.sample.form.headers.iter();
        let this = (headers.map(|(_, value)| value.len()).sum(), index);
        let known = shortest.entry((regions, case.sample.method)).or_insert(this);
        *known = this.min(*known);
    }
    shortest.into_values().map(|(_, index)| index).collect()
}
