//! What a plan is made of.

use crate::cloudflare::desired::Switch;
use crate::cloudflare::observed::Weight;
use crate::config::RecordKind;
use crate::ids::{RegionId, ServiceId};
use crate::json::words;
use crate::ordered::{Map, Set};
use serde_json::Value;
use std::fmt;

/// What to do, in this order, and what not to do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Changes, the most urgent first.
    pub actions: Vec<Action>,
    /// What was deliberately left undone.
    pub withheld: Vec<Withheld>,
    /// The next plan may hold more: something is given back, so that what was withheld may be right
    /// once it is, or a pool is new.
    pub is_partial: bool,
}

words! {
    /// How soon something must be done. What comes first here is done first.
    pub enum Urgency {
        /// What is answered now is forbidden.
        Law = "law",
        /// Traffic is led to what is down.
        Failover = "failover",
        /// Traffic can go where it belongs again.
        Restore = "restore",
        /// Nobody's traffic depends on it.
        Upkeep = "upkeep",
    }
}

/// One change of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// How soon.
    pub urgency: Urgency,
    /// The service that it is for; a monitor may be for several.
    pub service: Option<ServiceId>,
    /// The change.
    pub change: Change,
    /// Why.
    pub reason: String,
    /// What it does to traffic, for the guards.
    pub effect: Effect,
}

/// What a change does to traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// Regions that lose traffic by it.
    pub away: Set<RegionId>,
    /// Regions that serve once it is done, where traffic moves.
    pub serving: Option<Set<RegionId>>,
}

/// Whose child an object is.
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
    /// One record set says something else.
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
        /// What becomes of each origin, by its address as the API has it.
        edits: Map<String, OriginEdit>,
    },
    /// Whole fields of a pool, monitor or load balancer; or a new one.
    Fields {
        /// `pools`, `monitors` or `load_balancers`: its place below the parent.
        kind: &'static str,
        /// Where it is.
        parent: Parent,
        /// The account of the pools and monitors that its fields name.
        account: String,
        /// Its id; absent where it is to be created.
        id: Option<String>,
        /// Its name, a monitor's being its marker.
        name: String,
        /// The fields, with pools and monitors by their names.
        fields: Vec<FieldChange>,
    },
}

/// What becomes of one origin of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OriginEdit {
    /// Its switch.
    pub enabled: Option<bool>,
    /// Its share.
    pub weight: Option<Weight>,
}

/// One field that changes.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// The API's name of it.
    pub name: String,
    /// What it is; null where there is nothing.
    pub from: Value,
    /// What it becomes.
    pub to: Value,
}

/// One change to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordOp {
    /// A record of ours says something else.
    Patch {
        /// Its id.
        id: String,
        /// What it said.
        was: String,
        /// What it says from now on.
        content: String,
        /// Its time to live from now on.
        ttl_s: u32,
        /// Whether Cloudflare answers with its own addresses; `None` leaves that as it is.
        proxied: Option<bool>,
    },
    /// One more record.
    Create {
        /// What it says.
        content: String,
        /// Its time to live.
        ttl_s: u32,
        /// Whether Cloudflare answers with its own addresses.
        proxied: bool,
        /// Its comment, which makes it ours.
        comment: String,
    },
    /// One record of ours less.
    Delete {
        /// Its id.
        id: String,
        /// What it said.
        was: String,
    },
}

words! {
    /// Why something was left undone.
    pub enum WithheldReason {
        /// It is somebody else's.
        Foreign = "foreign",
        /// It is not there, and the config does not say that we manage it.
        Missing = "missing",
        /// A person moves it.
        Manual = "manual",
        /// Nothing permitted is known to be up.
        NoneUp = "none_up",
        /// It cannot be published inside the law.
        Unlawful = "unlawful",
        /// It cannot be compared.
        Unclear = "unclear",
        /// Guard: it is the last destination that is usable.
        LastUsable = "last_usable",
        /// Guard: what remains could not carry the load.
        Capacity = "capacity",
        /// Guard: too many regions would be without traffic at once.
        RegionsAway = "regions_away",
        /// Guard: the service was changed too often in the last hour.
        ChangeBudget = "change_budget",
        /// Guard: traffic was moved a moment ago.
        HoldDown = "hold_down",
        /// Guard: too large a part of a zone would change.
        ZoneShare = "zone_share",
        /// Guard: the name is delegated, or the root of the zone.
        RootNs = "root_ns",
        /// Guard: the observer doubts what it sees.
        ObserverDoubt = "observer_doubt",
        /// Guard: the plan was made from what no longer holds.
        Stale = "stale",
        /// Guard: the operator has halted all changes.
        Halted = "halted",
    }
}

/// Something that was deliberately left undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// What it is about.
    pub what: String,
    /// Why.
    pub why: WithheldReason,
    /// The same in words, with its numbers.
    pub because: String,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.what, self.because, self.why.as_str())
    }
}

impl Action {
    /// What is changed, in a few words.
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
    /// Whether it is about a monitor.
    pub(in crate::cloudflare) fn is_monitor(&self) -> bool {
        matches!(self, Self::Fields { kind: "monitors", .. })
    }

    /// What others need comes before them: monitors, pools, and then what leads to pools.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Fields { kind: "monitors", .. } => 0,
            Self::Fields { kind: "pools", .. } => 1,
            // All records of a zone move with one call; each pool takes two.
            Self::Records { .. } => 2,
            Self::Origins { .. } => 3,
            Self::Fields { .. } => 4,
        }
    }
}

impl OriginEdit {
    /// What it does, in words.
    pub(super) fn words(self, address: &str) -> String {
        let mut words = Vec::new();
        if let Some(enabled) = self.enabled {
            let switch = if enabled { Switch::Enable } else { Switch::Disable };
            words.push(format!("{} {address}", switch.as_str()));
        }
        if let Some(weight) = self.weight {
            words.push(format!("weigh {address} {weight}"));
        }
        words.join(", ")
    }
}
