//! Which calls are under way side by side, and which wait.
//!
//! The steps of a pass have an order, and a call may begin beside others where that order means
//! nothing:
//!
//! - Reads of different objects. The id of a zone is looked up before what is in the zone, and the
//!   pools of an account before the load balancers that name them. All are answered before the plan
//!   is made.
//! - Changes of one [`Stage`](super::operation::Stage): equally urgent, of objects that none of the
//!   others refers to. So a repair of a breach is answered before a failover begins, a monitor
//!   before the pool that names it, the records of a service before its pools.
//! - Within a stage: records of different zones; pools, monitors and load balancers of different
//!   services. Changes of one service keep their order, because its guards looked at them in it.
//!
//! To read a pool, to write it and, if the reply was lost, to read it back is a chain: each call
//! begins when the one before it is answered. So no object ever has two calls under way.
//!
//! Until the API has accepted the token, one call is made at a time: if it refuses the token, is
//! out of reach or asks us to come later, one call finds out, as ever.
//!
//! Calls count when they begin. One that has others after it keeps room for them in the allowance,
//! so that a pass with few calls finishes as much as if it made one after another.

use super::Reconcile;
use super::operation::{Operation, scope};
use super::step::Step;
use super::wanted::{PAGES_MAX, pages};
use crate::cloudflare::plan::Change;
use crate::ordered::Set;

/// Most calls of a pass that are under way at once. A Worker has six connections that wait for the
/// head of a response; a seventh would only wait in a queue that nobody sees. Source:
/// developers.cloudflare.com/workers/platform/limits, simultaneous open connections.
pub const CALLS_AT_ONCE: usize = 6;

/// How far ahead of the first step that has to wait another one is looked for.
const LOOK_AHEAD: usize = 64;

impl Operation {
    /// Whether it may not begin before this earlier one is answered.
    pub(super) fn waits_for(&self, earlier: &Self) -> bool {
        match (self.stage(), earlier.stage()) {
            (None, None) => self.reads_after(earlier),
            (Some(stage), Some(other)) => stage != other || self.is_bound_to(earlier),
            _ => true,
        }
    }

    fn reads_after(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Plan, _) | (_, Self::Plan) => true,
            (_, Self::FindZone { zone }) => self.is_of_zone() && self.scope() == zone,
            (_, Self::ListPools { account }) => self.account() == Some(account),
            _ => false,
        }
    }

    /// Whether two changes of one stage concern one object or, unless they are of records, one
    /// service.
    fn is_bound_to(&self, earlier: &Self) -> bool {
        let service = |operation: &Self| match operation {
            Self::WriteRecords(_) => None,
            _ => operation.change().and_then(|action| action.service.clone()),
        };
        self.object() == earlier.object()
            || service(self).is_some_and(|it| service(earlier) == Some(it))
    }

    /// What its call changes, or reads to change it: kind, zone or account, name.
    pub(super) fn object(&self) -> Option<(&str, &str, &str)> {
        if let Self::ReadBack { takes, gives, .. } = self {
            let hold = takes.iter().chain(gives).next()?;
            return Some(("pools", &hold.account, &hold.pool));
        }
        let action = self.change()?;
        Some(match &action.change {
            // One batch of a zone after the other: a name may be in both.
            Change::Records { zone, .. } => ("dns_records", zone, ""),
            Change::Origins { account, name, .. } => ("pools", account, name),
            Change::Fields { kind, name, .. } => (kind, scope(action), name),
        })
    }
}

impl Reconcile {
    /// The place of the first step that may begin now.
    pub(super) fn next_place(&self) -> Option<usize> {
        let most = if self.is_accepted { CALLS_AT_ONCE } else { 1 };
        if self.under_way.len() >= most {
            return None;
        }
        let mut before: Vec<&Operation> =
            self.under_way.values().map(|step| &step.operation).collect();
        for (place, Step { operation, .. }) in self.steps.iter().enumerate().rev().take(LOOK_AHEAD)
        {
            if !before.iter().any(|earlier| operation.waits_for(earlier)) {
                return Some(place);
            }
            before.push(operation);
        }
        None
    }

    /// How many calls those under way will need after them.
    pub(super) fn calls_to_come(&self) -> u32 {
        let steps = self.under_way.values();
        let calls = steps.map(|step| self.calls_after(&step.operation)).sum::<usize>();
        u32::try_from(calls).unwrap_or(u32::MAX)
    }

    fn calls_after(&self, operation: &Operation) -> usize {
        match operation {
            Operation::ReadPool(_) => 1,
            // Its other pages, or its names one by one: see `wanted::is_by_name`.
            Operation::ListRecords { zone, page: 1 } => {
                let records = self.desired.records.iter().filter(|it| it.zone == *zone);
                let names = Set::of(records.map(|records| &records.name)).len();
                names.max(PAGES_MAX.saturating_sub(1))
            }
            Operation::ListRecords { zone, page } => {
                let total = self.observed.records_total.get(zone).copied().unwrap_or(0);
                pages(total).saturating_sub(*page)
            }
            _ => 0,
        }
    }
}
