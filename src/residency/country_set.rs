//! A set of countries as bits in four words, copied like a number.
//!
//! Every request intersects and unites such sets. On bits both take four instructions and no
//! allocation.

use crate::country::{COUNTRIES, Country};

const WORDS: usize = COUNTRIES.div_ceil(64);

/// A set of countries.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct CountrySet([u64; WORDS]);

impl CountrySet {
    /// The empty set.
    #[must_use]
    pub const fn none() -> Self {
        Self([0; WORDS])
    }

    /// The set of every country.
    #[must_use]
    pub fn all() -> Self {
        Country::all().collect()
    }

    /// Adds a country.
    pub fn insert(&mut self, country: Country) {
        let (word, bit) = word_and_bit(country);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    /// Whether the country is in the set.
    #[must_use]
    pub fn contains(&self, country: Country) -> bool {
        let (word, bit) = word_and_bit(country);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The countries in either set.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, more)| *word |= more);
        self
    }

    /// The countries in both sets.
    #[must_use]
    pub fn intersection(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, keep)| *word &= keep);
        self
    }

    /// Whether every country of this set is in the other too.
    #[must_use]
    pub fn is_subset_of(self, other: Self) -> bool {
        self.intersection(other) == self
    }

    /// Whether no country is in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::none()
    }

    /// How many countries are in the set.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The countries, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = Country> {
        Country::all().filter(move |country| self.contains(*country))
    }
}

fn word_and_bit(country: Country) -> (usize, u64) {
    let index = country.index();
    (usize::from(index / 64), 1 << (index % 64))
}

impl FromIterator<Country> for CountrySet {
    fn from_iter<I: IntoIterator<Item = Country>>(countries: I) -> Self {
        let mut set = Self::none();
        countries.into_iter().for_each(|country| set.insert(country));
        set
    }
}

impl std::fmt::Debug for CountrySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn any_codes() -> impl Strategy<Value = BTreeSet<Country>> {
        proptest::collection::btree_set(0u8..250, 0..40)
            .prop_map(|indexes| indexes.into_iter().filter_map(Country::from_index).collect())
    }

    fn bits(countries: &BTreeSet<Country>) -> CountrySet {
        countries.iter().copied().collect()
    }

    #[test]
    fn the_last_country_has_its_bit_too() {
        assert_eq!(CountrySet::all().len(), COUNTRIES);
        assert_eq!(CountrySet::all().iter().count(), COUNTRIES);
        assert!(CountrySet::none().is_empty());
        assert!(!CountrySet::all().is_empty());
    }

    proptest! {
        #[test]
        fn it_is_a_set_like_any_other(a in any_codes(), b in any_codes()) {
            let (x, y) = (bits(&a), bits(&b));
            prop_assert!(x.iter().eq(a.iter().copied()));
            prop_assert_eq!(x.len(), a.len());
            prop_assert_eq!(x.union(y), bits(&a.union(&b).copied().collect()));
            prop_assert_eq!(x.intersection(y), bits(&a.intersection(&b).copied().collect()));
            prop_assert_eq!(x.is_subset_of(y), a.is_subset(&b));
            for country in Country::all() {
                prop_assert_eq!(x.contains(country), a.contains(&country));
            }
        }
    }
}
