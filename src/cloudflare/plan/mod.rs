//! The difference between desired and observed, explained.
//!
//! A plan is values all through: what to do, in which order and why; and what is left undone, and
//! why. It depends on its arguments alone, never on the order in which the API listed things. The
//! law comes first in it, and is the one thing that no guard holds back.

mod action;
mod balancers;
mod fields;
mod guards;
mod monitors;
mod pools;
mod records;

pub use action::{
    Action, Change, Effect, FieldChange, OriginEdit, Parent, Plan, RecordOp, Urgency, Withheld,
    WithheldReason,
};
pub use guards::Circumstances;
pub(super) use pools::WHOLE_POOL;

use super::desired::Desired;
use super::observed::Observed;
use crate::hold::Hold;
use crate::ordered::Set;

/// What a plan is made from.
struct Planner<'p> {
    desired: &'p Desired,
    observed: &'p Observed,
    holds: &'p Set<Hold>,
    plan: Plan,
}

/// Compares, and lets the guards look.
#[must_use]
pub fn plan(
    desired: &Desired,
    observed: &Observed,
    holds: &Set<Hold>,
    circumstances: &Circumstances,
) -> Plan {
    let mut planner = Planner { desired, observed, holds, plan: Plan::default() };
    desired.monitors.iter().for_each(|wanted| planner.monitor(wanted));
    planner.pools();
    desired.records.iter().for_each(|wanted| planner.records(wanted));
    desired.balancers.iter().for_each(|wanted| planner.balancer(wanted));
    let mut plan = planner.plan;
    // What is urgent first; then what others need to be there; then by name.
    plan.actions.sort_by_key(|action| (action.urgency, action.change.rank()));
    guards::screen(&mut plan, desired, observed, holds, circumstances);
    // In a new pool every origin is enabled, and only the next plan sees it beside the others.
    let is_new = |a: &Action| matches!(a.change, Change::Fields { kind: "pools", id: None, .. });
    plan.is_partial &= !plan.withheld.is_empty();
    plan.is_partial |= plan.actions.iter().any(is_new);
    plan
}

impl Planner<'_> {
    fn withhold(&mut self, what: String, why: WithheldReason, because: impl Into<String>) {
        self.plan.withheld.push(Withheld { what, why, because: because.into() });
    }
}

#[cfg(test)]
mod tests;
