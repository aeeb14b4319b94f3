//! Puts the best of many regions first, without a look at those that are not.

use crate::latency::{NEAREST_MAX, bound, round_trip_ms};
use crate::time::Millis;

/// A region by its position in its group, and what it is ordered by.
pub(super) type Ranked = (usize, Millis);

/// Up to so many are found one by one. To sort all is quicker for more.
pub(super) const ONE_BY_ONE_MAX: usize = NEAREST_MAX;

/// Ranks regions by the squares of the chords to them, those that were `measured` by what was. Of
/// more than are needed some may be missing: none that is wanted, or at most `within_ms` worse than
/// the best. Both lists are in the order of the positions.
pub(super) fn nearest(
    chords2: &[f64],
    measured: &[Ranked],
    wanted: usize,
    within_ms: Millis,
) -> Vec<Ranked> {
    let is_measured = |at: usize| measured.binary_search_by_key(&at, |(at, _)| *at).is_ok();
    let bound = if wanted > ONE_BY_ONE_MAX {
        f64::INFINITY
    } else if measured.is_empty() {
        bound(chords2, wanted, within_ms)
    } else {
        // Of those that were not measured no more than these can come first.
        let others = chords2.iter().enumerate().filter(|(at, _)| !is_measured(*at));
        bound(&others.map(|(_, chord2)| *chord2).collect::<Vec<_>>(), wanted, within_ms)
    };
    let mut ranked = measured.to_vec();
    for (at, chord2) in chords2.iter().enumerate() {
        if *chord2 <= bound && !is_measured(at) {
            ranked.push((at, round_trip_ms(*chord2)));
        }
    }
    if !measured.is_empty() {
        ranked.sort_unstable();
    }
    ranked
}

/// The positions of those with the least values, the best first, as many as are wanted. Those with
/// the same value are in the order of their positions. Of more than [`ONE_BY_ONE_MAX`] it is all.
pub(super) fn first(mut ranked: Vec<Ranked>, wanted: usize) -> Vec<usize> {
    let key = |(at, value): &Ranked| (*value, *at);
    if wanted > ONE_BY_ONE_MAX {
        ranked.sort_unstable_by_key(key);
        return ranked.into_iter().map(|(at, _)| at).collect();
    }
    let mut first: Vec<usize> = Vec::with_capacity(wanted);
    while first.len() < wanted {
        let others = ranked.iter().filter(|(at, _)| !first.contains(at));
        let Some((at, _)) = others.min_by_key(|it| key(it)) else { break };
        first.push(*at);
    }
    first
}

/// Moves the regions at these positions to the front, in this order. The others stay in theirs.
pub(super) fn to_front<T: Copy>(group: &mut [T], front: &[usize]) {
    if front.len() > ONE_BY_ONE_MAX {
        return many_to_front(group, front);
    }
    for (place, position) in front.iter().enumerate() {
        // Each that came from behind it has moved it back by one.
        let moved = front.iter().take(place).filter(|other| *other > position).count();
        let now = position.saturating_add(moved);
        if let Some(within) = group.get_mut(place..=now) {
            within.rotate_right(1);
        }
    }
}

fn many_to_front<T: Copy>(group: &mut [T], front: &[usize]) {
    let mut rest: Vec<Option<T>> = group.iter().copied().map(Some).collect();
    let chosen: Vec<T> =
        front.iter().filter_map(|at| rest.get_mut(*at).and_then(Option::take)).collect();
    let all = chosen.into_iter().chain(rest.into_iter().flatten());
    for (slot, region) in group.iter_mut().zip(all) {
        *slot = region;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Location;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_front_is_in_its_order_and_the_rest_in_its_own(
            len in 1_usize..30,
            chosen in vec(any::<prop::sample::Index>(), 0..30),
        ) {
            let mut front: Vec<usize> = Vec::new();
            for index in chosen {
                let index = index.index(len);
                if !front.contains(&index) {
                    front.push(index);
                }
            }
            let mut group: Vec<usize> = (0..len).collect();
            to_front(&mut group, &front);
            let rest = (0..len).filter(|at| !front.contains(at));
            let told: Vec<usize> = front.iter().copied().chain(rest).collect();
            prop_assert_eq!(group, told);
        }

        #[test]
        fn the_first_of_some_are_the_first_of_all(
            places in vec((-90.0..=90.0_f64, -180.0..=180.0_f64), 2..40),
            known in vec((any::<prop::sample::Index>(), 1_u64..400), 0..5),
            wanted in 1_usize..12,
            within_ms in 0_u64..60,
        ) {
            let places: Vec<Location> =
                places.into_iter().map(|(lat, lon)| Location::new(lat, lon).unwrap()).collect();
            let (here, places) = places.split_first().unwrap();
            let chords2: Vec<f64> = places.iter().map(|it| here.chord2_to(*it)).collect();
            let mut measured: Vec<Ranked> =
                known.into_iter().map(|(at, ms)| (at.index(places.len()), ms)).collect();
            measured.sort_unstable();
            measured.dedup_by_key(|(at, _)| *at);
            let value = |at: usize| {
                let known = measured.iter().find(|(it, _)| *it == at);
                known.map_or_else(|| here.round_trip_ms_to(places[at]), |(_, ms)| *ms)
            };
            let all: Vec<Ranked> = (0..places.len()).map(|at| (at, value(at))).collect();
            let best = all.iter().map(|(_, ms)| *ms).min().unwrap();
            let near = nearest(&chords2, &measured, wanted, within_ms);
            for (at, ms) in &all {
                prop_assert!(*ms > best + within_ms || near.contains(&(*at, *ms)), "{at}: {ms}");
            }
            prop_assert!(near.iter().all(|it| all.contains(it)));
            let firsts = first(near, wanted);
            let told = first(all, wanted);
            prop_assert_eq!(firsts, told);
        }
    }
}
