//! Composites within composites, level by level.
//!
//! A composite may be reached in very many ways: sixteen members, each with the same sixteen
//! members, four levels deep, are 65,536 ways to at most a hundred monitors. So nothing follows the
//! ways. Each level is a set, and each composite is looked at once on each level.

use super::{COMPOSITE_DEPTH_MAX, Composite};
use crate::ids::MonitorId;
use crate::ordered::{Map, Set};

#[cfg(test)]
thread_local! {
    /// How often levels were worked out in this thread.
    pub(crate) static WORKED_OUT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What is reached from a monitor in 0, 1, 2 … [`COMPOSITE_DEPTH_MAX`] steps from a composite to a
/// member. The last level may have composites only where nesting is too deep, or goes in a circle.
#[derive(Debug)]
pub(super) struct Levels<'c>(Vec<Set<&'c MonitorId>>);

impl<'c> Levels<'c> {
    /// The levels below `id`, of which at most `members_max` members of each list count.
    pub(super) fn below(
        composites: &'c Map<MonitorId, Composite>,
        id: &'c MonitorId,
        members_max: usize,
    ) -> Self {
        #[cfg(test)]
        WORKED_OUT.set(WORKED_OUT.get() + 1);
        let mut level = Set::of([id]);
        let mut levels = Vec::new();
        for _ in 0..COMPOSITE_DEPTH_MAX {
            let made = level.iter().filter_map(|id| composites.get(*id));
            let members = made.flat_map(|composite| {
                let must_pass = composite.must_pass.iter().take(members_max);
                composite.of.iter().take(members_max).chain(must_pass)
            });
            let next = Set::of(members);
            levels.push(std::mem::replace(&mut level, next));
        }
        levels.push(level);
        Self(levels)
    }

    /// Everything that is reached, the monitor itself first.
    pub(super) fn all(&self) -> impl Iterator<Item = &'c MonitorId> + '_ {
        self.0.iter().flat_map(Set::iter).copied()
    }

    /// What is reached by a step or more.
    pub(super) fn members(&self) -> impl Iterator<Item = &'c MonitorId> + '_ {
        self.0.iter().skip(1).flat_map(Set::iter).copied()
    }

    /// What is reached on the last level, below which nothing is followed.
    pub(super) fn last(&self) -> impl Iterator<Item = &'c MonitorId> + '_ {
        self.0.last().into_iter().flat_map(Set::iter).copied()
    }
}
