//! The same random worlds on the host and as wasm, with everything that came out of them.
//!
//! A block is one table with a hundred decisions over it, and as many steps of health, damping,
//! averages, blends and distances. Of each block the fingerprint is printed, of floats their bits:
//! one that differs in the last of them is told.

use crate::random::Random;
use crate::tables::{self, Form, HOSTS, NOW, Size};
use pointsman::country::{COUNTRIES, Country};
use pointsman::fingerprint::Fingerprint;
use pointsman::health::{Damping, FailureKind, FailureReason, Hysteresis, Thresholds, Verdict};
use pointsman::latency::{Estimate, Location, blend};
use pointsman::passive::{BreakerLimits, FinishedTry, Seen, TryOutcome};
use pointsman::steering::stable_hash::StableHash;
use pointsman::steering::{ChosenBy, Decision, Evidence, RequestFacts, decide, decide_first};
use pointsman::time::{MINUTE, SECOND};
use std::fmt::Write as _;

/// Decisions and steps in a block.
pub const BLOCK: usize = 100;

/// Takes a decision, what comes out if only so many regions are wanted, and a number by chance.
type Look<'l> = dyn FnMut(&Decision<'_>, &First<'_>, u64) + 'l;
/// The indexes of the regions if so many are wanted, and how the first was chosen.
type First<'f> = dyn Fn(usize) -> (Vec<usize>, ChosenBy) + 'f;

/// Plays so many blocks. Returns a line for each: its number and its fingerprint.
#[must_use]
pub fn play(seed: u32, blocks: u32) -> String {
    let mut lines = String::new();
    for number in 0..blocks {
        let mut random = Random::new(u64::from(seed) << 32 | u64::from(number));
        let told = block(&mut random, &mut |_, _, _| ());
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{number} {}", Fingerprint::of(told.as_bytes()));
    }
    lines
}

/// Everything that comes out of one block. Each decision is looked at, too.
fn block(random: &mut Random, look: &mut Look<'_>) -> String {
    let mut told = String::new();
    let size =
        Size { regions: 1 + random.below(80), rules: random.below(30), tenants: random.below(20) };
    let table = tables::table(size, Form::Wild, random);
    for _ in 0..BLOCK {
        let host = tables::host(random.below(HOSTS));
        let tenant = tables::tenant(random.below(30));
        let header = |name: &str| (name == "x-tenant").then(|| tenant.clone());
        let facts = RequestFacts {
            path: ["/", "/api/x", "/%61pi/../login", "//api"][random.below(4)],
            method: ["GET", "POST"][random.below(2)],
            header: &header,
            country: u8::try_from(random.below(COUNTRIES + 20)).ok().and_then(Country::from_index),
            location: Location::new(random.between(-90.0, 90.0), random.between(-200.0, 200.0)),
            client: random.percent(70).then(|| StableHash::of_number("client", random.number())),
            seed: random.number(),
            now: NOW.plus(random.number() % MINUTE),
            ..RequestFacts::new(&host)
        };
        let seen: Vec<Seen> = (0..size.regions).map(|_| seen(random)).collect();
        let incumbent = random.percent(50).then(|| random.below(size.regions));
        let evidence = Evidence { seen: &seen, incumbent };
        let decision = decide(&table, &facts, &evidence);
        tell(&mut told, &decision);
        let first = |wanted| {
            let decision = decide_first(&table, &facts, &evidence, wanted);
            (indexes(&decision), decision.how)
        };
        look(&decision, &first, facts.seed);
    }
    places(&mut told, random);
    beliefs(&mut told, random);
    told
}

/// What an isolate may have seen of a region: some requests under way, and some that ended.
fn seen(random: &mut Random) -> Seen {
    let limits = BreakerLimits { failures: 5, success_percent: 50 };
    let mut seen = Seen::default();
    (0..random.below(9)).for_each(|_| seen.outstanding.begin(NOW.plus(MINUTE), NOW));
    for _ in 0..random.below(20) {
        let outcome = match random.below(20) {
            0 => TryOutcome::Silent,
            1..=2 => TryOutcome::Failed,
            3 => TryOutcome::PushedBack(Some(random.number() % MINUTE)),
            _ => TryOutcome::Served,
        };
        let now = NOW.plus(random.number() % 900);
        let origin = Some(random.below(3));
        seen.end(FinishedTry { outcome, origin, began: NOW, due: NOW.plus(MINUTE), now }, limits);
    }
    seen
}

fn tell(told: &mut String, decision: &Decision<'_>) {
    let regions = indexes(decision);
    let steps: Vec<_> =
        decision.steps.iter().map(|step| (step.filter.as_str(), step.left.len())).collect();
    let refusal = decision.refusal.map(pointsman::steering::Refusal::as_str);
    let how = decision.how.as_str();
    let _ = writeln!(told, "{regions:?} {how} {refusal:?} {steps:?}");
}

fn indexes(decision: &Decision<'_>) -> Vec<usize> {
    decision.regions.iter().map(|region| region.index).collect()
}

fn places(told: &mut String, random: &mut Random) {
    let mut place = || Location::new(random.between(-90.0, 90.0), random.between(-180.0, 180.0));
    for _ in 0..BLOCK {
        if let (Some(a), Some(b)) = (place(), place()) {
            let _ = writeln!(told, "{:016x} {}", a.km_to(b).to_bits(), a.round_trip_ms_to(b));
        }
    }
}

fn beliefs(told: &mut String, random: &mut Random) {
    let thresholds = Thresholds { rise: 2, fall: 3, window_ms: MINUTE, forgive: 3 };
    let (mut memory, mut damping, mut now) = (Hysteresis::default(), None, NOW);
    let mut estimate = None;
    for _ in 0..BLOCK {
        now = now.plus(random.number() % (20 * SECOND));
        let verdict = if random.percent(55) {
            Verdict::Pass { latency_ms: random.number() % 500, lag_s: None }
        } else {
            Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) }
        };
        let transition = memory.observe(&verdict, thresholds, now);
        if transition.is_some() {
            damping = Some(Damping::flapped(damping, 15 * MINUTE, now));
        }
        if let Verdict::Pass { latency_ms, .. } = verdict {
            estimate = Some(Estimate::with(estimate, latency_ms, now));
        }
        let until = damping.and_then(|damping| damping.until(15 * MINUTE, now));
        let blended = blend(estimate, None, Some(random.number() % 300), now);
        let health = memory.health.as_str();
        let _ = writeln!(told, "{health} {until:?} {blended:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_regions_that_are_wanted_are_the_first_of_the_whole_order() {
        let mut decisions = 0;
        for number in 0..60 {
            let mut random = Random::new(number);
            block(&mut random, &mut |whole, first, seed| {
                let all = indexes(whole);
                for wanted in [1, 2, 3, 5, 8, 9, 1 + usize::try_from(seed % 90).unwrap()] {
                    let (some, how) = first(wanted);
                    let front = wanted.min(all.len());
                    assert_eq!(some[..front], all[..front], "{wanted} of {how:?}");
                    assert_eq!(how, whole.how);
                    let (mut some, mut all) = (some, all.clone());
                    some.sort_unstable();
                    all.sort_unstable();
                    assert_eq!(some, all, "no region is lost");
                }
                decisions += 1;
            });
        }
        assert_eq!(decisions, 60 * BLOCK);
    }
}
