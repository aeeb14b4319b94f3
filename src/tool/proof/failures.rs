//! Which regions fail together.

use crate::residency::RegionSet;
use serde::Serialize;

/// Most regions of a service for which every set of failed regions is checked: 4,096 sets.
pub const EVERY_SET_REGIONS_MAX: usize = 12;
/// Most cases in the proxy plane, shared equally by all services. Beyond that, fewer are checked.
pub const CASES_MAX: usize = 1_000_000;
/// Most work for routing tables, shared equally by all services, counted in evaluations of a rule
/// for a country and host. Beyond that, fewer sets of failed regions are checked.
pub const TABLE_WORK_MAX: usize = 400_000_000;

/// Which sets of failed regions are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Every set, for every kind of request.
    EverySet,
    /// Every set, for one request of those that may go to the same regions; none, each one, each
    /// pair and all for every kind.
    #[serde(rename = "every_set_by_claim")]
    EverySetByOpinion,
    /// None, each one, each pair and all.
    Pairs,
    /// None, each one and all.
    Singles,
}

/// The cost of one service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) regions: usize,
    /// Requests per set of failed regions.
    pub(super) cases: usize,
    /// Requests that differ in the regions that they may go to.
    pub(super) opinions: usize,
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
}

impl Depth {
    /// The most thorough depth that the budget allows.
    pub(super) fn within(share: WorkShare, cost: Cost) -> Self {
        let Cost { regions, cases, opinions, work } = cost;
        let every = 1_usize << regions.min(EVERY_SET_REGIONS_MAX);
        let pairs = 2 + regions * (regions + 1) / 2;
        let fits = |sets: usize, cases: usize| cases <= share.cases && sets * work <= share.work;
        let is_small = regions <= EVERY_SET_REGIONS_MAX;
        if is_small && fits(every, every * cases) {
            Self::EverySet
        } else if is_small && fits(every, pairs * cases + every * opinions) {
            Self::EverySetByOpinion
        } else if fits(pairs, pairs * cases) {
            Self::Pairs
        } else {
            Self::Singles
        }
    }

    /// Whether every kind of request is checked with this many regions down, or only one for each
    /// opinion.
    pub(super) fn takes_every_kind(self, failed: usize, regions: usize) -> bool {
        self != Self::EverySetByOpinion || failed <= 2 || failed == regions
    }

    /// The depth in words.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::EverySet => "every set",
            Self::EverySetByOpinion | Self::Pairs => "none, each one, each pair and all",
            Self::Singles => "none, each one and all",
        }
    }

    /// The sets of failed regions, each once, the empty one first.
    pub(super) fn sets(self, regions: &RegionSet) -> Vec<RegionSet> {
        let regions: Vec<usize> = regions.iter().collect();
        if matches!(self, Self::EverySet | Self::EverySetByOpinion) {
            return (0..1_usize << regions.len()).map(|bits| pick(&regions, bits)).collect();
        }
        let mut sets = vec![RegionSet::none()];
        for (index, first) in regions.iter().enumerate() {
            sets.push([*first].into_iter().collect());
            let others = regions.iter().skip(index + 1).filter(|_| self == Self::Pairs);
            sets.extend(others.map(|second| [*first, *second].into_iter().collect()));
        }
        let all: RegionSet = regions.iter().copied().collect();
        if !sets.contains(&all) {
            sets.push(all);
        }
        sets
    }
}

fn pick(regions: &[usize], bits: usize) -> RegionSet {
    let picked = regions.iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
    picked.map(|(_, region)| *region).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(depth: Depth, regions: usize) -> Vec<RegionSet> {
        depth.sets(&(0..regions).map(|index| index * 3).collect())
    }

    #[test]
    fn each_set_is_there_once_and_the_empty_one_is_first() {
        for (depth, regions, count) in [
            (Depth::EverySet, 3, 8),
            (Depth::EverySet, 12, 4096),
            (Depth::Pairs, 4, 1 + 4 + 6 + 1),
            (Depth::Pairs, 2, 1 + 2 + 1),
            (Depth::Singles, 3, 1 + 3 + 1),
            (Depth::Singles, 1, 1 + 1),
        ] {
            let sets = sets(depth, regions);
            assert_eq!(sets.len(), count, "{depth:?} of {regions}");
            assert!(sets[0].is_empty());
            let different = (1..sets.len()).all(|index| !sets[..index].contains(&sets[index]));
            assert!(different, "{depth:?} of {regions}");
        }
    }

    const SHARE: WorkShare = WorkShare { cases: 100_000, work: 100_000 };

    fn within(regions: usize, cases: usize, opinions: usize, work: usize) -> Depth {
        Depth::within(SHARE, Cost { regions, cases, opinions, work })
    }

    #[test]
    fn twelve_regions_fail_in_every_set_and_thirteen_in_pairs() {
        assert_eq!(within(12, 1, 1, 1), Depth::EverySet);
        assert_eq!(within(13, 1, 1, 1), Depth::Pairs);
    }

    #[test]
    fn fewer_are_gone_through_where_a_limit_is_passed() {
        let most = SHARE.cases / 1024;
        assert_eq!(within(10, most, 9, 1), Depth::EverySet);
        assert_eq!(within(10, most + 1, 9, 1), Depth::EverySetByOpinion);
        assert_eq!(within(10, most + 1, SHARE.cases, 1), Depth::Pairs);
        assert_eq!(within(10, SHARE.cases / 57, 1000, 1), Depth::Pairs);
        assert_eq!(within(10, SHARE.cases / 57 + 1, 1000, 1), Depth::Singles);
        assert_eq!(within(10, 1, 1, SHARE.work / 1024), Depth::EverySet);
        assert_eq!(within(10, 1, 1, SHARE.work / 1024 + 1), Depth::Pairs);
        assert_eq!(within(10, 1, 1, SHARE.work / 57 + 1), Depth::Singles);
    }

    #[test]
    fn larger_sets_are_gone_through_by_claim() {
        let every_kind = |failed| Depth::EverySetByOpinion.takes_every_kind(failed, 4);
        assert_eq!([0, 1, 2, 3, 4].map(every_kind), [true, true, true, false, true]);
        assert!(Depth::EverySet.takes_every_kind(3, 4));
    }

    #[test]
    fn each_depth_has_a_stable_word_in_json() {
        let words = [Depth::EverySet, Depth::EverySetByOpinion, Depth::Pairs, Depth::Singles]
            .map(|depth| serde_json::to_value(depth).unwrap());
        assert_eq!(words, ["every_set", "every_set_by_claim", "pairs", "singles"]);
    }
}
