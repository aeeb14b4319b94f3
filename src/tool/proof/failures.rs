//! Which regions fail together.
//!
//! What is decided about a request depends on which of the regions that it may use are left, and on
//! nothing else that fails. So for each *claim*, the regions that a kind of request may use, the
//! sets of failed regions are taken from these and the primary alone: a request that may use three
//! of a hundred regions has eight sets, not 2¹⁰⁰. This rests on two things, which are checked with
//! the code under proof:
//!
//! - The entry of a region in the routing table follows from the health of that region alone, and
//!   the law in the table from no health ([`covering`]).
//! - A decision uses nothing of a table that fails otherwise: with every region down, and with
//!   every set of [`covering`], no decision leaves what is permitted and up.

use super::super::oracle::SecondOpinion;
use super::prover::ProofCase;
use crate::residency::RegionSet;
use serde::Serialize;
use std::collections::BTreeMap;

/// Most regions of a service, or of a claim, for which every set of failed regions is checked:
/// 4,096 sets.
pub const EVERY_SET_REGIONS_MAX: usize = 12;
/// Most regions of a service for which every set of failed regions is checked in what it publishes:
/// 64 sets.
pub const EVERY_PUBLISHED_REGIONS_MAX: usize = 6;
/// Most cases with failed regions in the proxy plane, shared equally by all services. Beyond that,
/// fewer are checked.
pub const CASES_MAX: usize = 100_000;
/// Most work for routing tables, shared equally by all services, counted in evaluations of a rule
/// for a country and host. Beyond that, tables are made without rules, which
/// [`covering`] compares with the others.
pub const TABLE_WORK_MAX: usize = 100_000_000;

/// Which sets of failed regions are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Every set, for every kind of request.
    EverySet,
    /// Every set of the regions that a request may use, for one request of each claim.
    #[serde(rename = "every_set_by_claim")]
    EverySetByOpinion,
    /// Of some claims none, each one, each pair, all but one, each half by number, and all.
    Pairs,
    /// Of some claims the same without the pairs.
    Singles,
}

/// The cost of one service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) regions: usize,
    /// Requests per set of failed regions.
    pub(super) cases: usize,
    /// Work per table.
    pub(super) work: usize,
}

/// The budget of one service.
#[derive(Debug, Clone, Copy)]
pub(super) struct WorkShare {
    pub(super) cases: usize,
    pub(super) work: usize,
}

impl WorkShare {
    pub(super) fn of(cases_max: usize, services: usize) -> Self {
        let services = services.max(1);
        Self { cases: cases_max / services, work: TABLE_WORK_MAX / services }
    }

    /// Whether so many whole tables are affordable.
    pub(super) fn affords(self, tables: usize, work: usize) -> bool {
        tables.saturating_mul(work) <= self.work
    }

    /// Whether every set of failed regions is affordable for every kind of request.
    pub(super) fn affords_every_set(self, cost: Cost) -> bool {
        let sets = 1_usize << cost.regions.min(EVERY_SET_REGIONS_MAX);
        cost.regions <= EVERY_SET_REGIONS_MAX
            && sets.saturating_mul(cost.cases) <= self.cases
            && self.affords(sets, cost.work)
    }
}

impl Depth {
    /// The depth in words.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::EverySet | Self::EverySetByOpinion => "every set",
            Self::Pairs => "none, each one, each pair, all but one, halves and all",
            Self::Singles => "none, each one, all but one, halves and all",
        }
    }
}

/// The sets that are checked for each claim, and the depth that they reach together.
pub(super) struct ByClaim {
    pub(super) depth: Depth,
    /// For each set of failed regions the indexes of cases, one for each claim that it matters to.
    pub(super) sets: BTreeMap<Vec<usize>, Vec<usize>>,
}

impl ByClaim {
    /// At most `max` cases of all claims together, and at least [`covering`] for each.
    pub(super) fn of<'c>(
        claims: impl ExactSizeIterator<Item = (usize, &'c ProofCase<'c>)>,
        primary: Option<usize>,
        max: usize,
    ) -> Self {
        let max = max / claims.len().max(1);
        let mut by_claim = Self { depth: Depth::EverySetByOpinion, sets: BTreeMap::new() };
        for (at, case) in claims {
            let mut matter = match &case.opinion {
                SecondOpinion::Permit(regions) => regions.clone(),
                SecondOpinion::Refuse(_) => RegionSet::none(),
            };
            if let Some(primary) = primary {
                matter.insert(primary);
            }
            let (depth, sets) = within(&matter, max);
            by_claim.depth = by_claim.depth.max(depth);
            for failed in sets {
                by_claim.sets.entry(failed.iter().collect()).or_default().push(at);
            }
        }
        by_claim
    }
}

/// The most sets of these regions that are at most `max`.
fn within(regions: &RegionSet, max: usize) -> (Depth, Vec<RegionSet>) {
    let count = regions.len();
    if count <= EVERY_SET_REGIONS_MAX && 1 << count <= max {
        return (Depth::EverySetByOpinion, every(regions));
    }
    let mut sets = covering(regions);
    let pairs = count * count.saturating_sub(1) / 2;
    if sets.len() + pairs > max {
        return (Depth::Singles, sets);
    }
    let regions: Vec<usize> = regions.iter().collect();
    for (at, first) in regions.iter().enumerate() {
        let later = regions.iter().skip(at + 1);
        sets.extend(later.map(|second| [*first, *second].into_iter().collect()));
    }
    (Depth::Pairs, distinct(sets))
}

/// Every set of these regions, the empty one first.
pub(super) fn every(regions: &RegionSet) -> Vec<RegionSet> {
    let regions: Vec<usize> = regions.iter().collect();
    (0..1_usize << regions.len()).map(|bits| pick(&regions, bits)).collect()
}

/// The sets with which everything is checked that a service publishes, and whose tables are made:
/// every set if these are few, or else [`covering`].
pub(super) fn tabled(regions: &RegionSet, publishes: bool) -> Vec<RegionSet> {
    if publishes && regions.len() <= EVERY_PUBLISHED_REGIONS_MAX {
        every(regions)
    } else {
        covering(regions)
    }
}

/// None, all, each one, all but each one, and [`halves`].
pub(super) fn covering(regions: &RegionSet) -> Vec<RegionSet> {
    let mut sets = halves(regions);
    for region in regions.iter() {
        let one: RegionSet = [region].into_iter().collect();
        let mut others = regions.clone();
        others.remove_all(&one);
        sets.extend([one, others]);
    }
    distinct(sets)
}

/// None, all, and for each digit of the regions' numbers those that have it and those that do not.
/// So for every two regions there is a set with neither, one with both, and one with each alone.
pub(super) fn halves(regions: &RegionSet) -> Vec<RegionSet> {
    let mut sets = vec![RegionSet::none(), regions.clone()];
    let digits = usize::BITS - regions.len().leading_zeros();
    for digit in 0..digits {
        let numbered = || regions.iter().enumerate();
        let has_it = |number: usize| number & (1 << digit) != 0;
        for wanted in [true, false] {
            let half = numbered().filter(|(number, _)| has_it(*number) == wanted);
            sets.push(half.map(|(_, region)| region).collect());
        }
    }
    distinct(sets)
}

/// Each set once, in their order.
fn distinct(sets: Vec<RegionSet>) -> Vec<RegionSet> {
    let mut seen = std::collections::BTreeSet::new();
    let mut sets = sets;
    sets.retain(|set| seen.insert(set.iter().collect::<Vec<_>>()));
    sets
}

fn pick(regions: &[usize], bits: usize) -> RegionSet {
    let picked = regions.iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
    picked.map(|(_, region)| *region).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(regions: usize) -> RegionSet {
        (0..regions).map(|index| index * 3).collect()
    }

    #[test]
    fn each_set_is_there_once_and_the_empty_one_is_first() {
        for (sets, count) in [
            (every(&numbered(3)), 8),
            (every(&numbered(12)), 4096),
            (covering(&numbered(1)), 2),
            (covering(&numbered(2)), 4),
            (covering(&numbered(3)), 8),
            (covering(&numbered(4)), 2 + 2 * 4 + 4),
            (within(&numbered(13), 1_000).1, 2 + 2 * 13 + 8 + 13 * 12 / 2),
        ] {
            assert_eq!(sets.len(), count);
            assert!(sets[0].is_empty());
            assert_eq!(distinct(sets.clone()), sets);
        }
    }

    #[test]
    fn of_every_two_regions_neither_each_and_both_fail_in_some_half() {
        for count in 2..=100 {
            let regions = numbered(count);
            let sets = halves(&regions);
            assert!(sets.len() <= 2 + 2 * 7, "{count}");
            for first in regions.iter() {
                for second in regions.iter().filter(|second| *second != first) {
                    for wanted in [(false, false), (true, false), (false, true), (true, true)] {
                        let fail = |set: &RegionSet| (set.contains(first), set.contains(second));
                        assert!(sets.iter().any(|set| fail(set) == wanted), "{count}: {wanted:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_published_is_checked_with_every_set_of_a_few_regions() {
        assert_eq!(tabled(&numbered(6), true), every(&numbered(6)));
        assert_eq!(tabled(&numbered(7), true), covering(&numbered(7)));
        assert_eq!(tabled(&numbered(6), false), covering(&numbered(6)));
    }

    #[test]
    fn as_many_sets_are_taken_as_are_affordable() {
        assert_eq!(within(&numbered(3), 8).0, Depth::EverySetByOpinion);
        assert_eq!(within(&numbered(12), 4096).0, Depth::EverySetByOpinion);
        assert_eq!(within(&numbered(13), 1 << 13).0, Depth::Pairs);
        assert_eq!(within(&numbered(12), 4095).0, Depth::Pairs);
        assert_eq!(within(&numbered(12), 50).0, Depth::Singles);
    }

    #[test]
    fn every_set_for_every_kind_is_affordable_up_to_a_limit() {
        let share = WorkShare { cases: 1_000, work: 1_000 };
        let affords = |regions, cases, work| share.affords_every_set(Cost { regions, cases, work });
        assert!(affords(3, 125, 125));
        assert!(!affords(3, 126, 1) && !affords(3, 1, 126) && !affords(13, 0, 0));
    }

    #[test]
    fn each_depth_has_a_stable_word_in_json() {
        let words = [Depth::EverySet, Depth::EverySetByOpinion, Depth::Pairs, Depth::Singles]
            .map(|depth| serde_json::to_value(depth).unwrap());
        assert_eq!(words, ["every_set", "every_set_by_claim", "pairs", "singles"]);
    }
}
