//! Which of the regions that are left comes first.
//!
//! The order is made in groups: first what this isolate has not found to fail (and of the rest
//! first what has answered since), within that what breaks the fewest preferred rules, within that
//! what no wish puts behind, within that what is known to be up, within that the region that an
//! operator switched the service to. The policy orders each group by
//! itself, so no speed makes up for a preference, and nothing that is unknown is called fast.

use super::decision::{ChosenBy, Filter, Wish};
use super::ranking::{self, ONE_BY_ONE_MAX, Ranked};
use super::request::{Evidence, RequestFacts};
use super::stable_hash::StableHash;
use super::{capacity, two_choices, weighted};
use crate::config::Policy;
use crate::health::Health;
use crate::ids::RegionId;
use crate::latency::{blend, round_trip_ms, within_band};
use crate::residency::{RegionSet, Ruling};
use crate::routes::{Candidate, Serving};
use crate::time::Millis;

/// Everything that a choice goes by.
pub(super) struct Choice<'c, 't> {
    pub(super) service: &'t Serving,
    pub(super) left: &'c RegionSet,
    pub(super) wishes: &'c [Wish],
    pub(super) ruling: &'c Ruling<'t>,
    pub(super) request: &'c RequestFacts<'c>,
    pub(super) evidence: &'c Evidence<'c>,
    /// What decides which share of the clients this one is in.
    pub(super) key: StableHash,
}

/// The regions that are left, and how the first was chosen. As many as are `wanted` are in order,
/// the best first; the rest is behind them as it comes.
///
/// To put all in order is most of the work, and hardly any request needs more than one.
pub(super) fn order<'t>(choice: &Choice<'_, 't>, wanted: usize) -> (Vec<&'t Candidate>, ChosenBy) {
    let regions = choice.service.candidates.iter();
    let mut left: Vec<&'t Candidate> = if choice.left.len() == choice.service.candidates.len() {
        regions.collect()
    } else {
        regions.filter(|region| choice.left.contains(region.index)).collect()
    };
    match left.len() {
        0 => return (left, ChosenBy::Nothing),
        1 => return (left, ChosenBy::Only),
        _ => {}
    }
    let mut how = None;
    if wanted > ONE_BY_ONE_MAX {
        left.sort_by_cached_key(|region| choice.group(region));
        for group in left.chunk_by_mut(|a, b| choice.group(a) == choice.group(b)) {
            let chosen = choice.within(group, wanted);
            how.get_or_insert(chosen);
        }
        return (left, how.unwrap_or(ChosenBy::Nothing));
    }
    let mut rest = left.as_mut_slice();
    let mut missing = wanted.max(1);
    while !rest.is_empty() && missing > 0 {
        let size = choice.first_group(rest);
        let (group, others) = rest.split_at_mut(size);
        let chosen = choice.within(group, missing);
        how.get_or_insert(chosen);
        (rest, missing) = (others, missing.saturating_sub(size));
    }
    (left, how.unwrap_or(ChosenBy::Nothing))
}

/// What a region is ordered by before the policy is asked; `false` and less come first. Regions
/// with the same are a group.
type Group = (Trust, u64, [bool; 5], bool, bool);

/// What this isolate thinks of a region by its own requests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// It has not found it to fail.
    Whole,
    /// Its breaker is open, and the last request there was answered well all the same.
    Answers,
    /// Its breaker is open.
    None,
}

impl<'t> Choice<'_, 't> {
    /// The group of a region: what does not fail first, since what is preferred is so only while it
    /// serves; then what breaks fewer preferred rules; then what no wish puts behind; then what is
    /// known to be up.
    fn group(&self, region: &Candidate) -> Group {
        let is_behind = |filter| {
            let mut behind = self.wishes.iter().filter(|wish| wish.filter == filter);
            behind.any(|wish| wish.behind.contains(region.index))
        };
        let reluctance = self.ruling.reluctance(region.index);
        let unwanted = BEHIND.map(is_behind);
        let trust = match self.evidence.of(region) {
            _ if !is_behind(Filter::Breaker) => Trust::Whole,
            Some(seen) if seen.breaker.answers() => Trust::Answers,
            _ => Trust::None,
        };
        let is_other = self.service.preferred.is_some_and(|index| index != region.index);
        (trust, reluctance, unwanted, region.entry.health != Health::Up, is_other)
    }

    /// Moves the regions of the first group to the front, in their order. Returns how many they
    /// are.
    fn first_group(&self, regions: &mut [&'t Candidate]) -> usize {
        if self.is_one_group() {
            return regions.len();
        }
        let groups: Vec<Group> = regions.iter().map(|region| self.group(region)).collect();
        let first = groups.iter().min();
        let (mut order, others): (Vec<usize>, Vec<usize>) =
            (0..groups.len()).partition(|at| groups.get(*at) == first);
        let size = order.len();
        if !others.is_empty() {
            order.extend(others);
            take_order(regions, &order);
        }
        size
    }

    /// Whether all regions that are left are certainly one group. Then none has to be looked at.
    fn is_one_group(&self) -> bool {
        let unproven = &self.service.odd.unproven;
        let is_one_health = unproven.is_empty() || unproven.intersection(self.left).is_empty();
        self.wishes.is_empty()
            && is_one_health
            && self.service.preferred.is_none()
            && self.ruling.is_impartial()
    }

    /// Orders one group, as far as it is wanted.
    fn within(&self, group: &mut [&'t Candidate], wanted: usize) -> ChosenBy {
        if group.len() == 1 {
            return ChosenBy::Group;
        }
        // Load spills over along the whole order.
        let wanted = if self.service.steering.spill { usize::MAX } else { wanted };
        let how = match self.service.steering.policy {
            Policy::Ordered => self.spilled(group).unwrap_or(ChosenBy::Order),
            Policy::Geo => {
                let how = self.by_location(group, wanted);
                self.spilled(group).unwrap_or(how)
            }
            Policy::Proximity => self.by_distance(group, wanted),
            Policy::Weighted => {
                self.by_share(group, wanted);
                ChosenBy::Share
            }
            Policy::Latency => self.by_latency(group, wanted),
            Policy::LeastOutstanding => self.by_load(group),
        };
        let pinned = self.request.pinned_candidate(self.service);
        let pinned = pinned.and_then(|pinned| group.iter().position(|r| r.index == pinned.index));
        if let Some(position) = pinned {
            to_front(group, position);
            return ChosenBy::Affinity;
        }
        how
    }

    /// Hands a share of the clients to later regions where origins of earlier ones are down.
    fn spilled(&self, group: &mut [&'t Candidate]) -> Option<ChosenBy> {
        if !self.service.steering.spill {
            return None;
        }
        let levels: Vec<_> = group.iter().map(|r| (r.entry.usable, r.entry.all)).collect();
        let hash = StableHash::of_number("spill", self.key.value());
        let position = capacity::choose(&capacity::spill(&levels), hash)?;
        to_front(group, position);
        (position > 0).then_some(ChosenBy::Spill)
    }

    /// The most exact entry of the service's `geo` that fits the client comes first, in its order.
    fn by_location(&self, group: &mut [&'t Candidate], wanted: usize) -> ChosenBy {
        let geo = &self.service.steering.geo;
        let request = self.request;
        let pop = request.colo.and_then(|colo| geo.pops.get(colo));
        let country = request.country.and_then(|country| geo.countries.get(&country));
        let lb_region = request.lb_region();
        let lb_region = lb_region.and_then(|region| geo.regions.get(&region));
        let named =
            [(pop, ChosenBy::Pop), (country, ChosenBy::Country), (lb_region, ChosenBy::LbRegion)];
        for (regions, how) in named {
            // An entry whose regions are all gone counts as if it were not there.
            if regions.is_some_and(|regions| to_front_in_order(group, regions, wanted)) {
                return how;
            }
        }
        ChosenBy::Order
    }

    /// Nearest first. Failover order where the location of the client or of a region is unknown.
    fn by_distance(&self, group: &mut [&'t Candidate], wanted: usize) -> ChosenBy {
        let Some(chords2) = self.chords2(group) else { return ChosenBy::Order };
        let nearest = ranking::nearest(&chords2, &[], wanted, 0);
        ranking::to_front(group, &ranking::first(nearest, wanted));
        ChosenBy::Nearest
    }

    /// A share of the clients by weight, the same client always to the same region.
    fn by_share(&self, group: &mut [&'t Candidate], wanted: usize) {
        let weights: Vec<_> = group.iter().map(|region| share(region)).collect();
        let key = self.key.value();
        if wanted > 1 {
            return take_order(group, &weighted::rank(key, &weights));
        }
        if let Some(position) = weighted::pick(key, &weights) {
            to_front(group, position);
        }
    }

    /// Fastest first. Those within the band of the fastest share by weight.
    fn by_latency(&self, group: &mut [&'t Candidate], wanted: usize) -> ChosenBy {
        let steering = &self.service.steering;
        let (band_ms, gain_ms) = (steering.band_ms, steering.min_gain_ms);
        let mut known = self.estimates(group, wanted, band_ms.saturating_add(gain_ms));
        if known.is_empty() {
            return ChosenBy::Order;
        }
        let is_incumbent = |(position, _): &Ranked| {
            group.get(*position).is_some_and(|it| Some(it.index) == self.evidence.incumbent)
        };
        let incumbent = self.evidence.incumbent.and_then(|_| known.iter().position(is_incumbent));
        let values: Vec<_> = known.iter().map(|(_, ms)| Some(*ms)).collect();
        let mut sharing = within_band(&values, band_ms, gain_ms, incumbent);
        let stays = incumbent.filter(|index| sharing.first() == Some(index));
        let stays = stays.and_then(|index| group.get(known.get(index)?.0).copied());
        sharing.sort_unstable();
        let sharers: Vec<usize> =
            sharing.iter().filter_map(|at| known.get(*at)).map(|(position, _)| *position).collect();
        known.retain(|(position, _)| sharers.binary_search(position).is_err());
        let mut front = sharers.clone();
        front.extend(ranking::first(known, wanted.saturating_sub(sharers.len())));
        ranking::to_front(group, &front);
        if let Some(position) =
            stays.and_then(|region| group.iter().position(|r| r.index == region.index))
        {
            to_front(group, position);
            return ChosenBy::Fastest;
        }
        if sharers.len() < 2 {
            return ChosenBy::Fastest;
        }
        if let Some(front) = group.get_mut(..sharers.len()) {
            self.by_share(front, wanted);
        }
        ChosenBy::Share
    }

    /// The less busy of two that chance draws; the others behind it in failover order.
    fn by_load(&self, group: &mut [&'t Candidate]) -> ChosenBy {
        let now = self.request.now;
        let outstanding =
            |region: &Candidate| self.evidence.of(region).map(|seen| seen.outstanding.count(now));
        let loads: Vec<_> = group
            .iter()
            .map(|region| two_choices::CandidateLoad {
                outstanding: outstanding(region).unwrap_or(0),
                weight: weight(region),
            })
            .collect();
        if let Some(position) = two_choices::pick(self.request.seed, &loads) {
            to_front(group, position);
        }
        ChosenBy::LessBusy
    }

    /// What is known of the way to regions, by one yardstick for all: from this client, where
    /// something is known for every region, or else from the observer. Of more than are needed some
    /// may be missing: none that is wanted, or at most `within_ms` worse than the best.
    fn estimates(&self, group: &[&'t Candidate], wanted: usize, within_ms: Millis) -> Vec<Ranked> {
        let Some(chords2) = self.chords2(group) else { return self.estimates_of_all(group) };
        if self.evidence.seen.is_empty() {
            return ranking::nearest(&chords2, &[], wanted, within_ms);
        }
        let now = self.request.now;
        let measured =
            group.iter().zip(&chords2).enumerate().filter_map(|(at, (region, chord2))| {
                let seen = self.evidence.of(region)?;
                let penalty_ms = seen.penalty_ms(now);
                if seen.latency.is_none() && penalty_ms == 0 {
                    return None;
                }
                let ms = blend(None, seen.latency, Some(round_trip_ms(*chord2)), now)?;
                Some((at, ms.saturating_add(penalty_ms)))
            });
        ranking::nearest(&chords2, &measured.collect::<Vec<_>>(), wanted, within_ms)
    }

    /// The same where the way of some is not known.
    fn estimates_of_all(&self, group: &[&'t Candidate]) -> Vec<Ranked> {
        let now = self.request.now;
        let seen = |region: &Candidate| self.evidence.of(region).and_then(|seen| seen.latency);
        let mut estimates: Vec<_> =
            group.iter().map(|r| blend(None, seen(r), self.prior(r), now)).collect();
        if estimates.iter().any(Option::is_none) {
            estimates = self.observed(group);
        }
        let penalty_ms =
            |region: &Candidate| self.evidence.of(region).map_or(0, |seen| seen.penalty_ms(now));
        let ranked = estimates.into_iter().zip(group).enumerate();
        ranked
            .filter_map(|(at, (ms, region))| Some((at, ms?.saturating_add(penalty_ms(region)))))
            .collect()
    }

    /// The squares of the chords to the regions of a group; `None` where the location of the client
    /// or of one of them is not known.
    fn chords2(&self, group: &[&'t Candidate]) -> Option<Vec<f64>> {
        let here = self.request.location?;
        if group.len() == self.service.candidates.len() {
            // Then they are in order, too.
            return self.service.places.as_ref().map(|places| places.chords2_from(here));
        }
        group.iter().map(|region| Some(here.chord2_to(region.location?))).collect()
    }

    /// What probes measured: from the client's area if that knows all regions, or else from all.
    fn observed(&self, group: &[&'t Candidate]) -> Vec<Option<Millis>> {
        let is_known = group.iter().all(|region| !region.entry.area_latency_ms.is_empty());
        if let Some(area) = self.request.area().filter(|_| is_known) {
            let from = |region: &&Candidate| region.entry.area_latency_ms.get(&area).copied();
            let from_there: Vec<_> = group.iter().map(from).collect();
            if from_there.iter().all(Option::is_some) {
                return from_there;
            }
        }
        group.iter().map(|region| region.entry.latency_ms).collect()
    }

    fn prior(&self, region: &Candidate) -> Option<Millis> {
        Some(self.request.location?.round_trip_ms_to(region.location?))
    }
}

/// The wishes that put a region behind, from the one that puts it furthest: what would be wrong for
/// a client counts for more than what would only be early or late.
const BEHIND: [Filter; 5] =
    [Filter::Area, Filter::Lag, Filter::Drain, Filter::Failback, Filter::Canary];

fn share(region: &Candidate) -> weighted::WeightedCandidate {
    let id = StableHash::of("region", region.entry.id.as_str()).value();
    weighted::WeightedCandidate { id, weight: weight(region) }
}

fn weight(region: &Candidate) -> u8 {
    u8::try_from(region.entry.weight).unwrap_or(weighted::WEIGHT_MAX)
}

/// Moves the regions of these names to the front, in the order of the names, as far as they are
/// there and wanted. Returns whether one was there.
fn to_front_in_order(group: &mut [&Candidate], names: &[RegionId], wanted: usize) -> bool {
    let mut front = 0;
    for name in names {
        let Some(rest) = group.get_mut(front..).filter(|_| front < wanted) else { break };
        if let Some(position) = rest.iter().position(|region| region.entry.id == *name) {
            to_front(rest, position);
            front += 1;
        }
    }
    front > 0
}

/// Moves one to the front and leaves the others in their order.
fn to_front<T>(group: &mut [T], position: usize) {
    if let Some(front) = group.get_mut(..=position) {
        front.rotate_right(1);
    }
}

/// Puts the regions into the order of these indexes.
fn take_order(group: &mut [&Candidate], order: &[usize]) {
    let before = group.to_vec();
    for (slot, from) in group.iter_mut().zip(order) {
        if let Some(region) = before.get(*from) {
            *slot = region;
        }
    }
}
