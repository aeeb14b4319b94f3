//! The difference between desired and observed, explained.
//!
//! A plan is a value: what to do, in which order and why, and what is withheld and why. It depends
//! only on its arguments, never on the order of the API's lists. Changes that residency requires
//! come first, and no guard withholds them.

mod action;
mod balancers;
mod facts;
mod fields;
mod guards;
mod members;
mod monitors;
mod moves;
mod neighbours;
mod ops;
mod pairs;
mod pools;
mod records;
mod strays;

pub use action::{
    Action, Change, Effect, FieldChange, OriginEdit, Parent, Plan, RecordOp, Urgency, Withheld,
    WithheldReason,
};
pub use guards::{Circumstances, Halts};
pub use moves::Moved;
pub(super) use moves::{brought_in, counted, is_return, taken_away};
pub(super) use pairs::units;
pub(super) use pools::WHOLE_POOL;

use super::desired::Desired;
use super::observed::Observed;
use crate::hold::Hold;
use crate::ordered::{Map, Set};
use crate::other_owner::ForeignFact;
use crate::owned::OwnedRecords;
use crate::time::Timestamp;

/// What a plan is computed from, and the plan so far.
struct Planner<'p> {
    desired: &'p Desired,
    observed: &'p Observed,
    holds: &'p Set<Hold>,
    owned: &'p OwnedRecords,
    now: Timestamp,
    /// What the `A` set of a name says after this plan, by the name, if the set is ours.
    said: Map<String, Set<String>>,
    /// Record sets that are left to another owner for now.
    left: Set<String>,
    plan: Plan,
}

/// Computes the plan and lets the guards screen it.
#[must_use]
pub fn plan(
    desired: &Desired,
    observed: &Observed,
    holds: &Set<Hold>,
    circumstances: &Circumstances,
) -> Plan {
    let Circumstances { owned, now, .. } = circumstances;
    let (plan, said) = (Plan::default(), Map::new());
    let mut planner =
        Planner { desired, observed, holds, owned, now: *now, said, left: Set::new(), plan };
    let names = Set::of(desired.records.iter().map(|wanted| wanted.name.as_str()));
    names.iter().for_each(|name| planner.neighbours(name));
    desired.monitors.iter().for_each(|wanted| planner.monitor(wanted));
    planner.pools();
    desired.records.iter().for_each(|wanted| planner.records(wanted));
    desired.balancers.iter().for_each(|wanted| planner.balancer(wanted));
    planner.tell_of_other_balancers();
    planner.tell_of_left();
    desired.records.iter().for_each(|wanted| planner.others(wanted));
    let Planner { mut plan, left, .. } = planner;
    // By urgency, then by dependency, then by name.
    plan.actions.sort_by_key(|action| (action.urgency, action.change.rank()));
    guards::screen(&mut plan, desired, observed, holds, circumstances);
    mark_stopped(&mut plan, &left);
    // What breaks the law is read first.
    plan.withheld.sort_by_key(|withheld| withheld.why != WithheldReason::Breach);
    // A new pool starts with every origin enabled, and only the next plan can compare it.
    let is_new = |a: &Action| matches!(a.change, Change::Fields { kind: "pools", id: None, .. });
    plan.is_partial &= plan.withheld.iter().any(|withheld| withheld.why.may_pass());
    plan.is_partial |= plan.actions.iter().any(is_new);
    plan
}

/// Marks the facts that are not set right because that was done often enough: within the hour, or
/// because the service's changes of the hour are used up.
fn mark_stopped(plan: &mut Plan, left: &Set<String>) {
    let Plan { facts, withheld, .. } = plan;
    let is_used_up = |record: &str| {
        withheld.iter().any(|it| {
            let what = it.what.strip_prefix(record);
            it.why == WithheldReason::ChangeBudget && what.is_some_and(|it| it.starts_with(": "))
        })
    };
    for fact in facts.iter_mut().filter(|fact| fact.fact != ForeignFact::SecondRecord) {
        fact.is_stopped = left.contains(&fact.record) || is_used_up(&fact.record);
    }
}

impl Planner<'_> {
    fn withhold(&mut self, what: String, why: WithheldReason, because: impl Into<String>) {
        self.plan.withheld.push(Withheld { what, why, because: because.into() });
    }
}

#[cfg(test)]
mod tests;
