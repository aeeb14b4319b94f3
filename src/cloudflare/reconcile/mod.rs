//! One pass over the account, as a conversation.
//!
//! [`Reconcile::next_step`] says what to do next: record an intent, make a call, or stop.
//! [`Reconcile::answer`] takes the reply to that call. A pass reads everything, makes the plan
//! once, and then carries out its actions, the most urgent first. If one object fails, the others
//! go on. If every call would fail, the pass ends. If a permission is missing, only what needs it
//! is skipped. Nothing is retried here: the next pass ends in the same state. It reads the account
//! anew, or goes on from the [`Readings`] of one that did not come to its end.

mod afterwards;
mod bodies;
mod holds;
mod monitors;
mod moved;
mod notes;
mod operation;
mod reading;
mod readings;
mod refresh;
mod report;
mod rows;
mod wanted;
mod writing;
mod zones;

pub use readings::Readings;
pub use report::{AppliedAction, PassReport, TOKEN};

use super::call::Call;
use super::desired::Desired;
use super::observed::Observed;
use super::plan::{Circumstances, Urgency, Withheld, WithheldReason, plan};
use super::reply::{ApiFailure, Reply};
use crate::hold::{Claim, Hold};
use crate::ordered::{Map, Set};
use crate::time::{SECOND, Timestamp};
use holds::Found;
use operation::Operation;
use reading::Listing;
use readings::{READING_MS_MAX, Unit};

/// The input of a pass.
#[derive(Debug, Clone, Default)]
pub struct PassInput {
    /// The desired state.
    pub desired: Desired,
    /// What the guards know.
    pub circumstances: Circumstances,
    /// The recorded holds.
    pub holds: Set<Hold>,
    /// Holds that are not proved.
    pub claims: Vec<Claim>,
    /// Accounts that refused a monitor at the interval of the config.
    pub slow_monitors: Set<String>,
    /// Known zone ids, by name.
    pub zone_ids: Map<String, String>,
    /// Known zones whose status is to be looked at again.
    pub zones_due: Set<String>,
    /// Permissions that the token is believed to lack: what needs them is not tried, unless it is
    /// urgent.
    pub denied: Map<String, String>,
    /// Permissions that were refused lately, believed or not: what needs them is tried last.
    pub sighted: Set<String>,
    /// What earlier passes have read.
    pub readings: Readings,
    /// How many calls the pass may make.
    pub allowance: Allowance,
    /// Whether to stop after planning.
    pub is_dry: bool,
}

/// How many calls one pass may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// In total.
    pub calls: u32,
    /// Upkeep is put off after this many.
    pub upkeep: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { calls: u32::MAX, upkeep: u32::MAX }
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Record the intent durably, then ask again.
    Intend {
        /// The change, in words.
        what: String,
        /// What the change disables and we do not hold yet: claims until it is proved.
        takes: Vec<Hold>,
        /// What we hold and the change enables: claims again until a reply shows it.
        gives: Vec<Hold>,
    },
    /// Make this call and bring the reply to [`Reconcile::answer`].
    Call(Call),
    /// The pass is over.
    Done,
}

/// One pass.
#[derive(Debug)]
pub struct Reconcile {
    desired: Desired,
    circumstances: Circumstances,
    observed: Observed,
    /// Records of zones whose pages are not all read yet.
    pages: Map<String, Listing>,
    /// When an earlier pass read what this one has not read yet.
    carried: Map<Unit, Timestamp>,
    /// How many ids of zones were known when it began.
    zones_before: usize,
    /// How many readings of earlier passes were too old.
    too_old: usize,
    /// What this pass has read.
    fresh: Set<Unit>,
    /// Whether what the plan would change has been read again.
    is_refreshed: bool,
    /// What this pass has tried to change, and so has to be read again by the next.
    tried: Set<Unit>,
    /// Whether the API has accepted the token in this pass.
    is_accepted: bool,
    /// When the last reply arrived.
    heard_at: Timestamp,
    holds: Set<Hold>,
    claims: Vec<Claim>,
    /// What the current change would newly hold, and what it gives back.
    takes: Vec<Hold>,
    gives: Vec<Hold>,
    /// Monitors that are slower than the config asks for.
    slowed: Vec<Withheld>,
    allowance: Allowance,
    is_dry: bool,
    /// Operations that are left, the next one last.
    operations: Vec<Operation>,
    waiting: Option<Operation>,
    report: PassReport,
}

impl Reconcile {
    /// Begins a pass.
    #[must_use]
    pub fn new(input: PassInput) -> Self {
        let PassInput { mut desired, circumstances, holds, claims, zone_ids, zones_due, .. } =
            input;
        let PassInput { slow_monitors, denied, sighted, readings, allowance, is_dry, .. } = input;
        let (readings, too_old) = readings.current(&desired, circumstances.now);
        let (mut observed, mut carried) = readings.into_parts();
        observed.zone_ids = zone_ids.clone();
        // A claim is judged by what its pool says now.
        carried.retain(|unit, _| {
            !claims.iter().any(|claim| *unit == Unit::Pools(claim.hold.account.clone()))
        });
        let held = Set::of(holds.iter().chain(claims.iter().map(|claim| &claim.hold)));
        let beside = wanted::Beside {
            zones_due: &zones_due,
            accounts: held.iter().map(|hold| hold.account.clone()).collect(),
            sighted: &sighted,
        };
        let operations = wanted::reads(&desired, &observed, &carried, &beside);
        let slowed = monitors::slow(&mut desired.monitors, &slow_monitors);
        let zones_before = zone_ids.len();
        let owned = circumstances.owned.clone();
        let report = PassReport { zone_ids, owned, denied, ..PassReport::default() };
        Self {
            zones_before,
            heard_at: circumstances.now,
            desired,
            circumstances,
            observed,
            pages: Map::new(),
            carried,
            too_old,
            fresh: Set::new(),
            is_refreshed: false,
            tried: Set::new(),
            is_accepted: false,
            holds,
            claims,
            takes: Vec::new(),
            gives: Vec::new(),
            slowed,
            allowance,
            is_dry,
            operations,
            waiting: None,
            report,
        }
    }

    /// Lets the pass make no more calls than these, whatever its allowance was.
    pub fn limit_calls(&mut self, most: u32) {
        self.allowance.calls = self.allowance.calls.min(most);
    }

    /// What to do next.
    pub fn next_step(&mut self) -> Next {
        while let Some(operation) = self.operations.pop() {
            match operation {
                Operation::Plan => self.make_plan(),
                Operation::Intend { what, takes, gives } => {
                    let is_held = |hold: &Hold| self.holds.contains(hold);
                    let takes: Vec<Hold> = takes.into_iter().filter(|h| !is_held(h)).collect();
                    let gives: Vec<Hold> = gives.into_iter().filter(|h| is_held(h)).collect();
                    for hold in takes.iter().chain(&gives) {
                        self.report.holds.begin(hold);
                    }
                    (self.takes, self.gives) = (takes.clone(), gives.clone());
                    self.report.open.push(what.clone());
                    return Next::Intend { what, takes, gives };
                }
                operation if self.is_denied(&operation) => {}
                operation => match self.call(&operation) {
                    Ok(Some(call)) => {
                        if self.report.calls >= self.most_calls(operation.urgency()) {
                            self.put_off(&operation);
                            return Next::Done;
                        }
                        self.report.calls += 1;
                        self.tried.extend(operation.actions().iter().flat_map(readings::touched));
                        self.waiting = Some(operation);
                        return Next::Call(call);
                    }
                    // Something that it needs was not found, which is already reported.
                    Ok(None) => self.was_not_made(&operation.subject()),
                    Err(why) => {
                        self.was_not_made(&operation.subject());
                        self.report.failures.push(format!("{}: {why}", operation.subject()));
                    }
                },
            }
        }
        Next::Done
    }

    /// Takes the reply of the call that [`Reconcile::next_step`] asked for, which arrived at `at`.
    pub fn answer(&mut self, reply: &Reply, at: Timestamp) {
        let Some(operation) = self.waiting.take() else { return };
        self.heard_at = at;
        let (subject, grant) = (operation.subject(), operation.grant());
        let (is_write, is_urgent) = (operation.is_write(), self.is_urgent(&operation));
        let change = operation.pool_change();
        let Err(failure) = self.take(operation, reply) else {
            self.is_accepted = true;
            self.report.denied.remove(&grant);
            self.report.granted.insert(grant);
            return;
        };
        if !is_write || failure.is_certain() {
            self.was_not_made(&subject);
        }
        let read_back = self.read_back(change);
        let told = format!("{subject}: {failure}");
        if let ApiFailure::RateLimited { retry_after_ms } = failure {
            self.report.blocked_ms = Some(retry_after_ms);
        }
        if failure.is_denial() {
            self.deny(grant, &told, &failure, is_urgent);
        }
        // Once the API has accepted the token, a refusal of it concerns this object alone.
        let is_of_object = self.is_accepted && failure.is_denial();
        if failure.stops_everything() && !is_of_object {
            self.operations.clear();
        }
        self.operations.extend(read_back);
        self.report.failures.push(told);
    }

    /// The read that follows a change of a pool of which nobody knows whether it was made.
    fn read_back(&mut self, change: Option<(String, Urgency)>) -> Option<Operation> {
        let (takes, gives) = (std::mem::take(&mut self.takes), std::mem::take(&mut self.gives));
        let (id, urgency) = change?;
        let is_needed = !takes.is_empty() || !gives.is_empty();
        is_needed.then_some(Operation::ReadBack { id, takes, gives, urgency })
    }

    /// Tells the pass what the machine's clock shows. Claims go by it, because they are compared
    /// with instants of the API; the clock of a run may be ahead of both.
    pub fn tell_time(&mut self, machine: Timestamp) {
        let (began, _) = self.report.machine.unwrap_or((machine, machine));
        self.report.machine = Some((began, machine));
    }

    /// Notes that the API refused the token, or this call to it.
    fn deny(&mut self, grant: String, told: &str, failure: &ApiFailure, is_urgent: bool) {
        let is_of_token = matches!(failure, ApiFailure::NotAccepted(_)) && !self.is_accepted;
        let grant = if is_of_token { TOKEN.to_owned() } else { grant };
        if is_urgent || is_of_token && wanted::is_anything_urgent(&self.desired) {
            self.report.urgent.insert(grant.clone());
        }
        self.is_accepted |= matches!(failure, ApiFailure::NotPermitted { .. });
        self.report.refused.insert(grant.clone());
        self.report.denied.insert(grant, told.to_owned());
    }

    /// Whether it may be a failover or a repair of a breach, or may show that one is due.
    fn is_urgent(&self, operation: &Operation) -> bool {
        match operation.urgency() {
            Some(urgency) => urgency <= Urgency::Failover,
            None => wanted::is_urgent(&self.desired, operation.scope()),
        }
    }

    /// Ends the pass before its next change, because its input is out of date.
    pub fn abandon(&mut self, because: String) {
        if let Some(operation) = self.waiting.take() {
            self.was_not_made(&operation.subject());
        }
        self.operations.clear();
        let what = "the rest of the plan".to_owned();
        self.report.withheld.push(Withheld { what, why: WithheldReason::Stale, because });
        self.report.put_off = Some(Urgency::Law);
    }

    /// Ends the pass.
    #[must_use]
    pub fn finish(self) -> PassReport {
        let now = self.circumstances.now;
        let Self { desired, observed, carried, fresh, tried, mut report, .. } = self;
        let mut read_at = carried;
        read_at.extend(fresh.into_iter().map(|unit| (unit, now)));
        report.as_of = read_at.values().min().copied().unwrap_or(now);
        report.left = report::left(&desired, &read_at, &report);
        let is_whole = report.is_planned && report.put_off.is_none() && report.failures.is_empty();
        if is_whole {
            report.seen = Readings::of(observed, read_at);
        } else {
            read_at.retain(|unit, _| !tried.contains(unit));
            report.readings = Readings::of(observed, read_at);
        }
        report
    }

    fn has_read(&mut self, unit: Unit) {
        self.carried.remove(&unit);
        self.fresh.insert(unit);
    }

    fn is_denied(&mut self, operation: &Operation) -> bool {
        let grant = operation.grant();
        let Some(told) = self.report.denied.get(&grant) else { return false };
        if !self.report.refused.contains(&grant) && self.is_urgent(operation) {
            return false;
        }
        let told = told.clone();
        if !self.report.failures.contains(&told) {
            self.report.failures.push(told);
        }
        self.was_not_made(&operation.subject());
        true
    }

    fn most_calls(&self, urgency: Option<Urgency>) -> u32 {
        let Allowance { calls, upkeep } = self.allowance;
        if urgency == Some(Urgency::Upkeep) { calls.min(upkeep) } else { calls }
    }

    /// Ends the pass because it is out of calls; the next pass goes on.
    fn put_off(&mut self, operation: &Operation) {
        let has_found_zones = self.report.zone_ids.len() > self.zones_before;
        if operation.urgency().is_none() {
            if self.fresh.is_empty() && !has_found_zones {
                let told = format!(
                    "{} API calls are not enough to read the account: raise \
                     `limits.api_calls_per_pass`",
                    self.report.calls
                );
                self.report.failures.push(told);
            } else if self.too_old > 0 {
                self.report.failures.push(self.too_slow());
            }
        } else if self.report.applied.is_empty()
            && self.fresh.is_empty()
            && operation.urgency() != Some(Urgency::Upkeep)
        {
            self.report.failures.push(self.too_few_for_one_change());
        }
        let urgency = operation.urgency().unwrap_or(Urgency::Law);
        self.report.put_off = Some(self.report.put_off.map_or(urgency, |other| other.min(urgency)));
        self.was_not_made(&operation.subject());
        self.operations.clear();
    }

    /// Closes an intent whose change certainly was not made: it disabled and enabled nothing.
    fn was_not_made(&mut self, subject: &str) {
        self.close(subject);
        self.report.holds.dropped.extend(self.takes.drain(..));
        for hold in std::mem::take(&mut self.gives) {
            self.report.holds.claim(hold);
        }
    }

    fn too_slow(&self) -> String {
        format!(
            "what was read first is older than {} s before all is read: the config needs {} lists, \
             at {} API calls a pass; raise `limits.api_calls_per_pass` or \
             `limits.api_calls_per_5_min`",
            READING_MS_MAX / SECOND,
            readings::units(&self.desired).len(),
            self.allowance.calls
        )
    }

    fn too_few_for_one_change(&self) -> String {
        format!(
            "{} API calls are not enough for one change: raise `limits.api_calls_per_pass`",
            self.allowance.calls
        )
    }

    /// Closes an intent: the change was made, or certainly was not.
    fn close(&mut self, subject: &str) {
        self.report.open.retain(|what| what != subject);
    }

    fn make_plan(&mut self) {
        self.judge_claims();
        self.release_what_is_enabled();
        self.note_seen();
        let mut plan = plan(&self.desired, &self.observed, &self.holds, &self.circumstances);
        if !self.is_dry && !self.is_refreshed {
            self.is_refreshed = true;
            let again = self.reads_again(&plan);
            if !again.is_empty() {
                self.operations.push(Operation::Plan);
                self.operations.extend(again);
                return;
            }
        }
        self.note_others(&plan);
        self.report.planned = plan.actions.len();
        self.report.is_partial = plan.is_partial;
        self.report.is_planned = true;
        plan.withheld.append(&mut self.report.withheld);
        let doubtful = self.claims.iter().map(|claim| holds::told(claim, &self.observed));
        plan.withheld.extend(doubtful);
        plan.withheld.append(&mut self.slowed);
        if self.is_dry {
            self.report.plan = plan;
            return;
        }
        self.end_what_is_back(&plan);
        self.put_off_unread(&mut plan);
        self.report.withheld = plan.withheld;
        self.operations = operation::writes(plan.actions);
    }

    /// Decides about claims by what was read. Those that are left are doubtful.
    fn judge_claims(&mut self) {
        for claim in std::mem::take(&mut self.claims) {
            let now = self.report.machine.map_or(Timestamp::default(), |(_, now)| now);
            match holds::found(&claim, &self.observed, now) {
                Found::Open => {}
                Found::Ours => {
                    self.holds.insert(claim.hold.clone());
                    self.report.holds.claim(claim.hold);
                }
                Found::Doubtful => {
                    self.report.holds.doubtful.insert(claim.hold.clone());
                    self.claims.push(claim);
                }
                Found::Over => drop(self.report.holds.dropped.insert(claim.hold)),
            }
        }
    }

    /// Releases holds whose origin or pool is enabled again, whoever enabled it.
    fn release_what_is_enabled(&mut self) {
        let (observed, report) = (&self.observed, &mut self.report);
        self.holds.retain(|hold| {
            let is_over = holds::is_over(hold, observed);
            if is_over {
                report.holds.release(hold.clone());
            }
            !is_over
        });
    }
}

#[cfg(test)]
pub(crate) mod tests;
