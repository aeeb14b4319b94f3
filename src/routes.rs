//! The routing table: everything a proxy needs to decide, in one KV value.
//!
//! The Controller compiles it, KV carries it, and each isolate reads it once a generation into a
//! [`Table`]. Rules travel in the same document as the regions that they constrain, so a proxy can
//! never hold new regions with old rules. A table that does not read is no table: a proxy refuses
//! rather than guesses.

use crate::country::Country;
use crate::fingerprint::Fingerprint;
use crate::health::Health;
use crate::ids::{RegionId, RuleId, ServiceId};
use crate::json;
use crate::latency::Location;
use crate::ordered::{Map, Set};
use crate::residency::{Rule, When};
use crate::time::{MINUTE, Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// The KV key.
pub const KEY: &str = "routes";
/// The version that this build writes and reads.
pub const VERSION: u32 = 1;
/// A table older than this is called stale: two heartbeats were missed, and KV had time to spread
/// the third.
pub const STALE_AFTER: Millis = 12 * MINUTE;

/// The document under [`KEY`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Routes {
    /// [`VERSION`].
    pub version: u32,
    /// Counts the changes of the Controller's state; a later table has a larger one.
    pub generation: u64,
    /// When the Controller wrote this; renewed by its heartbeat.
    pub as_of: Timestamp,
    /// The config that it was compiled from.
    pub config: Fingerprint,
    /// Services by id.
    pub services: Map<ServiceId, ServiceRoutes>,
    /// The residency rules, all of them.
    pub rules: Vec<RuleEntry>,
}

/// One service of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceRoutes {
    /// Host names, in lower case.
    pub hosts: Vec<String>,
    /// Longest wait for the first byte of one try of a request that may be tried elsewhere.
    pub try_timeout_ms: Millis,
    /// Longest wait for the first byte of an answer, all tries together.
    pub timeout_ms: Millis,
    /// Regions in failover order.
    pub regions: Vec<RegionRoute>,
}

/// One region of one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegionRoute {
    /// The region.
    pub id: RegionId,
    /// Its country.
    pub country: Country,
    /// Its place, where the config tells.
    pub location: Option<Location>,
    /// The best health among its origins.
    pub health: Health,
    /// Smoothed latency of probes, where there is a fresh one.
    pub latency_ms: Option<Millis>,
    /// Scheme, host and port of the origins to use, best first: those that are up, or else those
    /// that are unknown.
    pub origins: Vec<String>,
}

/// One residency rule as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleEntry {
    /// The rule's name.
    pub id: RuleId,
    /// Client countries that it guards; all where absent.
    pub country: Option<Set<Country>>,
    /// Hosts that it guards; all where absent.
    pub host: Option<Set<String>>,
    /// Countries of the regions that it permits.
    pub allow: Set<Country>,
    /// The legal ground, in the operator's words.
    pub basis: Option<String>,
}

impl From<&Rule> for RuleEntry {
    fn from(rule: &Rule) -> Self {
        let When { country, host } = rule.when.clone();
        let Rule { id, allow, basis, .. } = rule.clone();
        Self { id, country, host, allow, basis }
    }
}

impl From<RuleEntry> for Rule {
    fn from(entry: RuleEntry) -> Self {
        let RuleEntry { id, country, host, allow, basis } = entry;
        Self { id, when: When { country, host }, allow, basis }
    }
}

/// Why a text is no table.
#[derive(Debug, thiserror::Error)]
pub enum BadRoutes {
    /// Not this document.
    #[error("the routes do not read: {0}")]
    Shape(#[from] serde_json::Error),
    /// A version of another build.
    #[error("the routes have version {0}, this build reads {VERSION}")]
    Version(u32),
}

/// The table in the form that decisions use.
#[derive(Debug)]
pub struct Table {
    /// The generation of the document.
    pub generation: u64,
    /// When the Controller wrote the document.
    pub as_of: Timestamp,
    services: Vec<(ServiceId, ServiceRoutes)>,
    by_host: Map<String, usize>,
    /// The residency rules.
    pub rules: Vec<Rule>,
}

impl Table {
    /// Reads the document. Errors: [`BadRoutes`].
    pub fn parse(text: &str) -> Result<Self, BadRoutes> {
        let routes: Routes = json::read(text)?;
        if routes.version != VERSION {
            return Err(BadRoutes::Version(routes.version));
        }
        Ok(Self::from(routes))
    }

    /// Whether the Controller has been silent for longer than [`STALE_AFTER`]: the view is old, and
    /// what it says of health may no longer be so. What it says of the law is no older than the
    /// config.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.since(self.as_of) > STALE_AFTER
    }

    /// The service that serves `host`, which must be in lower case and without a port.
    #[must_use]
    pub fn service(&self, host: &str) -> Option<(&ServiceId, &ServiceRoutes)> {
        let index = self.by_host.get(host)?;
        self.services.get(*index).map(|(id, service)| (id, service))
    }
}

impl From<Routes> for Table {
    fn from(routes: Routes) -> Self {
        let services: Vec<_> = routes.services.into_iter().collect();
        let mut by_host = Map::new();
        for (index, (_, service)) in services.iter().enumerate() {
            by_host.extend(service.hosts.iter().map(|host| (host.clone(), index)));
        }
        Self {
            generation: routes.generation,
            as_of: routes.as_of,
            services,
            by_host,
            rules: routes.rules.into_iter().map(Rule::from).collect(),
        }
    }
}
