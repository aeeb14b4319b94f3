//! What config and health call for.
//!
//! Only known health moves anything: traffic neither leaves nor enters a region because it is
//! Unknown. If no permitted region is Up, a record stays as it is (fail static). If an origin is
//! Unknown, its `enabled` is left alone.

mod balancers;
mod countries;
mod derive;
mod jurisdictions;
mod monitors;
mod pools;
mod records;
mod weights;

pub use derive::desired;

use super::endpoint::Endpoint;
use super::observed::{AUTOMATIC_TTL_S, BalancerFields, MonitorFields, Weight};
use crate::config::{DnsMode, PoolSwitch, RecordKind};
use crate::health::Health;
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::json::words;
use crate::ordered::{Map, Set};
use crate::owned::OwnedRecord;

/// The desired state of everything that we manage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Desired {
    /// Record sets, sorted by name and type.
    pub records: Vec<DesiredRecords>,
    /// The region of each host and address that an origin of the config has, where records are
    /// published: what a record that is not ours leads to.
    pub places: Map<String, RegionId>,
    /// Pools, sorted by account and name.
    pub pools: Vec<DesiredPool>,
    /// Monitors of Cloudflare's own, sorted by account and name.
    pub monitors: Vec<DesiredMonitor>,
    /// Load balancers, sorted by name.
    pub balancers: Vec<DesiredBalancer>,
    /// Which sets of origins must each keep one origin in use.
    pub jurisdictions: Vec<Jurisdiction>,
    /// The load of services that configure one.
    pub loads: Map<ServiceId, ServiceLoad>,
}

impl Desired {
    /// Whether nothing is desired.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.pools.is_empty()
            && self.monitors.is_empty()
            && self.balancers.is_empty()
            && self.jurisdictions.is_empty()
            && self.loads.is_empty()
    }
}

/// One desired record set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the config or of the law")]
pub struct DesiredRecords {
    /// The zone's name.
    pub zone: String,
    /// The records' name.
    pub name: String,
    /// The records' type.
    pub kind: RecordKind,
    /// The service whose health they follow.
    pub service: ServiceId,
    /// Whether they name one region, or every origin that is up.
    pub mode: DnsMode,
    /// Time to live, for records that are not proxied.
    pub ttl_s: u32,
    /// Whether Cloudflare proxies the name; `None` leaves that as it is.
    pub proxied: Option<bool>,
    /// Whether missing records are created.
    pub manage: bool,
    /// Whether unmarked records of this name and type are ours.
    pub adopt: bool,
    /// The region that they should name, and its contents; `None` if no permitted region is Up.
    pub answer: Option<(RegionId, Set<String>)>,
    /// The first permitted region with its contents, whatever its health. Records with forbidden
    /// contents go there while no permitted region is Up.
    pub refuge: Option<(RegionId, Set<String>)>,
    /// Whether any strict rule or pin binds the name.
    pub is_guarded: bool,
    /// The permitted regions, in failover order.
    pub regions: Vec<RegionId>,
    /// Every permitted content, with its region and what its health calls for.
    pub permitted: Map<String, RecordMember>,
    /// Whether a person moves the answer; then we only keep it within the residency rules.
    pub manual: bool,
    /// For an `AAAA` set whose name has an `A` set too: the IPv6 addresses of the origin behind
    /// each IPv4 address; none for an origin that has none. The name is one decision, which the
    /// `A` set makes.
    pub follows: Option<Map<String, Set<String>>>,
    /// Regions that are up again and to which clients return by stages: the records neither leave
    /// them nor lead to them anew.
    pub returning: Set<RegionId>,
}

impl DesiredRecords {
    /// The record set as plans, acts and facts name it, such as `files.example.com A`.
    #[must_use]
    pub fn set(&self) -> String {
        format!("{} {}", self.name, self.kind)
    }

    /// Whether what is remembered of a record is of this set.
    #[must_use]
    pub fn has(&self, note: &OwnedRecord) -> bool {
        note.name == self.name
            && note.zone == self.zone
            && note.kind == self.kind.as_str()
            && note.service == self.service
    }

    /// The TTL of its records, in seconds, while they are proxied or not: Cloudflare sets that of
    /// a proxied one.
    #[must_use]
    pub fn ttl_s_where(&self, proxied: bool) -> u32 {
        if proxied { AUTOMATIC_TTL_S } else { self.ttl_s }
    }
}

/// One permitted content of a record set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordMember {
    /// What its health calls for.
    pub switch: Switch,
    /// Its region.
    pub region: RegionId,
}

/// A set of origins of one service of which one must stay in use: all of them, or those that a rule
/// or a pin permits. A balancer that has no origin left in a jurisdiction would send traffic
/// outside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Jurisdiction {
    /// The service.
    pub service: ServiceId,
    /// The rule or pin that permits them, in words; `None` for the whole service.
    pub under: Option<String>,
    /// Keys of the origins; see [`Endpoint::key`].
    pub origins: Set<String>,
}

/// One pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DesiredPool {
    /// The account's id.
    pub account: String,
    /// The pool's name.
    pub name: String,
    /// The service whose health it follows.
    pub service: ServiceId,
    /// Each origin that it may have, by its key; see [`Endpoint::key`].
    pub origins: Map<String, PoolMember>,
    /// Whether it should have all of them. The other pools of a service share its origins out.
    pub is_whole: bool,
    /// Whether origins or the whole pool are disabled.
    pub switched: PoolSwitch,
    /// Its desired monitor, by marker; `None` leaves that as it is.
    pub monitor: Option<String>,
    /// Why it cannot have the monitor that the config asks for, in words.
    pub unmonitored: Option<String>,
    /// Whether it is created if it is missing.
    pub manage: bool,
}

/// One origin of a pool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolMember {
    /// What its health calls for.
    pub switch: Switch,
    /// Its region.
    pub region: RegionId,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Its name if we create it.
    pub id: OriginId,
    /// Its weight; `None` leaves that as it is.
    pub weight: Option<Weight>,
    /// The host that it is told, by the config; `None` leaves that as it is.
    pub host_header: Option<String>,
}

/// One of Cloudflare's own monitors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DesiredMonitor {
    /// The account's id.
    pub account: String,
    /// Its marker, which is also its description.
    pub name: String,
    /// What it does.
    pub fields: MonitorFields,
}

/// One load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DesiredBalancer {
    /// The zone's name.
    pub zone: String,
    /// Its name.
    pub name: String,
    /// The service whose health it follows.
    pub service: ServiceId,
    /// The account of its pools.
    pub account: String,
    /// The regions of each of its pools, by the pool's name.
    pub pools: Map<String, Vec<RegionId>>,
    /// Pools whose regions are all Down or drained.
    pub down: Set<String>,
    /// Whether any strict rule or pin binds it.
    pub is_guarded: bool,
    /// Its fields; `None` if no pool lies entirely in regions that every rule permits, so that
    /// there is no lawful fallback pool.
    pub fields: Option<BalancerFields>,
    /// Whether it is created if it is missing.
    pub manage: bool,
    /// Whether a person moves it; then we only keep it within the residency rules.
    pub manual: bool,
}

/// How much a service must carry, and what its regions can.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceLoad {
    /// Requests a second at peak.
    pub peak_rps: u32,
    /// The capacity of each region.
    pub capacity_rps: Map<RegionId, u32>,
}

words! {
    /// What to do with an origin's `enabled`.
    pub enum Switch {
        /// It is up: enable it if we disabled it.
        Enable = "enable",
        /// Its health is unknown: leave it.
        Leave = "leave",
        /// It is down: disable it.
        Disable = "disable",
    }
}

impl From<Health> for Switch {
    fn from(health: Health) -> Self {
        match health {
            Health::Up => Self::Enable,
            Health::Unknown => Self::Leave,
            Health::Down => Self::Disable,
        }
    }
}

#[cfg(test)]
mod tests;
