//! A monitor to judge origins by. Of a composite it is worked out once what it is made of, for
//! however many origins are judged: that is more work than one judgement.

use super::instant::View;
use crate::config::{COMPOSITE_DEPTH_MAX, CompositeRule, Config, Monitor};
use crate::health::{Health, composite};
use crate::ids::MonitorId;
use crate::ordered::Map;

/// A monitor with those that are probed for it.
#[derive(Debug, Clone)]
pub struct By<'m> {
    leaves: Vec<Leaf<'m>>,
    /// The composites that it is made of, each behind those that it contains, itself the last; none
    /// where it is no composite.
    composites: Vec<Made>,
}

/// A monitor that is probed.
#[derive(Debug, Clone)]
pub(super) struct Leaf<'m> {
    pub(super) id: MonitorId,
    /// What the config says of it; absent where it has no such monitor.
    pub(super) monitor: Option<&'m Monitor>,
}

/// What a composite is made of.
#[derive(Debug, Clone)]
struct Made {
    rule: CompositeRule,
    of: Vec<Part>,
    must_pass: Vec<Part>,
}

/// A member of a composite.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// One that is probed, by its place among the leaves.
    Leaf(usize),
    /// A composite, by its place among those.
    Composite(usize),
    /// It is too deep, or is none.
    Unknown,
}

impl<'m> By<'m> {
    fn of(config: &'m Config, monitor: &'m MonitorId) -> Self {
        let leaves = config.leaves(monitor).into_iter();
        let leaf = |id: MonitorId| {
            let monitor = config.monitors.get(&id);
            Leaf { id, monitor }
        };
        let mut made = Self { leaves: leaves.map(leaf).collect(), composites: Vec::new() };
        made.add(config, monitor, COMPOSITE_DEPTH_MAX, &mut Map::new());
        made
    }

    /// Adds what a monitor is made of. Deeper than `depth` nothing is known. A composite that many
    /// others contain is looked at once for each depth, and not once for each way that leads to it.
    fn add(
        &mut self,
        config: &'m Config,
        monitor: &'m MonitorId,
        depth: u8,
        known: &mut Map<(u8, &'m MonitorId), Part>,
    ) -> Part {
        let Some(composite) = config.composites.get(monitor) else {
            let place = self.leaves.iter().position(|leaf| leaf.id == *monitor);
            return place.map_or(Part::Unknown, Part::Leaf);
        };
        let Some(deeper) = depth.checked_sub(1) else { return Part::Unknown };
        if let Some(part) = known.get(&(depth, monitor)) {
            return *part;
        }
        let mut all = |members: &'m [MonitorId]| -> Vec<Part> {
            members.iter().map(|member| self.add(config, member, deeper, known)).collect()
        };
        let (of, must_pass) = (all(&composite.of), all(&composite.must_pass));
        let part = Part::Composite(self.composites.len());
        self.composites.push(Made { rule: composite.rule, of, must_pass });
        known.insert((depth, monitor), part);
        part
    }

    /// The monitors that are probed, in the order of their ids.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf<'m>> {
        self.leaves.iter()
    }

    /// The monitor itself, where it is no composite.
    pub(super) fn alone(&self) -> Option<&Leaf<'m>> {
        self.leaves.first().filter(|_| self.composites.is_empty())
    }

    /// The health by the rules of the composites, where that of a leaf is by its place.
    pub(super) fn health(&self, of_leaf: impl Fn(usize) -> Option<Health>) -> Health {
        let mut composed: Vec<Health> = Vec::with_capacity(self.composites.len());
        for Made { rule, of, must_pass } in &self.composites {
            let health = |part: &Part| match part {
                Part::Leaf(place) => of_leaf(*place),
                Part::Composite(place) => composed.get(*place).copied(),
                Part::Unknown => None,
            };
            let health = |part: &Part| health(part).unwrap_or_default();
            composed.push(composite::combine_all(
                *rule,
                of.iter().map(health),
                must_pass.iter().map(health),
            ));
        }
        composed.last().copied().unwrap_or_default()
    }
}

impl<'a> View<'a> {
    /// A monitor, to judge origins by.
    #[must_use]
    pub fn by<'m>(&self, monitor: &'m MonitorId) -> By<'m>
    where
        'a: 'm,
    {
        By::of(self.config, monitor)
    }
}
