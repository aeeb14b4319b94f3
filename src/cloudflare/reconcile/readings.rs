//! What a pass has read, for the next one.
//!
//! A pass has a limited number of calls, and a large account needs more than one pass to be read.
//! So whatever a pass has read is good for the passes after it, until one comes to its end. Two
//! rules keep that as strict as reading everything at once:
//!
//! - A reading that is [`READING_MS_MAX`] old, or ahead of the clock, is not used. It is made
//!   again.
//! - Nothing is changed on an earlier pass's word. If a plan would change an object, the object is
//!   read again first, and the plan is made anew (`refresh.rs`). What a pass has tried to change is
//!   never handed on.

use crate::cloudflare::desired::Desired;
use crate::cloudflare::name::wildcards;
use crate::cloudflare::observed::Observed;
use crate::cloudflare::plan::{Action, Change, Parent};
use crate::ordered::{Map, Set};
use crate::time::{MINUTE, Millis, Timestamp};

/// How old a reading may be that a pass goes by. It is the window in which calls are counted, so
/// that all calls of one window may serve one plan.
pub(super) const READING_MS_MAX: Millis = 5 * MINUTE;
/// Most rows that are handed on: records, pools with their origins, monitors and load balancers. At
/// some hundred bytes a row this is a few megabytes of the 128 that the Controller has.
const ROWS_MAX: usize = 20_000;

/// What is read, and handed on, as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    /// All records of one name, and the number of records in its zone.
    Name { zone: String, name: String },
    /// The pools of an account.
    Pools(String),
    /// The monitors of an account.
    Monitors(String),
    /// The load balancers of a zone.
    Balancers(String),
}

/// What passes have read, and when.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Readings {
    observed: Observed,
    read_at: Map<Unit, Timestamp>,
}

impl Readings {
    /// All that was read in a pass or handed to it.
    pub(super) fn of(observed: Observed, read_at: Map<Unit, Timestamp>) -> Self {
        let mut readings = Self { observed, read_at };
        let mut rows = 0_usize;
        let observed = &readings.observed;
        readings.read_at.retain(|unit, _| {
            rows = rows.saturating_add(rows_of(observed, unit));
            rows <= ROWS_MAX
        });
        readings.forget_the_rest()
    }

    /// What a pass over `desired` may go by at `now`, and how many readings have become too old.
    pub(super) fn current(mut self, desired: &Desired, now: Timestamp) -> (Self, usize) {
        let wanted = units(desired);
        self.read_at.retain(|unit, _| wanted.contains(unit));
        let before = self.read_at.len();
        let is_good = |at: Timestamp| !at.is_ahead(now) && now.since(at) < READING_MS_MAX;
        self.read_at.retain(|_, at| is_good(*at));
        let too_old = before.saturating_sub(self.read_at.len());
        // A load balancer is compared by the names of its pools, which are in their list.
        for balancer in &desired.balancers {
            if !self.read_at.contains_key(&Unit::Pools(balancer.account.clone())) {
                self.read_at.remove(&Unit::Balancers(balancer.zone.clone()));
            }
        }
        (self.forget_the_rest(), too_old)
    }

    /// The account, as far as it was read.
    #[must_use]
    pub fn account(&self) -> &Observed {
        &self.observed
    }

    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read_at.is_empty()
    }

    pub(super) fn into_parts(self) -> (Observed, Map<Unit, Timestamp>) {
        (self.observed, self.read_at)
    }

    /// Drops the rows of units that do not count.
    fn forget_the_rest(mut self) -> Self {
        let Self { observed, read_at } = &mut self;
        let mut names = Set::new();
        let mut zones = Set::new();
        for unit in read_at.keys() {
            if let Unit::Name { zone, name } = unit {
                names.insert(name.clone());
                names.extend(wildcards(name, zone));
                zones.insert(zone.clone());
            }
        }
        observed.records.retain(|name, _| names.contains(name));
        observed.records_total.retain(|zone, _| zones.contains(zone));
        observed.pools.retain(|account, _| read_at.contains_key(&Unit::Pools(account.clone())));
        observed
            .monitors
            .retain(|account, _| read_at.contains_key(&Unit::Monitors(account.clone())));
        observed.balancers.retain(|zone, _| read_at.contains_key(&Unit::Balancers(zone.clone())));
        self
    }
}

fn rows_of(observed: &Observed, unit: &Unit) -> usize {
    match unit {
        Unit::Name { name, .. } => observed.records.get(name).map_or(0, Vec::len),
        Unit::Pools(account) => {
            let pools = observed.pools_of(account).iter();
            pools.map(|pool| pool.origins.len().saturating_add(1)).sum()
        }
        Unit::Monitors(account) => observed.monitors_of(account).len(),
        Unit::Balancers(zone) => observed.balancers.get(zone).map_or(0, Vec::len),
    }
    .max(1)
}

/// Everything that a plan is made from.
pub(super) fn units(desired: &Desired) -> Set<Unit> {
    let names = desired.records.iter().map(|records| {
        let (zone, name) = (records.zone.clone(), records.name.clone());
        Unit::Name { zone, name }
    });
    let pools = desired.pools.iter().map(|pool| Unit::Pools(pool.account.clone()));
    let monitors = desired.monitors.iter().map(|monitor| Unit::Monitors(monitor.account.clone()));
    let balancers = desired.balancers.iter().map(|lb| Unit::Balancers(lb.zone.clone()));
    names.chain(pools).chain(monitors).chain(balancers).collect()
}

/// What an action changes, first, and what it refers to.
pub(super) fn touched(action: &Action) -> Vec<Unit> {
    match &action.change {
        Change::Records { zone, name, .. } => {
            vec![Unit::Name { zone: zone.clone(), name: name.clone() }]
        }
        Change::Origins { account, .. } => vec![Unit::Pools(account.clone())],
        Change::Fields { kind: "monitors", account, .. } => vec![Unit::Monitors(account.clone())],
        Change::Fields { parent: Parent::Zone(zone), account, .. } => {
            vec![Unit::Balancers(zone.clone()), Unit::Pools(account.clone())]
        }
        Change::Fields { account, .. } => {
            vec![Unit::Pools(account.clone()), Unit::Monitors(account.clone())]
        }
    }
}
