//! What config and health ask for.
//!
//! Only knowledge moves anything: a region that is Unknown is neither a reason to leave nor a place
//! to go. Where no permitted region is Up, a record stays as it is (fail static); where an origin
//! is Unknown, its switch is left alone.

mod balancers;
mod countries;
mod derive;
mod jurisdictions;
mod monitors;
mod pools;
mod records;
mod weights;

pub use derive::desired;

use super::observed::{BalancerFields, MonitorFields, Weight};
use crate::config::{DnsMode, PoolSwitch, RecordKind};
use crate::health::Health;
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::json::words;
use crate::ordered::{Map, Set};

/// Everything that we want to be so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Desired {
    /// Record sets, sorted by name and type.
    pub records: Vec<DesiredRecords>,
    /// Pools, sorted by account and name.
    pub pools: Vec<DesiredPool>,
    /// Monitors of Cloudflare's own, sorted by account and name.
    pub monitors: Vec<DesiredMonitor>,
    /// Load balancers, sorted by name.
    pub balancers: Vec<DesiredBalancer>,
    /// Where the last usable origin must stay enabled.
    pub jurisdictions: Vec<Jurisdiction>,
    /// What services must be able to carry, where they say so.
    pub loads: Map<ServiceId, ServiceLoad>,
}

impl Desired {
    /// Whether there is nothing that we want.
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

/// One record set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the config or of the law")]
pub struct DesiredRecords {
    /// The zone's name.
    pub zone: String,
    /// The records' name.
    pub name: String,
    /// The records' type.
    pub kind: RecordKind,
    /// The service that they follow.
    pub service: ServiceId,
    /// Whether they name one region or every origin that is up.
    pub mode: DnsMode,
    /// Time to live, for records that are not proxied.
    pub ttl_s: u32,
    /// Whether Cloudflare answers with its own addresses; `None` leaves that as it is.
    pub proxied: Option<bool>,
    /// Whether records are created where there are none.
    pub manage: bool,
    /// Whether unmarked records of this name and type are ours.
    pub adopt: bool,
    /// The region that they should name, with the contents; `None` where no permitted region is Up.
    pub answer: Option<(RegionId, Set<String>)>,
    /// The first permitted region with its contents, whatever its health: where records go that say
    /// something that is not permitted while nothing permitted is Up.
    pub refuge: Option<(RegionId, Set<String>)>,
    /// Whether some strict rule or pin binds the name.
    pub is_guarded: bool,
    /// The regions that they may name, in failover order.
    pub regions: Vec<RegionId>,
    /// Everything that the law lets the records say, with the region and what its health asks for.
    pub permitted: Map<String, RecordMember>,
    /// Whether a person moves the answer; we then only keep it inside the law.
    pub manual: bool,
}

/// Something that a record may say, or an origin that a pool may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordMember {
    /// What its health asks for.
    pub switch: Switch,
    /// Where it is.
    pub region: RegionId,
}

/// Origins of one service of which one must stay in use: all of them, and those that a rule or a
/// pin permits. A balancer that runs out of origins in a jurisdiction goes on outside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Jurisdiction {
    /// The service.
    pub service: ServiceId,
    /// What permits them, in words; `None` for the service as a whole.
    pub under: Option<String>,
    /// Addresses of the origins.
    pub addresses: Set<String>,
}

/// One pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DesiredPool {
    /// The account's id.
    pub account: String,
    /// The pool's name.
    pub name: String,
    /// The service that it follows.
    pub service: ServiceId,
    /// Each of its origins, by address.
    pub origins: Map<String, PoolMember>,
    /// What is switched.
    pub switched: PoolSwitch,
    /// The monitor that it should have, by its marker; `None` leaves that as it is.
    pub monitor: Option<String>,
    /// Whether it is created where it is missing.
    pub manage: bool,
}

/// One origin of a pool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolMember {
    /// What its health asks for.
    pub switch: Switch,
    /// Where it is.
    pub region: RegionId,
    /// What it is called where we create it.
    pub id: OriginId,
    /// Its share; `None` leaves that as it is.
    pub weight: Option<Weight>,
}

/// One monitor of Cloudflare's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DesiredMonitor {
    /// The account's id.
    pub account: String,
    /// Its marker, which is its description.
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
    /// The service that it follows.
    pub service: ServiceId,
    /// The account of its pools.
    pub account: String,
    /// The regions of each of its pools, by the pool's name.
    pub pools: Map<String, Vec<RegionId>>,
    /// Pools of which every region is Down or drained.
    pub down: Set<String>,
    /// Whether some strict rule or pin binds it.
    pub is_guarded: bool,
    /// What it should do; `None` where no pool has only regions that everything permits that binds
    /// it, so that it could fall back to none.
    pub fields: Option<BalancerFields>,
    /// Whether it is created where it is missing.
    pub manage: bool,
    /// Whether a person moves it; we then only keep it inside the law.
    pub manual: bool,
}

/// What a service must be able to carry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceLoad {
    /// Requests a second at peak.
    pub peak_rps: u32,
    /// What each region can carry.
    pub capacity_rps: Map<RegionId, u32>,
}

words! {
    /// What an origin's `enabled` should be.
    pub enum Switch {
        /// It is up: enable it, if it was us who disabled it.
        Enable = "enable",
        /// Nobody knows: leave it.
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
