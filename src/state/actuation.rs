//! What is remembered of our work at Cloudflare.

use crate::fingerprint::Fingerprint;
use crate::hold::{Claim, Hold};
use crate::ids::ServiceId;
use crate::json::{fields, words};
use crate::ordered::{Map, Set};
use crate::other_owner::OtherOwners;
use crate::owned::OwnedRecords;
use crate::tally::Tally;
use crate::time::Timestamp;

/// What we changed at Cloudflare, and what is left to do there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actuation {
    /// Ids of zones, by name, once looked up.
    pub zone_ids: Map<String, String>,
    /// When it was last seen that a zone is active, by its name.
    pub zones_seen: Map<String, Timestamp>,
    /// What is remembered of our records, by their ids.
    pub owned: OwnedRecords,
    /// What other owners did to our records: each fact once, by its key.
    pub other_owners: OtherOwners,
    /// Record sets that a person takes back, such as `files.example.com A`, until that is done.
    pub take_backs: Map<String, Timestamp>,
    /// Origins that we disabled in pools, and so may enable again.
    pub holds: Set<Hold>,
    /// Origins that a call of ours may have disabled: nothing has shown it yet.
    pub claims: Vec<Claim>,
    /// Accounts that refused a monitor at the interval of the config, with the time.
    pub slow_monitors: Map<String, Timestamp>,
    /// Changes that were begun and that no reply has confirmed.
    pub intents: Vec<Intent>,
    /// Permissions that the token turned out to lack, by name.
    pub denied: Map<String, Denied>,
    /// When traffic of each service was last moved.
    pub moved_at: Map<ServiceId, Timestamp>,
    /// Changes of each service, counted over time.
    pub changes: Map<ServiceId, Tally>,
    /// Records of each zone that changed without a failure behind it, counted over time.
    pub zone_changes: Map<String, Tally>,
    /// Contents that failovers took away and that are not back, by record set, such as
    /// `files.example.com A`.
    pub moved: Map<String, Set<String>>,
    /// Calls of the API, counted over time.
    pub calls: Tally,
    /// No upkeep before this instant: the API refused us for too many calls.
    pub upkeep_after: Option<Timestamp>,
    /// The desired state that the account last had, found or made so.
    pub settled: Option<Fingerprint>,
    /// When the account was last compared with it.
    pub compared_at: Option<Timestamp>,
    /// The desired state that a pass last tried to reach.
    pub attempted: Option<Fingerprint>,
    /// No call before this instant: the API asked us to wait.
    pub blocked_until: Option<Timestamp>,
    /// Failed attempts in a row that got no further.
    pub attempts: u32,
    /// How much the last failed attempt left.
    pub left: Option<Left>,
    /// When the next pass is due that need not wait for a round.
    pub retry_at: Option<Timestamp>,
    /// Why it is.
    pub retry_why: Option<RetryWhy>,
    /// What stands in the way.
    pub failures: Vec<String>,
    /// What was withheld on purpose, with the reason.
    pub withheld: Vec<String>,
    /// The last changes that were made, oldest first; at most [`super::APPLIED_MAX`].
    pub applied: Vec<Applied>,
}

words! {
    /// Why a pass is due that need not wait for a round.
    pub enum RetryWhy {
        /// The last one failed.
        Failed = "failed",
        /// The last one ran out of calls, and what is left is more than upkeep.
        OutOfCalls = "out_of_calls",
        /// Upkeep was put off.
        Upkeep = "upkeep",
        /// A guard withheld a change, and its time ends then.
        GuardEnds = "guard_ends",
    }
}

/// How much a pass left to do; less is further.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Lists and names that were not read.
    pub unread: u32,
    /// Planned changes that were not made; the maximum if there was no plan.
    pub undone: u32,
}

/// A change that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub what: String,
}

/// A permission that the API refused to the token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Denied {
    /// When the API first refused it.
    pub at: Timestamp,
    /// What the API said.
    pub said: String,
    /// How often it refused it, apart in time. One refusal may be a mistake of the API's.
    pub sightings: u32,
    /// When it did so last; absent in what older builds wrote.
    pub last_at: Option<Timestamp>,
    /// When what needs it is tried again.
    pub next_at: Option<Timestamp>,
    /// When a person was last called.
    pub told_at: Option<Timestamp>,
}

/// One change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// When the API confirmed it.
    pub at: Timestamp,
    /// What it was.
    pub what: String,
    /// What asked for it.
    pub why: String,
}

fields!(Actuation {
    zone_ids = Map::new(),
    zones_seen = Map::new(),
    owned = Map::new(),
    other_owners = Map::new(),
    take_backs = Map::new(),
    holds = Set::new(),
    claims = Vec::new(),
    slow_monitors = Map::new(),
    intents = Vec::new(),
    denied = Map::new(),
    moved_at = Map::new(),
    changes = Map::new(),
    zone_changes = Map::new(),
    moved = Map::new(),
    calls = Tally::default(),
    upkeep_after,
    settled,
    compared_at,
    attempted,
    blocked_until,
    attempts = 0,
    left,
    retry_at,
    retry_why,
    failures = Vec::new(),
    withheld = Vec::new(),
    applied = Vec::new(),
});

fields!(Left { unread, undone });
fields!(Intent { at, what });
fields!(Denied { at, said, sightings = 1, last_at, next_at, told_at });
fields!(Applied { at, what, why = String::new() });
