//! From targets to the probes that are made of them.
//!
//! A round may have thousands. What many of them share is looked up once: where origins are, and
//! which fields of an answer somebody asks for.

use super::Probe;
use crate::config::{Config, Origin};
use crate::ids::{MonitorId, OriginId, RegionId};
use crate::ordered::{Map, Set};
use crate::target::Target;

/// What the probes of one round share.
#[derive(Debug)]
pub(super) struct Making<'c> {
    config: &'c Config,
    places: Map<&'c OriginId, (&'c RegionId, &'c Origin)>,
    fields: Map<&'c MonitorId, Vec<String>>,
}

impl<'c> Making<'c> {
    /// For a round of these targets.
    pub(super) fn of(config: &'c Config, targets: impl Iterator<Item = &'c Target>) -> Self {
        let monitors: Set<&MonitorId> = targets.map(|target| &target.monitor).collect();
        let fields = monitors.into_iter().map(|monitor| (monitor, config.fields_of(monitor)));
        Self { config, places: config.places(), fields: Map::of(fields) }
    }

    /// The probe of one of them, by all areas. `None` where the config has no such target.
    pub(super) fn probe(&self, target: &Target) -> Option<Probe> {
        let place = self.places.get(&target.origin)?;
        let monitor = self.config.monitors.get(&target.monitor)?;
        let asked = self.config.asked_by_probes(*place, &target.monitor)?;
        Some(Probe {
            target: target.clone(),
            url: asked.url,
            resolve: asked.resolve,
            request: monitor.asking.request.clone(),
            addresses: monitor.addresses_at(place.1).iter().map(ToString::to_string).collect(),
            timeout_ms: monitor.timeout_ms,
            expect: monitor.expect.clone(),
            lag_pointer: monitor.lag_pointer.clone(),
            excerpt: monitor.excerpt,
            fields: self.fields.get(&target.monitor).cloned().unwrap_or_default(),
            areas: Vec::new(),
        })
    }
}
