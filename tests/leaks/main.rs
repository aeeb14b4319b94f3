//! No leak in a million: random configs × requests × failures, from the text of the config to the
//! decision, held against an oracle that reads the same text by itself.
//!
//! `LEAK_SEED=… cargo test --test leaks` begins elsewhere; `LEAK_CASES=…` plays more or fewer.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

mod exhaustive;
mod oracle;
mod random;
mod world;

use oracle::Oracle;
use pointsman::steering::{Evidence, Refusal, decide};
use random::Random;
use std::ops::AddAssign;
use world::{Request, World};

/// Cases in one run.
const CASES: u64 = 1_000_000;
/// Requests that are tried on each config, each with other failures every few.
const REQUESTS_PER_WORLD: u64 = 400;
/// Requests under the same failures.
const REQUESTS_PER_FAILURE: u64 = 20;
/// Workers; each begins at a seed of its own.
const WORKERS: u64 = 4;

/// What was played, so that a run that proves nothing is noticed.
#[derive(Debug, Default, Clone, Copy)]
struct Played {
    cases: u64,
    served: u64,
    narrowed: u64,
    not_permitted: u64,
    not_usable: u64,
    other_refusals: u64,
}

impl AddAssign for Played {
    fn add_assign(&mut self, other: Self) {
        self.cases += other.cases;
        self.served += other.served;
        self.narrowed += other.narrowed;
        self.not_permitted += other.not_permitted;
        self.not_usable += other.not_usable;
        self.other_refusals += other.other_refusals;
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

#[test]
fn no_decision_of_a_million_leaves_the_law_and_no_refusal_is_without_need() {
    let (seed, cases) = (number("LEAK_SEED", 2026), number("LEAK_CASES", CASES));
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| std::thread::spawn(move || play(seed + worker, cases / WORKERS)))
        .collect();
    let mut played = Played::default();
    for worker in workers {
        played += worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
    println!("seed {seed}: {played:?}");
    assert!(played.cases >= cases / WORKERS * WORKERS);
    for (what, count) in [
        ("served", played.served),
        ("narrowed by law", played.narrowed),
        ("refused for good", played.not_permitted),
        ("refused for now", played.not_usable),
        ("refused otherwise", played.other_refusals),
    ] {
        assert!(count * 100 > played.cases, "{what}: too few to prove anything: {played:?}");
    }
}

fn play(seed: u64, cases: u64) -> Played {
    let mut random = Random::new(seed);
    let mut played = Played::default();
    while played.cases < cases {
        let Some(mut world) = World::any(&mut random) else { continue };
        let oracle = Oracle::of(&world.document);
        for number in 0..REQUESTS_PER_WORLD {
            if number % REQUESTS_PER_FAILURE == 0 {
                world.fail(&mut random);
            }
            let request = Request::any(&mut random, &world);
            check(&world, &oracle, &request, &mut played);
        }
    }
    played
}

/// One case: everything that must hold of one decision.
fn check(world: &World, oracle: &Oracle, request: &Request, played: &mut Played) {
    let decision = request
        .with_facts(world, |facts| decided(&decide(&world.table, facts, &Evidence::default())));
    let expected = oracle.expects(request);
    let context = || format!("{request:#?}\n{expected:#?}\n{decision:#?}\n{:#}", world.document);
    for region in &decision.regions {
        assert!(expected.permitted.contains(region), "LEAK to {region}: {}", context());
        assert!(!world.down.contains(region), "{region} is down: {}", context());
    }
    let usable = || expected.permitted.iter().filter(|region| !world.down.contains(*region));
    let refusal = decision.refusal;
    assert_eq!(refusal.is_some(), decision.regions.is_empty(), "{}", context());
    let primary = expected.primary.as_ref();
    let primary_is_forbidden = primary.is_some_and(|p| !expected.permitted.contains(p));
    match refusal {
        None => played.served += 1,
        Some(Refusal::UnknownTenant) => assert!(expected.tenant_is_missing, "{}", context()),
        Some(Refusal::NoPermittedRegion) => {
            assert!(expected.permitted.is_empty() || primary_is_forbidden, "{}", context());
            played.not_permitted += 1;
        }
        Some(Refusal::NoUsableRegion) => {
            assert!(!expected.permitted.is_empty() && usable().next().is_none(), "{}", context());
            assert!(!primary_is_forbidden, "refused for now, not for good: {}", context());
            played.not_usable += 1;
        }
        Some(Refusal::NoPrimary) => {
            assert!(primary.is_some_and(|p| world.down.contains(p)), "{}", context());
        }
        Some(Refusal::Shed) => {
            let takes_it = |region: &&String| primary.is_none_or(|primary| primary == *region);
            let mut candidates = usable().filter(takes_it);
            assert!(candidates.all(|region| expected.shedding.contains(region)), "{}", context());
        }
        Some(Refusal::UnknownHost | Refusal::TenantUnavailable) => panic!("{}", context()),
    }
    let is_other =
        matches!(refusal, Some(Refusal::UnknownTenant | Refusal::NoPrimary | Refusal::Shed));
    played.other_refusals += u64::from(is_other);
    played.narrowed += u64::from(expected.permitted.len() < expected.regions);
    played.cases += 1;
}

/// What is looked at of a decision, without what it borrows.
#[derive(Debug)]
struct Decided {
    regions: Vec<String>,
    refusal: Option<Refusal>,
}

fn decided(decision: &pointsman::steering::Decision<'_>) -> Decided {
    let regions = decision.regions.iter().map(|region| region.entry.id.to_string()).collect();
    Decided { regions, refusal: decision.refusal }
}
