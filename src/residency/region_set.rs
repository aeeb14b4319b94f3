//! A set of regions, by their index.
//!
//! To decide on a request is to remove regions from a set: forbidden ones, regions that are down,
//! regions that were tried. Nearly every config has at most 64 regions; their set is one number,
//! and removing takes one instruction and no allocation. Larger sets have further words.
//!
//! An index of [`REGIONS_MAX`] or more is never in a set, so a wrong index only narrows what is
//! permitted.

/// The most regions that a set can hold.
pub const REGIONS_MAX: usize = 1024;

const WORD: usize = u64::BITS as usize;

/// A set of indexes of regions.
///
/// **Invariant.** The last of the further words is not zero, so that equal sets are equal values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RegionSet {
    first: u64,
    further: Vec<u64>,
}

impl RegionSet {
    /// The empty set.
    #[must_use]
    pub const fn none() -> Self {
        Self { first: 0, further: Vec::new() }
    }

    /// The set of the first `count` regions, at most [`REGIONS_MAX`].
    #[must_use]
    pub fn all(count: usize) -> Self {
        let count = count.min(REGIONS_MAX);
        let full = |from: usize| match count.saturating_sub(from) {
            0 => 0,
            left if left < WORD => (1 << left) - 1,
            _ => u64::MAX,
        };
        let further = (WORD..count).step_by(WORD).map(full).collect();
        Self { first: full(0), further }
    }

    /// Adds a region.
    pub fn insert(&mut self, region: usize) {
        if region >= REGIONS_MAX {
            return;
        }
        let (word, bit) = (region / WORD, 1 << (region % WORD));
        if self.further.len() < word {
            self.further.resize(word, 0);
        }
        match word.checked_sub(1) {
            None => self.first |= bit,
            Some(word) => {
                if let Some(word) = self.further.get_mut(word) {
                    *word |= bit;
                }
            }
        }
    }

    /// Whether the region is in the set.
    #[must_use]
    pub fn contains(&self, region: usize) -> bool {
        self.word(region / WORD) & (1 << (region % WORD)) != 0
    }

    /// Removes what is not in the other set.
    pub fn intersect(&mut self, other: &Self) {
        self.first &= other.first;
        self.further.truncate(other.further.len());
        self.further.iter_mut().zip(&other.further).for_each(|(word, keep)| *word &= keep);
        self.trim();
    }

    /// The regions in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.intersect(other);
        both
    }

    /// The regions in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (long, short) =
            if self.further.len() < other.further.len() { (other, self) } else { (self, other) };
        let mut either = long.clone();
        either.first |= short.first;
        either.further.iter_mut().zip(&short.further).for_each(|(word, more)| *word |= more);
        either
    }

    /// Removes what is in the other set.
    pub fn remove_all(&mut self, other: &Self) {
        self.first &= !other.first;
        self.further.iter_mut().zip(&other.further).for_each(|(word, less)| *word &= !less);
        self.trim();
    }

    /// Whether no region is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first == 0 && self.further.is_empty()
    }

    /// How many regions are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        (0..self.words()).map(|word| self.word(word).count_ones() as usize).sum()
    }

    /// Whether no region is in both sets.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.first & other.first == 0
            && self.further.iter().zip(&other.further).all(|(word, other)| word & other == 0)
    }

    /// Whether every region of this set is in the other too.
    #[must_use]
    pub fn is_subset_of(&self, other: &Self) -> bool {
        (0..self.words()).all(|word| self.word(word) & !other.word(word) == 0)
    }

    /// The regions, in the order of their indexes.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.words()).flat_map(|word| bits(self.word(word)).map(move |bit| word * WORD + bit))
    }

    fn words(&self) -> usize {
        1 + self.further.len()
    }

    fn word(&self, word: usize) -> u64 {
        match word.checked_sub(1) {
            None => self.first,
            Some(word) => self.further.get(word).copied().unwrap_or(0),
        }
    }

    fn trim(&mut self) {
        while self.further.last() == Some(&0) {
            self.further.pop();
        }
    }
}

/// The indexes of the bits that are set, from the lowest.
fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as usize;
        word &= word.checked_sub(1)?;
        Some(bit)
    })
}

impl FromIterator<usize> for RegionSet {
    fn from_iter<I: IntoIterator<Item = usize>>(regions: I) -> Self {
        let mut set = Self::none();
        regions.into_iter().for_each(|region| set.insert(region));
        set
    }
}

impl std::fmt::Debug for RegionSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    type Model = BTreeSet<usize>;

    /// Most sets are small ones, as most configs are.
    fn any_regions() -> impl Strategy<Value = Model> {
        let below = prop_oneof![Just(8_usize), Just(64), Just(65), Just(REGIONS_MAX)];
        below.prop_flat_map(|below| proptest::collection::btree_set(0..below, 0..24))
    }

    fn set(model: &Model) -> RegionSet {
        model.iter().copied().collect()
    }

    #[test]
    fn a_place_that_no_config_can_have_is_never_in_a_set() {
        let mut regions = RegionSet::none();
        regions.insert(REGIONS_MAX);
        regions.insert(usize::MAX);
        assert!(regions.is_empty());
        assert!(!RegionSet::all(usize::MAX).contains(REGIONS_MAX));
        assert_eq!(RegionSet::all(usize::MAX).len(), REGIONS_MAX);
    }

    #[test]
    fn all_is_each_of_them_and_no_more() {
        for count in [0, 1, 63, 64, 65, 127, 128, 129, 1023, 1024] {
            let model: Model = (0..count).collect();
            assert_eq!(RegionSet::all(count), set(&model), "{count}");
        }
    }

    #[test]
    fn a_small_set_allocates_nothing() {
        assert_eq!(RegionSet::all(64).further.capacity(), 0);
        assert_eq!(set(&Model::from([0, 63])).further.capacity(), 0);
    }

    #[test]
    fn a_set_that_shrank_equals_one_that_was_always_small() {
        let mut shrunk = set(&Model::from([3, 70, 900]));
        shrunk.remove_all(&set(&Model::from([70, 900])));
        assert_eq!(shrunk, set(&Model::from([3])));
    }

    proptest! {
        #[test]
        fn it_is_a_set_like_any_other(a in any_regions(), b in any_regions()) {
            let (x, y) = (set(&a), set(&b));
            prop_assert_eq!(x.iter().collect::<Vec<_>>(), a.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(x.len(), a.len());
            prop_assert_eq!(x.is_empty(), a.is_empty());
            prop_assert_eq!(x == y, a == b);
            prop_assert_eq!(x.is_subset_of(&y), a.is_subset(&b));
            prop_assert_eq!(x.is_disjoint(&y), a.is_disjoint(&b));
            prop_assert_eq!(x.intersection(&y), set(&a.intersection(&b).copied().collect()));
            prop_assert_eq!(x.union(&y), set(&a.union(&b).copied().collect()));
            let mut rest = x.clone();
            rest.remove_all(&y);
            prop_assert_eq!(rest, set(&a.difference(&b).copied().collect()));
            for region in 0..REGIONS_MAX + 65 {
                prop_assert_eq!(x.contains(region), a.contains(&region));
            }
        }
    }
}
