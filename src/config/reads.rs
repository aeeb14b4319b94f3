//! How many calls of Cloudflare's API it takes to read what a config publishes.

use super::{Config, Publish};
use crate::ordered::Set;

/// Calls that read, before anything is changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ApiReads {
    /// Look-ups of zones by name. They are made at first, and then once an hour.
    pub zones: usize,
    /// Lists that each look at the account takes: the records of each zone, and the pools, monitors
    /// and load balancers. A zone takes one more for each further 500 records; one of more than
    /// 2,000 takes one a name instead, if those are fewer.
    pub lists: usize,
}

impl ApiReads {
    /// All calls of the first look.
    #[must_use]
    pub fn first(self) -> usize {
        self.zones.saturating_add(self.lists)
    }

    /// How many passes of so many calls the first look takes.
    #[must_use]
    pub fn passes(self, calls_per_pass: u32) -> usize {
        self.first().div_ceil(usize::try_from(calls_per_pass).unwrap_or(usize::MAX).max(1))
    }
}

impl Config {
    /// What it takes to read all that the services publish, if no zone has more than 500 records.
    #[must_use]
    pub fn api_reads(&self) -> ApiReads {
        let (mut records, mut balancers) = (Set::new(), Set::new());
        let (mut pools, mut monitors) = (Set::new(), Set::new());
        for publish in self.services.values().flat_map(|service| &service.publish) {
            match publish {
                Publish::Dns(target) => records.extend([&target.zone]),
                Publish::LoadBalancer(target) => balancers.extend([&target.zone]),
                Publish::Pool(target) => {
                    pools.extend([&target.account]);
                    monitors.extend([&target.account].into_iter().filter(|_| target.monitor));
                }
            }
        }
        let zones: Set<&String> = records.iter().chain(balancers.iter()).copied().collect();
        let lists = [records.len(), balancers.len(), pools.len(), monitors.len()];
        ApiReads { zones: zones.len(), lists: lists.into_iter().sum() }
    }
}
