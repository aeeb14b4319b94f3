//! What the account says, as far as it concerns us. Unknown fields are skipped here and kept where
//! they are written back.

use crate::config::RecordKind;
use crate::json::fields;
use crate::ordered::Map;

/// One DNS record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: String,
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
    /// Whether it may get traffic; true where the API leaves it out.
    pub enabled: bool,
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
}

fields!(Record { id, content, ttl, proxied = false, comment });
fields!(Pool { id, name, enabled = true, origins });
fields!(PoolOrigin { address, enabled = true });

/// What was read. What could not be read is absent, which is not the same as empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Ids of zones, by name.
    pub zone_ids: Map<String, String>,
    /// All records of a name and type, whoever owns them, by `(name, type)`.
    pub records: Map<(String, RecordKind), Vec<Record>>,
    /// All pools of an account.
    pub pools: Map<String, Vec<Pool>>,
}
