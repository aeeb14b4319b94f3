//! Failover managers that promote by themselves, and what they say in their documents.
//!
//! Where one rules, Pointsman promotes nothing: two who promote make two primaries. It believes the
//! manager's documents, and of these only what they can know.

use super::monitor::ExpectedJson;
use crate::ids::MonitorId;
use crate::json::words;
use crate::time::{Millis, SECOND};
use serde_json::json;

words! {
    /// A failover manager.
    pub enum Manager {
        /// Patroni, for `PostgreSQL`.
        Patroni = "patroni",
        /// Galera, for `MariaDB` and `MySQL`: every node of the primary component takes writes.
        Galera = "galera",
        /// Redis Sentinel.
        Sentinel = "sentinel",
    }
}

/// A failover manager whose word is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Which one.
    pub manager: Manager,
    /// The monitor whose answers bring its documents.
    pub monitor: MonitorId,
    /// What the primary says of itself: JSON pointers, each with what is expected there.
    pub primary: Vec<(String, ExpectedJson)>,
}

/// Where Patroni says when it last reached its store, in seconds since 1970. It is the only field
/// that tells that all others are stale. Source: Patroni's REST API, "GET /patroni".
pub const DCS_LAST_SEEN: &str = "/dcs_last_seen";
/// Where it says that nobody holds the leader's lock.
pub const CLUSTER_UNLOCKED: &str = "/cluster_unlocked";
/// Where it says on which history of the database it is. A leader that was left behind has an older
/// one.
pub const TIMELINE: &str = "/timeline";
/// How old Patroni's last look at its store may be: the default `ttl` of a leader's lock.
pub const DCS_AGE_MS_MAX: Millis = 30 * SECOND;

impl Manager {
    /// What the primary says of itself, where the config does not say it.
    #[must_use]
    pub fn says_of_primary(self) -> Vec<(String, ExpectedJson)> {
        let pairs: &[(&str, &str)] = match self {
            Self::Patroni => &[("/role", "primary"), ("/state", "running")],
            Self::Galera => &[
                ("/wsrep_cluster_status", "Primary"),
                ("/wsrep_local_state_comment", "Synced"),
                ("/wsrep_ready", "ON"),
            ],
            Self::Sentinel => &[("/role", "master")],
        };
        let owned = |(pointer, value): &(&str, &str)| {
            ((*pointer).to_owned(), ExpectedJson::Equals(json!(value)))
        };
        pairs.iter().map(owned).collect()
    }

    /// The fields by which a document is doubted.
    #[must_use]
    pub fn witnesses(self) -> &'static [&'static str] {
        match self {
            Self::Patroni => &[DCS_LAST_SEEN, CLUSTER_UNLOCKED, TIMELINE],
            Self::Galera | Self::Sentinel => &[],
        }
    }

    /// Whether several regions may be the primary at once.
    #[must_use]
    pub fn has_many(self) -> bool {
        self == Self::Galera
    }
}

impl Follow {
    /// The fields of a document that it goes by.
    pub fn pointers(&self) -> impl Iterator<Item = String> {
        let witnesses = self.manager.witnesses().iter().map(|pointer| (*pointer).to_owned());
        self.primary.iter().map(|(pointer, _)| pointer.clone()).chain(witnesses)
    }
}
