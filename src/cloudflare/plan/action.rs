//! The parts of a plan.

use crate::cloudflare::desired::Switch;
use crate::cloudflare::observed::Weight;
use crate::config::RecordKind;
use crate::ids::{RegionId, ServiceId};
use crate::json::words;
use crate::ordered::{Map, Set};
use crate::other_owner::FoundFact;
use serde_json::Value;
use std::fmt;

/// What to do, in order, and what was withheld.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Changes, the most urgent first.
    pub actions: Vec<Action>,
    /// Changes that were withheld.
    pub withheld: Vec<Withheld>,
    /// Whether the next plan may contain more: something is enabled again, after which a withheld
    /// change may be safe, or a pool is new.
    pub is_partial: bool,
    /// What other owners did to records of ours, as the account shows it.
    pub facts: Vec<FoundFact>,
}

words! {
    /// How urgent a change is, the most urgent first.
    pub enum Urgency {
        /// A residency rule is broken now.
        Law = "law",
        /// Traffic goes to something that is down.
        Failover = "failover",
        /// Traffic can return to where it belongs.
        Restore = "restore",
        /// No traffic depends on it.
        Upkeep = "upkeep",
    }
}

/// One change to one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// How urgent it is.
    pub urgency: Urgency,
    /// The service that it is for; absent for a monitor, which several services may share.
    pub service: Option<ServiceId>,
    /// The change.
    pub change: Change,
    /// Why.
    pub reason: String,
    /// Its effect on traffic, for the guards.
    pub effect: Effect,
}

/// The effect of a change on traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// Regions that lose traffic.
    pub away: Set<RegionId>,
    /// Regions that serve afterwards, if traffic moves.
    pub serving: Option<Set<RegionId>>,
}

/// What an object belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parent {
    /// A zone, by its name.
    Zone(String),
    /// An account, by its id.
    Account(String),
}

/// What changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Records of one record set change.
    Records {
        /// The zone's name.
        zone: String,
        /// The records' name.
        name: String,
        /// The records' type.
        kind: RecordKind,
        /// The changes.
        ops: Vec<RecordOp>,
    },
    /// Origins of one pool, by reading the array and writing all of it back.
    Origins {
        /// The account's id.
        account: String,
        /// The pool's id.
        id: String,
        /// The pool's name.
        name: String,
        /// The edit of each origin, by its address and port as the API has them; see
        /// [`PoolOrigin::written`](crate::cloudflare::PoolOrigin::written).
        edits: Map<String, OriginEdit>,
    },
    /// Fields of a pool, monitor or load balancer, or a new one.
    Fields {
        /// `pools`, `monitors` or `load_balancers`: its collection under the parent.
        kind: &'static str,
        /// The zone or account that it belongs to.
        parent: Parent,
        /// The account of the pools and monitors that its fields refer to.
        account: String,
        /// Its id; absent if it is to be created.
        id: Option<String>,
        /// Its name; for a monitor, its marker.
        name: String,
        /// The fields, with pools and monitors by name.
        fields: Vec<FieldChange>,
    },
}

/// The edit of one origin of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OriginEdit {
    /// Its new `enabled`, if it changes.
    pub enabled: Option<bool>,
    /// Its new weight, if it changes.
    pub weight: Option<Weight>,
    /// The host that it is told from now on, if that changes.
    pub host_header: Option<String>,
}

/// One changed field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// Its name in the API.
    pub name: String,
    /// Its value now; null if it has none.
    pub from: Value,
    /// Its new value.
    pub to: Value,
}

/// One change to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordOp {
    /// One of our records changes.
    Patch {
        /// Its id.
        id: String,
        /// Its content now.
        was: String,
        /// Its new content.
        content: String,
        /// Its new TTL.
        ttl_s: u32,
        /// Whether Cloudflare proxies the name; `None` leaves that as it is.
        proxied: Option<bool>,
        /// Its comment, if its marker is lost; `None` leaves it as it is.
        comment: Option<String>,
        /// Its tags, if they were lost together with the marker; `None` leaves them as they are.
        tags: Option<Vec<String>>,
    },
    /// A new record.
    Create {
        /// Its content.
        content: String,
        /// Its TTL.
        ttl_s: u32,
        /// Whether Cloudflare proxies the name.
        proxied: bool,
        /// Its comment, which marks it as ours.
        comment: String,
        /// Its tags: those of the record that it takes the place of.
        tags: Vec<String>,
    },
    /// One of our records is deleted.
    Delete {
        /// Its id.
        id: String,
        /// Its content now.
        was: String,
    },
}

words! {
    /// Why a change was withheld.
    pub enum WithheldReason {
        /// What we may not touch breaks a residency rule.
        Breach = "breach",
        /// Others change a record that is ours.
        TwoOwners = "two_owners",
        /// The object belongs to another owner.
        Foreign = "foreign",
        /// The object does not exist, and the config does not set `manage`.
        Missing = "missing",
        /// Only a person moves it.
        Manual = "manual",
        /// No permitted region is known to be up.
        NoneUp = "none_up",
        /// It cannot be published within the residency rules.
        Unlawful = "unlawful",
        /// It cannot be compared.
        Unclear = "unclear",
        /// It is disabled, and nothing shows that we disabled it.
        Unproved = "unproved",
        /// We disabled it, and it is no longer in the config.
        LeftConfig = "left_config",
        /// The API does not accept it as the config has it.
        Refused = "refused",
        /// Guard: it is the last usable origin.
        LastUsable = "last_usable",
        /// Guard: the remaining regions could not carry the load.
        Capacity = "capacity",
        /// Guard: too many regions would be out of service at once.
        RegionsAway = "regions_away",
        /// Guard: the service used up its changes of the last hour.
        ChangeBudget = "change_budget",
        /// Guard: traffic moved a moment ago.
        HoldDown = "hold_down",
        /// Guard: too large a part of a zone would change.
        ZoneShare = "zone_share",
        /// Guard: the name has NS records.
        RootNs = "root_ns",
        /// Guard: the observer doubts itself.
        ObserverDoubt = "observer_doubt",
        /// Guard: the plan is based on outdated facts.
        Stale = "stale",
        /// Guard: the operator has halted all changes.
        Halted = "halted",
    }
}

impl WithheldReason {
    /// Whether what is carried out now may put an end to it, so that the next plan should come
    /// soon. The others wait for a person.
    pub(super) fn may_pass(self) -> bool {
        !matches!(
            self,
            Self::Foreign
                | Self::Missing
                | Self::Manual
                | Self::Unclear
                | Self::Unproved
                | Self::LeftConfig
                | Self::Refused
        )
    }
}

/// A change that was withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The object or change.
    pub what: String,
    /// Why.
    pub why: WithheldReason,
    /// The reason in words, with its numbers.
    pub because: String,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.what, self.because, self.why.as_str())
    }
}

impl Action {
    /// The object that changes, in a few words.
    #[must_use]
    pub fn what(&self) -> String {
        match &self.change {
            Change::Records { name, kind, .. } => format!("{name} {kind}"),
            Change::Origins { name, .. } => format!("pool {name}"),
            Change::Fields { kind, name, .. } => {
                let kind = match *kind {
                    "pools" => "pool",
                    "monitors" => "monitor",
                    _ => "load balancer",
                };
                format!("{kind} {name}")
            }
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what(), self.reason)
    }
}

impl Change {
    /// Whether it changes a monitor.
    pub(in crate::cloudflare) fn is_monitor(&self) -> bool {
        matches!(self, Self::Fields { kind: "monitors", .. })
    }

    /// Whether it changes an object of an account, rather than of a zone.
    pub(in crate::cloudflare) fn is_of_account(&self) -> bool {
        matches!(self, Self::Origins { .. } | Self::Fields { parent: Parent::Account(_), .. })
    }

    /// Orders changes by dependency: monitors, then pools, then what refers to pools.
    pub(in crate::cloudflare) fn rank(&self) -> u8 {
        match self {
            Self::Fields { kind: "monitors", .. } => 0,
            Self::Fields { kind: "pools", .. } => 1,
            // One call moves all records of a zone; each pool takes two.
            Self::Records { .. } => 2,
            Self::Origins { .. } => 3,
            Self::Fields { .. } => 4,
        }
    }
}

impl OriginEdit {
    /// The edit in words.
    pub(super) fn words(&self, address: &str) -> String {
        let mut words = Vec::new();
        if let Some(enabled) = self.enabled {
            let switch = if enabled { Switch::Enable } else { Switch::Disable };
            words.push(format!("{} {address}", switch.as_str()));
        }
        if let Some(weight) = self.weight {
            words.push(format!("set the weight of {address} to {weight}"));
        }
        if let Some(host) = &self.host_header {
            words.push(format!("tell {address} the host {host}"));
        }
        words.join(", ")
    }
}
