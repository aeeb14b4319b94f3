//! Reads again what a plan would change and an earlier pass had read.

use super::Reconcile;
use super::operation::Operation;
use super::readings::{Unit, touched};
use super::wanted::{add, of_names};
use crate::cloudflare::plan::{Action, Change, Plan, Urgency};
use crate::ordered::{Map, Set};

impl Reconcile {
    /// The reads to make before this plan is made anew, the first one last; empty if this pass has
    /// read all that it would change. As many as leave enough calls for the changes: the most
    /// urgent first, and the rest is for the next pass.
    pub(super) fn reads_again(&self, plan: &Plan) -> Vec<Operation> {
        let mut chosen = Set::new();
        let mut calls = self.report.calls;
        for action in &plan.actions {
            let old = touched(action).into_iter().filter(|unit| self.carried.contains_key(unit));
            let old: Vec<Unit> = old.filter(|unit| !chosen.contains(unit)).collect();
            let reads = u32::try_from(old.len()).unwrap_or(u32::MAX);
            calls = calls.saturating_add(reads).saturating_add(calls_of(action));
            if calls > self.most_calls(Some(action.urgency)) {
                break;
            }
            chosen.extend(old);
        }
        self.operations_of(chosen)
    }

    fn operations_of(&self, units: Set<Unit>) -> Vec<Operation> {
        let mut names: Map<String, Set<String>> = Map::new();
        let mut lists = Vec::new();
        for unit in units {
            match unit {
                Unit::Name { zone, name } => {
                    add(&mut names, zone, name);
                }
                Unit::Pools(account) => lists.push(Operation::ListPools { account }),
                Unit::Monitors(account) => lists.push(Operation::ListMonitors { account }),
                Unit::Balancers(zone) => {
                    let of_zone = self.desired.balancers.iter().find(|lb| lb.zone == zone);
                    let account = of_zone.map(|balancer| balancer.account.clone());
                    lists.extend(account.map(|account| Operation::ListBalancers { zone, account }));
                }
            }
        }
        let total = |zone: &String| self.observed.records_total.get(zone).copied();
        let names =
            names.into_iter().flat_map(|(zone, names)| of_names(&zone, names, total(&zone)));
        // Pools come before the load balancers that name them.
        let mut operations: Vec<Operation> = names.chain(lists).collect();
        operations.reverse();
        operations
    }

    /// Puts off what would change something that only an earlier pass has read.
    pub(super) fn put_off_unread(&mut self, plan: &mut Plan) {
        let is_old =
            |action: &Action| touched(action).iter().any(|unit| self.carried.contains_key(unit));
        let Some(first) = plan.actions.iter().find(|action| is_old(action)) else { return };
        let urgency = first.urgency;
        plan.actions.retain(|action| !is_old(action));
        self.report.put_off = Some(urgency);
        let is_stuck = plan.actions.is_empty() && self.fresh.is_empty();
        if is_stuck && urgency != Urgency::Upkeep && self.report.failures.is_empty() {
            self.report.failures.push(self.too_few_for_one_change());
        }
    }
}

/// How many calls an action takes at most.
fn calls_of(action: &Action) -> u32 {
    match action.change {
        Change::Origins { .. } => 2,
        Change::Records { .. } | Change::Fields { .. } => 1,
    }
}
