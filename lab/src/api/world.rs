//! The tables behind the API: one account with its zones, pools, monitors, load balancers, records
//! and tokens.
//!
//! The operations of the API are methods of [`World`], spread over the modules of their objects,
//! and are plain functions of a body: no HTTP, no clock but the time stamps. `seed.rs` adds the
//! methods with which a test sets the scene and plays another person who edits the same objects.
use std::collections::BTreeMap;

use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

use super::auth::ApiToken;
use super::envelope::{Failure, Row};
use super::limits::RateLimit;
use super::plan::{INTERVAL_S, OBJECTS_MAX, Plan};
use super::script::Scripts;
use super::table::{Table, text};

/// Surprising behaviours of the real API, off by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quirks {
    /// Replies list the origins of a pool in another order than they were written (terraform
    /// provider issue 6140).
    pub origins_reordered: bool,
    /// A record without a comment shows `"comment": null`, which the OpenAPI document does not
    /// allow.
    pub absent_comment_is_null: bool,
}

/// The status of a zone that Cloudflare answers for.
pub(crate) const ACTIVE: &str = "active";

/// A zone with its records and load balancers.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) plan: Plan,
    /// `active` if Cloudflare answers for it; `moved`, `pending` or `initializing` otherwise.
    pub(crate) status: &'static str,
    pub(crate) created_on: String,
    pub(crate) records: Table,
    pub(crate) load_balancers: Table,
}

impl Zone {
    /// Whether clients get their answers from it.
    pub(crate) fn answers(&self) -> bool {
        self.status == ACTIVE
    }

    /// Whether a name is the zone's apex or below it.
    pub(crate) fn contains(&self, name: &str) -> bool {
        let below = name.strip_suffix(&self.name);
        below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

/// The whole state of the emulated API.
#[derive(Clone, Debug)]
pub struct World {
    /// Enabled quirks of replies.
    pub quirks: Quirks,
    /// The limit on every user's calls.
    pub rate_limit: RateLimit,
    /// Most pools, and most load balancers; 20 unless the account has an Enterprise plan.
    pub objects_max: usize,
    /// Shortest interval of a monitor, in seconds; it depends on what the account bought.
    pub monitor_interval_s_min: i64,
    pub(crate) account: String,
    pub(crate) zones: Vec<Zone>,
    pub(crate) pools: Table,
    pub(crate) monitors: Table,
    pub(crate) tokens: Vec<ApiToken>,
    pub(crate) scripts: Scripts,
    /// What `/pools/{id}/health` shows as `pop_health`, by pool id.
    pub(crate) health: BTreeMap<String, Value>,
    ids: Ids,
}

impl World {
    /// An empty account. Worlds with the same seed produce the same ids in the same order.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut ids = Ids { seed, made: 0 };
        Self {
            quirks: Quirks::default(),
            rate_limit: RateLimit::default(),
            objects_max: OBJECTS_MAX,
            monitor_interval_s_min: INTERVAL_S.0,
            account: ids.next(),
            zones: Vec::new(),
            pools: Table::default(),
            monitors: Table::default(),
            tokens: Vec::new(),
            scripts: Scripts::default(),
            health: BTreeMap::new(),
            ids,
        }
    }

    pub(crate) fn next_id(&mut self) -> String {
        self.ids.next()
    }

    pub(crate) fn zone(&self, id: &str) -> Result<&Zone, Failure> {
        self.zones.iter().find(|zone| zone.id == id).ok_or_else(super::auth::denied)
    }

    pub(crate) fn zone_mut(&mut self, id: &str) -> Result<&mut Zone, Failure> {
        self.zones.iter_mut().find(|zone| zone.id == id).ok_or_else(super::auth::denied)
    }

    /// Gives a new row its id and time stamps.
    pub(crate) fn born(&mut self, mut row: Row) -> Row {
        let time = now();
        row.insert("id".to_owned(), json!(self.next_id()));
        row.insert("created_on".to_owned(), json!(time));
        row.insert("modified_on".to_owned(), json!(time));
        row
    }

    /// Gives a changed row the id and creation time of the row that it replaces.
    pub(crate) fn reborn(mut row: Row, old: &Row) -> Row {
        for field in ["id", "created_on"] {
            row.insert(field.to_owned(), json!(text(old, field)));
        }
        row.insert("modified_on".to_owned(), json!(now()));
        row
    }
}

/// The time as the API writes it: RFC 3339 in UTC with microseconds.
pub(crate) fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Microsecond).unwrap_or(now).to_string()
}

/// Reproducible ids of 32 hex digits.
#[derive(Clone, Debug)]
struct Ids {
    seed: u64,
    made: u64,
}

impl Ids {
    fn next(&mut self) -> String {
        self.made += 1;
        let (high, low) = (self.made.wrapping_mul(2), self.made.wrapping_mul(2).wrapping_add(1));
        format!("{:016x}{:016x}", mix(self.seed, high), mix(self.seed, low))
    }
}

/// The output function of `SplitMix64`, a bijection: distinct counters never collide.
fn mix(seed: u64, counter: u64) -> u64 {
    let z = seed.wrapping_add(counter.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
