//! Which rules a condition holds for, remembered for each value that was asked about.
//!
//! A rule guards a request if each of its conditions holds, and each looks at one thing: the
//! country, the host, the path, the method, the tenant, one header. So a value is read once, and
//! the rules that guard a request are those that hold for all of its values. Nothing is judged
//! here: how a condition is read is up to the oracle.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most values of one thing that are remembered. Others are read each time.
const VALUES_MAX: usize = 50_000;

const WORD: usize = u64::BITS as usize;

/// A set of rules, by their indexes in the config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tool) struct RuleSet(Vec<u64>);

impl RuleSet {
    /// The rules for which it holds, in their order.
    pub(super) fn of(holds: impl ExactSizeIterator<Item = bool>) -> Self {
        let mut words = vec![0; holds.len().div_ceil(WORD)];
        for (index, _) in holds.enumerate().filter(|(_, holds)| *holds) {
            if let Some(word) = words.get_mut(index / WORD) {
                *word |= 1 << (index % WORD);
            }
        }
        Self(words)
    }

    /// Removes what is not in the other set.
    pub(super) fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, keep)| *word &= keep);
    }

    /// Adds what is in the other set.
    pub(super) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, more)| *word |= more);
    }

    /// How many rules are in the set.
    pub(in crate::tool) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Their indexes, in order.
    pub(in crate::tool) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.checked_sub(1)?;
                Some(at * WORD + bit)
            })
        })
    }
}

/// The rules that hold for each value of one thing.
#[derive(Debug)]
pub(super) struct Remembered<K>(RefCell<BTreeMap<K, Rc<RuleSet>>>);

impl<K> Default for Remembered<K> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Ord> Remembered<K> {
    /// The rules that hold for a value, which are read if it was never asked about.
    pub(super) fn of<Q>(&self, value: &Q, read: impl FnOnce() -> RuleSet) -> Rc<RuleSet>
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(known) = self.0.borrow().get(value) {
            return known.clone();
        }
        let read = Rc::new(read());
        let mut known = self.0.borrow_mut();
        if known.len() < VALUES_MAX {
            known.insert(value.to_owned(), read.clone());
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(indexes: &[usize]) -> RuleSet {
        RuleSet::of((0..200).map(|index| indexes.contains(&index)))
    }

    #[test]
    fn a_set_of_rules_is_a_set_like_any_other() {
        let (mut both, mut either) = (set(&[0, 63, 64, 130]), set(&[0, 63, 64, 130]));
        assert_eq!(both.iter().collect::<Vec<_>>(), [0, 63, 64, 130]);
        both.keep(&set(&[63, 130, 199]));
        either.add(&set(&[63, 130, 199]));
        assert_eq!(both, set(&[63, 130]));
        assert_eq!(either, set(&[0, 63, 64, 130, 199]));
        assert_eq!([both.len(), either.len()], [2, 5]);
    }

    #[test]
    fn a_value_is_read_once() {
        let remembered: Remembered<String> = Remembered::default();
        assert_eq!(*remembered.of("a", || set(&[1])), set(&[1]));
        assert_eq!(*remembered.of("a", || panic!("it is known")), set(&[1]));
        assert_eq!(*remembered.of("b", || set(&[2])), set(&[2]));
    }
}
