//! What services and the objects that they publish are checked against.

use super::{Checker, item};
use crate::config::raw::RawService;
use crate::config::{Composite, Monitor, Region, Steering};
use crate::ids::{MonitorId, RegionId, TenantId};
use crate::ordered::Map;
use crate::residency::{Allow, Rule};

/// The parts of the config that a service may refer to.
pub(super) struct Known<'a> {
    pub(super) regions: &'a Map<RegionId, Region>,
    pub(super) monitors: &'a Map<MonitorId, Monitor>,
    pub(super) composites: &'a Map<MonitorId, Composite>,
    pub(super) rules: &'a [Rule],
    pub(super) tenants: &'a Map<TenantId, Allow>,
}

/// A service whose published objects are being checked.
pub(super) struct Publisher<'a> {
    pub(super) raw: &'a RawService,
    pub(super) regions: &'a [RegionId],
    pub(super) steering: &'a Steering,
    pub(super) known: &'a Known<'a>,
}

impl Checker<'_> {
    /// The `names` that are among the `known`, each once. Reports the others, and repeats.
    pub(super) fn known_regions<'k>(
        &mut self,
        path: &str,
        names: &[RegionId],
        what: &str,
        known: impl Iterator<Item = &'k RegionId>,
    ) -> Vec<RegionId> {
        self.not_empty(path, names.len());
        let known: Vec<&RegionId> = known.collect();
        let mut found: Vec<RegionId> = Vec::new();
        for (index, id) in names.iter().enumerate() {
            let path = item(path, index);
            if !known.contains(&id) {
                self.unknown(&path, what, id.as_str(), known.iter().map(|id| id.as_str()));
            } else if found.contains(id) {
                self.twice(path, id.as_str());
            } else {
                found.push(id.clone());
            }
        }
        found
    }
}
