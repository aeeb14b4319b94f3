//! One comparison with the account, as a conversation.
//!
//! [`Reconcile::next_step`] says what to do: write a hold down, make a call, or stop.
//! [`Reconcile::answer`] takes the reply of that call. First everything is read, then the plan is
//! made once, then its actions follow. A failure of one object leaves the others alone; a failure
//! that every call would meet ends the pass. Nothing is repeated here: a pass that failed is made
//! again later, from a fresh reading, and ends in the same state as one that did not.

mod writing;

use super::call::Call;
use super::desired::Desired;
use super::observed::{Observed, Pool, Record};
use super::plan::{Action, plan};
use super::reply::{Failure, Reply, open};
use crate::config::RecordKind;
use crate::hold::Hold;
use crate::json::fields;
use crate::ordered::{Map, Set};
use crate::time::Millis;
use serde_json::Value;
use std::collections::VecDeque;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Write this hold down so that it survives, then ask again.
    Intend(Hold),
    /// Make this call and bring the reply to [`Reconcile::answer`].
    Call(Call),
    /// The pass is over.
    Done,
}

/// What a pass did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Zone ids that were looked up, for the next pass.
    pub zone_ids: Map<String, String>,
    /// Changes that were made and confirmed.
    pub applied: Vec<String>,
    /// What was deliberately not done.
    pub withheld: Vec<String>,
    /// What was withheld may be right in the next pass, so there should be one soon.
    pub is_partial: bool,
    /// What went wrong.
    pub failures: Vec<String>,
    /// Holds that are over: the origin is enabled.
    pub released: Set<Hold>,
    /// No call should be made for this long, because the API said so or cannot be reached.
    pub blocked_ms: Option<Millis>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    FindZone { zone: String },
    ListRecords { zone: String, name: String, kind: RecordKind },
    ListPools { account: String },
    Plan,
    Intend(Hold),
    WriteRecords(Action),
    ReadPool(Action),
    WritePool { action: Action, origins: Vec<Value> },
}

/// One pass.
#[derive(Debug)]
pub struct Reconcile {
    desired: Desired,
    observed: Observed,
    holds: Set<Hold>,
    steps: VecDeque<Step>,
    waiting: Option<Step>,
    report: Report,
}

struct Zone {
    id: String,
    name: String,
}

fields!(Zone { id, name });

impl Reconcile {
    /// Begins a pass with what is wanted, the zone ids that are known, and the holds that are
    /// written down.
    #[must_use]
    pub fn new(desired: Desired, zone_ids: Map<String, String>, holds: Set<Hold>) -> Self {
        let zones = Set::of(desired.records.iter().map(|r| &r.zone));
        let find = zones
            .into_iter()
            .filter(|zone| !zone_ids.contains_key(*zone))
            .map(|zone| Step::FindZone { zone: zone.clone() });
        let list_records = desired.records.iter().map(|r| Step::ListRecords {
            zone: r.zone.clone(),
            name: r.name.clone(),
            kind: r.kind,
        });
        let accounts = Set::of(desired.pools.iter().map(|p| &p.account));
        let list_pools =
            accounts.into_iter().map(|account| Step::ListPools { account: account.clone() });
        let steps = find.chain(list_records).chain(list_pools).chain([Step::Plan]).collect();
        let report = Report { zone_ids: zone_ids.clone(), ..Report::default() };
        let observed = Observed { zone_ids, ..Observed::default() };
        Self { desired, observed, holds, steps, waiting: None, report }
    }

    /// What to do next.
    pub fn next_step(&mut self) -> Next {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Plan => self.make_plan(),
                Step::Intend(hold) => {
                    self.holds.insert(hold.clone());
                    self.report.released.remove(&hold);
                    return Next::Intend(hold);
                }
                step => {
                    if let Some(call) = self.call(&step) {
                        self.waiting = Some(step);
                        return Next::Call(call);
                    }
                }
            }
        }
        Next::Done
    }

    /// Takes the reply of the call that [`Reconcile::next_step`] asked for.
    pub fn answer(&mut self, reply: &Reply) {
        let Some(step) = self.waiting.take() else { return };
        let subject = subject(&step);
        if let Err(failure) = self.take(step, reply) {
            if failure.stops_everything() {
                self.steps.clear();
            }
            if let Failure::RateLimited { retry_after_ms } = failure {
                self.report.blocked_ms = Some(retry_after_ms);
            }
            self.report.failures.push(format!("{subject}: {failure}"));
        }
    }

    /// Ends the pass early, because it has made `calls_max` calls: the rest is for the next one.
    pub fn give_up(&mut self, calls_max: usize) {
        self.waiting = None;
        self.steps.clear();
        self.report.failures.push(format!("the pass needs more than {calls_max} calls"));
    }

    /// Ends the pass.
    #[must_use]
    pub fn finish(self) -> Report {
        self.report
    }

    /// The call of a step; `None` where what it needs was not found, which was reported then.
    fn call(&self, step: &Step) -> Option<Call> {
        match step {
            Step::FindZone { zone } => Some(Call::get(format!("/zones?name={zone}"))),
            Step::ListRecords { zone, name, kind } => {
                let id = self.observed.zone_ids.get(zone)?;
                let query = format!("type={kind}&name.exact={name}&per_page=100");
                Some(Call::get(format!("/zones/{id}/dns_records?{query}")))
            }
            Step::ListPools { account } => {
                Some(Call::get(format!("/accounts/{account}/load_balancers/pools")))
            }
            Step::WriteRecords(action) => writing::records_call(action, &self.observed),
            Step::ReadPool(action) => writing::pool_path(action).map(Call::get),
            Step::WritePool { action, origins } => writing::pool_call(action, origins),
            Step::Plan | Step::Intend(_) => None,
        }
    }

    fn take(&mut self, step: Step, reply: &Reply) -> Result<(), Failure> {
        match step {
            Step::FindZone { zone } => self.take_zone(zone, reply),
            Step::ListRecords { zone, name, kind } => self.take_records(&zone, name, kind, reply),
            Step::ListPools { account } => {
                let pools: Vec<Pool> = open(reply, "Load Balancing: Monitors and Pools Read")?;
                self.observed.pools.insert(account, pools);
                Ok(())
            }
            Step::WriteRecords(action) => {
                writing::check_records(&action, reply)?;
                self.report.applied.push(action.to_string());
                Ok(())
            }
            Step::ReadPool(action) => {
                let origins = writing::edited_origins(&action, reply)?;
                self.steps.push_front(Step::WritePool { action, origins });
                Ok(())
            }
            Step::WritePool { action, .. } => {
                writing::check_pool(&action, reply)?;
                self.report.applied.push(action.to_string());
                self.release(&action);
                Ok(())
            }
            Step::Plan | Step::Intend(_) => Ok(()),
        }
    }

    fn take_zone(&mut self, zone: String, reply: &Reply) -> Result<(), Failure> {
        let zones: Vec<Zone> = open(reply, "Zone Read")?;
        let found = zones.into_iter().find(|z| z.name.eq_ignore_ascii_case(&zone));
        let id = found
            .map(|z| z.id)
            .ok_or_else(|| Failure::NotFound("the token sees no zone of this name".to_owned()))?;
        self.observed.zone_ids.insert(zone.clone(), id.clone());
        self.report.zone_ids.insert(zone, id);
        Ok(())
    }

    fn take_records(
        &mut self,
        zone: &str,
        name: String,
        kind: RecordKind,
        reply: &Reply,
    ) -> Result<(), Failure> {
        let records: Result<Vec<Record>, Failure> = open(reply, "DNS Read");
        if let Err(Failure::NotFound(_)) = records {
            // The zone was deleted and made anew: its id is looked up again in the next pass.
            self.report.zone_ids.remove(zone);
        }
        self.observed.records.insert((name, kind), records?);
        Ok(())
    }

    fn make_plan(&mut self) {
        self.release_what_is_enabled();
        let plan = plan(&self.desired, &self.observed, &self.holds);
        self.report.withheld.extend(plan.withheld.iter().map(ToString::to_string));
        self.report.is_partial = plan.is_partial;
        for action in plan.actions {
            self.steps.extend(writing::intents(&action).into_iter().map(Step::Intend));
            self.steps.push_back(match action {
                Action::Records { .. } => Step::WriteRecords(action),
                Action::Pool { .. } => Step::ReadPool(action),
            });
        }
    }

    /// A hold is over once its origin is seen enabled, whoever enabled it.
    fn release_what_is_enabled(&mut self) {
        let over = |hold: &Hold| {
            let pools = self.observed.pools.get(&hold.account).map_or(&[][..], Vec::as_slice);
            let pool = pools.iter().find(|pool| pool.name == hold.pool);
            let origins = pool.map_or(&[][..], |pool| &pool.origins);
            let mut held = origins.iter().filter(|o| o.address == hold.address).peekable();
            held.peek().is_some() && held.all(|origin| origin.enabled)
        };
        let released = Set::of(self.holds.iter().filter(|hold| over(hold)).cloned());
        self.holds.retain(|hold| !released.contains(hold));
        self.report.released.extend(released);
    }

    fn release(&mut self, action: &Action) {
        for hold in writing::held_by(action) {
            self.report.released.insert(hold);
        }
    }
}

fn subject(step: &Step) -> String {
    match step {
        Step::FindZone { zone } => format!("zone {zone}"),
        Step::ListRecords { name, kind, .. } => format!("records {name} {kind}"),
        Step::ListPools { account } => format!("pools of account {account}"),
        Step::WriteRecords(action) | Step::ReadPool(action) | Step::WritePool { action, .. } => {
            action.to_string()
        }
        Step::Plan | Step::Intend(_) => String::new(),
    }
}

#[cfg(test)]
mod tests;
