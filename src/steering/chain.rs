//! The chain of filters: each narrows what is left and notes it.

use super::decision::{Filter, FilterStep};
use crate::residency::RegionSet;

/// The regions that are left, and the filters that removed the others.
///
/// **Invariant.** The set only shrinks: there is no way to put a region back.
#[derive(Debug)]
pub(super) struct Chain {
    left: RegionSet,
    steps: Vec<FilterStep>,
}

impl Chain {
    pub(super) fn new(regions: RegionSet) -> Self {
        Self { left: regions, steps: Vec::new() }
    }

    pub(super) fn left(&self) -> &RegionSet {
        &self.left
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Removes what is not in `wanted`.
    pub(super) fn keep(&mut self, filter: Filter, wanted: &RegionSet) {
        if !self.left.is_subset_of(wanted) {
            self.left.intersect(wanted);
            self.note(filter);
        }
    }

    /// Removes what is in `unwanted`.
    pub(super) fn remove(&mut self, filter: Filter, unwanted: &RegionSet) {
        let before = self.left.len();
        self.left.remove_all(unwanted);
        if self.left.len() < before {
            self.note(filter);
        }
    }

    fn note(&mut self, filter: Filter) {
        self.steps.push(FilterStep { filter, left: self.left.clone() });
    }

    pub(super) fn into_parts(self) -> (RegionSet, Vec<FilterStep>) {
        (self.left, self.steps)
    }
}
