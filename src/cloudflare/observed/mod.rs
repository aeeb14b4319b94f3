//! What the account says, as far as it concerns us. Unknown fields are skipped here and kept where
//! they are written back.

mod balancer;
mod monitor;
mod weight;

pub use balancer::{BalancerFields, PoolMatch, PoolSet, RandomSteering, SetOverrides, Topology};
pub use monitor::MonitorFields;
pub use weight::Weight;

pub(super) use balancer::{PoolsByLocation, renamed};

use crate::json::fields;
use crate::ordered::Map;

/// One DNS record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its type, as DNS writes it.
    pub kind: String,
    /// What it answers.
    pub content: String,
    /// Its time to live; 1 is automatic.
    pub ttl: u32,
    /// Whether Cloudflare answers with its own addresses.
    pub proxied: bool,
    /// Whose it is.
    pub comment: Option<String>,
}

/// One pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is, or what people say of it.
    pub description: Option<String>,
    /// Whether it may get traffic; true where the API leaves it out.
    pub enabled: bool,
    /// The id of its monitor.
    pub monitor: Option<String>,
    /// Its origins, in the API's order.
    pub origins: Vec<PoolOrigin>,
}

/// One origin of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOrigin {
    /// Host name or address.
    pub address: String,
    /// Whether it may get traffic; true where the API leaves it out.
    pub enabled: bool,
    /// Its share beside the others.
    pub weight: Weight,
}

/// One monitor of Cloudflare's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LbMonitor {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub description: Option<String>,
    /// What it does.
    pub fields: MonitorFields,
}

/// One load balancer.
#[derive(Debug, Clone, PartialEq)]
pub struct Balancer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is, or what people say of it.
    pub description: Option<String>,
    /// Whether it answers; what a person switched off stays off.
    pub enabled: bool,
    /// Names of its rules that send some requests to pools of their own.
    pub overriding: Vec<String>,
    /// What of it we may keep, with pools by their names.
    pub fields: BalancerFields,
}

fields!(Record { id, name, kind as "type", content, ttl, proxied = false, comment });
fields!(Pool { id, name, description, enabled = true, monitor, origins });
fields!(PoolOrigin { address, enabled = true, weight = Weight::ONE });

/// What was read. What could not be read is absent, which is not the same as empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Ids of zones, by name.
    pub zone_ids: Map<String, String>,
    /// How many records a zone has, by its name.
    pub records_total: Map<String, usize>,
    /// All records of a name, whatever their type and owner, by name.
    pub records: Map<String, Vec<Record>>,
    /// All pools of an account.
    pub pools: Map<String, Vec<Pool>>,
    /// All monitors of an account.
    pub monitors: Map<String, Vec<LbMonitor>>,
    /// All load balancers of a zone, by its name.
    pub balancers: Map<String, Vec<Balancer>>,
}

impl Observed {
    /// The pools of an account; none where they could not be read.
    #[must_use]
    pub fn pools_of(&self, account: &str) -> &[Pool] {
        self.pools.get(account).map_or(&[], Vec::as_slice)
    }

    /// The monitors of an account; none where they could not be read.
    #[must_use]
    pub fn monitors_of(&self, account: &str) -> &[LbMonitor] {
        self.monitors.get(account).map_or(&[], Vec::as_slice)
    }
}
