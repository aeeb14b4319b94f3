//! Overrides that are over, and what nothing uses.

use super::{AdviceCode, Adviser};
use crate::ids::{MonitorId, OriginId, RegionId};
use crate::ordered::Set;

impl Adviser<'_> {
    pub(super) fn waste(&mut self) {
        self.overrides();
        self.is_local();
        let config = self.config;
        let named = Set::of(config.services.values().flat_map(|service| &service.regions));
        for id in config.regions.keys().filter(|id| !named.contains(id)) {
            let why = "it is neither probed nor sent traffic";
            self.unused(&format!("regions.{id}"), why);
        }
        let composites = config.composites.values();
        let members =
            composites.flat_map(|composite| composite.of.iter().chain(&composite.must_pass));
        let monitors = config.services.values().map(|service| &service.monitor);
        let follows = config.services.values().filter_map(|it| it.failover.follow.as_ref());
        let monitors = monitors.chain(follows.map(|follow| &follow.monitor));
        let used: Set<&MonitorId> = Set::of(members.chain(monitors));
        let all = config.monitors.keys().chain(config.composites.keys());
        for id in all.filter(|id| !used.contains(id)) {
            self.unused(&format!("monitors.{id}"), "no service uses it");
        }
        for (id, service) in &config.services {
            if service.hosts.is_empty() && service.publish.is_empty() {
                let why = "without `hosts` and `publish` it is probed but changes nothing";
                self.unused(&format!("services.{id}"), why);
            }
        }
    }

    /// Overrides are stored by origin, so the text names the author.
    fn overrides(&mut self) {
        let now = self.now;
        let over: Vec<(&OriginId, _)> =
            self.config.overrides.iter().filter(|(_, set)| set.until <= now).collect();
        for (id, set) in over {
            let region = self.config.origin(id).map(|(region, _)| RegionId::as_str(region));
            let problem = format!(
                "the override of `{id}` in `{}` by {} ended at {}",
                region.unwrap_or_default(),
                set.author,
                set.until
            );
            self.advise("overrides", AdviceCode::W107, problem, "it no longer has any effect");
        }
    }

    fn is_local(&mut self) {
        if self.config.is_local() {
            let problem = "every origin is on the machine that this runs on".to_owned();
            let why = "at Cloudflare nothing answers there; the config is for a local run only";
            self.advise("regions", AdviceCode::W115, problem, why);
        }
    }

    fn unused(&mut self, path: &str, why: &str) {
        self.advise(path, AdviceCode::W111, "nothing uses this".to_owned(), why);
    }
}
