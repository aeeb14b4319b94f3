//! The proof beside brute force, in small worlds: both say the same.
//!
//! A world is small enough to go through all of it: every country, host, path, method, header and
//! tenant that could matter, with every set of failed regions. Nothing is grouped here. The proof
//! must hold exactly where brute force finds nothing wrong, for the code as it is and for mutants
//! of each part of it.
//!
//! `PROOF_WORLDS=10000 cargo test --profile native --lib the_proof_and_brute_force` goes through
//! as many; `PROOF_SEED=…` begins elsewhere.

mod carried;
mod mutants;
mod plain;
mod worlds;

use super::super::super::oracle::{SampleRequest, ToldTenant};
use super::random::number;
use super::*;
use crate::ids::RuleId;
use crate::residency::{RegionSet, RuleFacts, Testimony, Witness, WitnessKind};
use crate::routes::LawBook;
use mutants::Mutant;
use std::collections::BTreeMap;
use worlds::{Request, World};

/// Worlds that are compared each time. Each takes some tenths of a second without optimisation.
const WORLDS: u64 = 12;
/// Worlds of which the proof and brute force once said different things. In two, what decides took
/// one country, or one host, for another, which showed only while some region was down, and the
/// proof held. In the third it took an unknown country for the United States, which shows only if a
/// witness tells a country that no strict rule names, and brute force did not ask such a witness.
/// The last is [`FILED_FOR_NOBODY`].
const ONCE_DIFFERENT: [u64; 4] = [10_158, 10_871, 20_283, FILED_FOR_NOBODY];
/// A world with a mutant in which a rule about one tenant is not filed for a host whose label is
/// another tenant. No request can be for both, so no decision changes.
const FILED_FOR_NOBODY: u64 = 15_008;
/// So little that every condition is tried alone, and that failures are taken by claim.
const CLASSES_ONLY: Limits = Limits { cases: 0, kinds: 0 };
/// So much that each kind of request is decided with every set of failed regions.
const EVERY_KIND: Limits = Limits { cases: 1_000_000, kinds: 1_000_000 };

/// What brute force says of a subject in a world.
#[derive(Debug, Clone, Copy, Default)]
struct Verdict {
    /// Some request is decided wrongly.
    is_decided_wrongly: bool,
    /// Some object at Cloudflare is wrong.
    is_published_wrongly: bool,
    /// What the table says otherwise than the config, even if no decision follows from it.
    misread: Option<&'static str>,
}

impl Verdict {
    fn holds(self) -> bool {
        !self.is_decided_wrongly && !self.is_published_wrongly && self.misread.is_none()
    }
}

/// Every set of failed regions, and all regions of unknown health.
fn scenarios<'w>(world: &'w World, subject: &Subject) -> Option<Vec<FailureScenario<'w>>> {
    let config = &world.config;
    let all = RegionSet::all(config.regions.len());
    let failures = failures::every(&all).into_iter().map(|failed| (failed, false));
    let each = failures.chain([(RegionSet::none(), true)]).map(|(failed, unknown)| {
        let ids: Vec<&RegionId> = config.regions.keys().collect();
        let at = |id: &RegionId| ids.iter().position(|known| *known == id);
        let health = |id: &RegionId| match at(id).is_some_and(|at| failed.contains(at)) {
            _ if unknown => Health::Unknown,
            true => Health::Down,
            false => Health::Up,
        };
        let state = scenario::state(config, now(), health);
        let table = Table::try_from((subject.routes)(&View::new(config, &state, now()))).ok()?;
        Some(FailureScenario { config, now: now(), state, table, failed, unknown })
    });
    each.collect()
}

fn brute_force(world: &World, subject: &Subject) -> Verdict {
    let Some(scenarios) = scenarios(world, subject) else {
        // The edge could not read such a table.
        return Verdict { misread: Some("all of it"), ..Verdict::default() };
    };
    Verdict {
        is_decided_wrongly: scenarios.iter().any(|one| is_decided_wrongly(world, subject, one)),
        is_published_wrongly: is_published_wrongly(world, subject, &scenarios),
        misread: scenarios.iter().find_map(|one| misread(world, one)),
    }
}

/// Every request, with both spellings of its path.
fn is_decided_wrongly(world: &World, subject: &Subject, scenario: &FailureScenario<'_>) -> bool {
    let service = world.service();
    world.requests.iter().enumerate().any(|(index, request)| {
        let case = ProofCase { sample: request.sample(), opinion: request.opinion.clone() };
        let turn = 2 * index as u64;
        let wrong = |turn| proxy::check(subject, service, scenario, &case, turn).is_some();
        wrong(turn) || wrong(turn + 1)
    })
}

fn is_published_wrongly(
    world: &World,
    subject: &Subject,
    scenarios: &[FailureScenario<'_>],
) -> bool {
    let (id, service) = (world.id(), world.service());
    if service.publish.is_empty() {
        return false;
    }
    let sides = Sides::of(&world.config, now(), subject);
    let mut prover = Prover::of(&world.config, now(), subject, EVERY_KIND, &sides);
    for scenario in scenarios {
        let desired = (subject.desired)(&scenario.view());
        dns::check(&mut prover, id, service, scenario, &desired);
        pools::check(&mut prover, id, service, scenario, &desired);
        balancers::check(&mut prover, id, service, scenario, &desired);
    }
    !prover.proof.holds
}

/// What a table says otherwise than the config, of now and of the time after the first end.
fn misread(world: &World, scenario: &FailureScenario<'_>) -> Option<&'static str> {
    if serves_otherwise(scenario) {
        return Some("a service");
    }
    let until = scenario.table.law_until(now());
    let end = plain::first_end(&world.config);
    if end.is_some_and(|end| until.is_none_or(|until| until > end)) {
        return Some("an end");
    }
    let laws = [(now(), false)].into_iter().chain(until.map(|until| (until, true)));
    let mut laws = laws.map(|(at, lasting)| (scenario.table.book(at), lasting));
    laws.find_map(|(book, lasting)| misread_law(world, book, lasting))
}

fn misread_law(world: &World, book: &LawBook, lasting: bool) -> Option<&'static str> {
    let (law, config) = (&book.law, &world.config);
    let written = &config.residency;
    if !law.rules().iter().map(|rule| &rule.id).eq(written.iter().map(|rule| &rule.id)) {
        return Some("the rules");
    }
    let hosts: Vec<&str> = world.hosts().into_iter().collect();
    let rule = law.rules().iter().zip(written).find_map(|(held, rule)| {
        let permits = plain::permitted(config, &rule.allow, lasting);
        let is_other = held.mode != rule.mode || held.permits != permits;
        let differ = || plain::differ(&held.when, &rule.when, &hosts);
        is_other.then_some("what a rule permits").or_else(differ)
    });
    let pins = || (!has_its_pins(world, book, lasting)).then_some("a pin");
    let sets = || {
        let held = book.sets().map(|(name, regions)| (name.as_str(), regions.clone()));
        let held: BTreeMap<&str, RegionSet> = held.collect();
        (held != plain::sets(config, lasting)).then_some("a set")
    };
    let guarded = || {
        let mut requests = world.requests.iter();
        let is_other = requests.any(|request| is_guarded_otherwise(book, request));
        is_other.then_some("the rules over a request")
    };
    rule.or_else(pins).or_else(sets).or_else(guarded)
}

/// Whether the service has other hosts or regions, or finds tenants, witnesses or failures in
/// another way, or a region is in another country.
fn serves_otherwise(scenario: &FailureScenario<'_>) -> bool {
    let sound = Table::try_from(routes(&scenario.view())).unwrap();
    let read = |table: &Table| {
        let services = table.services().iter().map(|it| {
            let tenancy = it.tenancy.as_ref().map(|it| (it.source.clone(), it.required, it.kv));
            let regions = [it.regions.clone(), it.down.clone()];
            (it.id.clone(), regions, it.primary, tenancy, it.second_witness.clone())
        });
        let regions = table.regions().iter().map(|it| (it.id.clone(), it.country));
        let hosts = table.hosts().cloned();
        (services.collect::<Vec<_>>(), regions.collect::<Vec<_>>(), hosts.collect::<Vec<_>>())
    };
    read(&sound) != read(&scenario.table)
}

fn has_its_pins(world: &World, book: &LawBook, lasting: bool) -> bool {
    let config = &world.config;
    let told = world.service().steering.second_witness.as_ref().is_some_and(|asked| asked.tenant);
    book.pins().all(|(tenant, _)| config.tenants.contains_key(tenant))
        && config.tenants.iter().all(|(tenant, allow)| {
            let country = config.tenant_countries.get(tenant).filter(|_| told);
            let country = country.map_or(Testimony::Silent, |it| Testimony::Country(*it));
            book.pin(tenant).is_some_and(|pin| {
                pin.regions == plain::permitted(config, allow, lasting) && pin.country == country
            })
        })
}

/// Whether the law in the table puts a request under other rules than the config.
fn is_guarded_otherwise(book: &LawBook, request: &Request) -> bool {
    let SampleRequest { form, method, country } = request.sample();
    if form.tenant == ToldTenant::Unreadable {
        // It is refused, whichever rules there are.
        return false;
    }
    let told = form.witnesses.iter();
    let witnesses: Vec<Witness> =
        told.map(|country| Witness { by: WitnessKind::Header, country: *country }).collect();
    let [path, _] = &form.spellings;
    let facts = RuleFacts {
        country,
        witnesses: &witnesses,
        host: &form.host,
        path,
        method,
        tenant: form.tenant.id(),
        header: &|name| form.header(name),
    };
    let ruling = book.law.judge(&facts);
    let mut ids: Vec<&RuleId> = ruling.rules().map(|rule| &rule.id).collect();
    ids.sort_unstable();
    !ids.into_iter().eq(&request.rules)
}

#[test]
#[allow(clippy::print_stdout, reason = "it says what was compared")]
fn the_proof_and_brute_force_say_the_same_in_every_small_world() {
    let (worlds, seed) = (number("PROOF_WORLDS", WORLDS), number("PROOF_SEED", 9000));
    let mut counts: BTreeMap<(&str, bool), u64> = BTreeMap::new();
    let mut silent: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut requests, mut published) = (0, 0);
    for seed in ONCE_DIFFERENT.into_iter().chain(seed..seed + worlds) {
        let world = World::any(seed);
        requests += world.requests.len() as u64;
        published += u64::from(!world.service().publish.is_empty());
        for mutant in Mutant::of(&world, seed) {
            let subject = mutant.subject();
            let verdict = brute_force(&world, &subject);
            let limits = if mutant.is_in_decisions() { EVERY_KIND } else { CLASSES_ONLY };
            let proof = prove_within(&world.config, now(), &subject, limits);
            assert_eq!(
                proof.holds,
                verdict.holds(),
                "PROOF_SEED={seed} PROOF_WORLDS=1, {mutant:?}: brute force says {verdict:?} of \
                 {:#}\n{proof}",
                world.document
            );
            assert!(mutant != Mutant::None || proof.holds, "{proof}");
            *counts.entry((mutant.name(), proof.holds)).or_default() += 1;
            if !verdict.is_decided_wrongly && !verdict.is_published_wrongly {
                verdict.misread.into_iter().for_each(|what| *silent.entry(what).or_default() += 1);
            }
        }
    }
    println!(
        "{worlds} worlds, {published} of them publish, {requests} requests; faults that change no \
         decision: {silent:?}; by mutant and whether it holds: {counts:?}"
    );
}

#[test]
fn a_rule_that_is_not_filed_where_none_of_its_tenants_asks_is_told_all_the_same() {
    let world = World::any(FILED_FOR_NOBODY);
    let subject = Mutant::Table(2 * FILED_FOR_NOBODY + 1).subject();
    let verdict = brute_force(&world, &subject);
    assert!(!verdict.is_decided_wrongly && !verdict.is_published_wrongly, "{verdict:?}");
    assert_eq!(verdict.misread, Some(plain::HOSTS_OF_A_RULE));
    let proof = prove_within(&world.config, now(), &subject, CLASSES_ONLY);
    let [found] = proof.violations.as_slice() else { panic!("{proof}") };
    assert_eq!(found.example, "--host acme.app.example.com, the rules that name tenants");
}
