//! One pass over the account, as a conversation.
//!
//! [`Reconcile::next_step`] says what to do next: record an intent, begin a call, wait, or stop.
//! [`Reconcile::answer`] takes the reply to one of the calls under way, of which there are at most
//! [`CALLS_AT_ONCE`]; `beside.rs` says which. Who makes one call after another never waits.
//!
//! A pass reads everything, makes the plan once, and then carries out its actions, the most urgent
//! first. If one object fails, the others go on. If every call would fail, none begins any more,
//! and the pass ends with the replies that are still to come. If a permission is missing, only what
//! needs it is skipped. Nothing is retried here: the next pass ends in the same state. It reads the
//! account anew, or goes on from the [`Readings`] of one that did not come to its end.

mod afterwards;
mod beside;
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
mod step;
mod stopping;
mod wanted;
mod writing;
mod zones;

pub use beside::CALLS_AT_ONCE;
pub use readings::Readings;
pub use report::{AppliedAction, PassReport, TOKEN};

use super::call::Call;
use super::desired::Desired;
use super::observed::Observed;
use super::plan::{Circumstances, Urgency, Withheld, plan};
use super::reply::{ApiFailure, Reply};
use crate::hold::{Claim, Hold};
use crate::ordered::{Map, Set};
use crate::time::Timestamp;
use holds::Found;
use operation::{Operation, Stage};
use reading::Listing;
use readings::Unit;
use step::{Ours, Step};
use stopping::Begins;

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
    /// Begin this call, and bring its reply with its number to [`Reconcile::answer`].
    Call(CallNumber, Call),
    /// Ask again once one of the calls under way is answered. Never said while none is.
    Wait,
    /// The pass is over. Never said while a call is under way.
    Done,
}

/// Tells the calls of one pass apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallNumber(u32);

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
    /// Monitors that are slower than the config asks for.
    slowed: Vec<Withheld>,
    allowance: Allowance,
    is_dry: bool,
    /// What is left to do, the next one last.
    steps: Vec<Step>,
    /// Calls that have begun and are not answered.
    under_way: Map<CallNumber, Step>,
    /// What may still begin.
    begins: Begins,
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
        let reads = wanted::reads(&desired, &observed, &carried, &beside);
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
            slowed,
            allowance,
            is_dry,
            steps: reads.into_iter().map(Step::read).collect(),
            under_way: Map::new(),
            begins: Begins::All,
            report,
        }
    }

    /// Lets the pass make no more calls than these, whatever its allowance was.
    pub fn limit_calls(&mut self, most: u32) {
        self.allowance.calls = self.allowance.calls.min(most);
    }

    /// What to do next.
    pub fn next_step(&mut self) -> Next {
        self.drop_what_may_not_begin();
        while let Some(place) = self.next_place() {
            let step = self.steps.remove(place);
            if let Operation::Plan = step.operation {
                self.make_plan();
                continue;
            }
            if self.is_denied(&step.operation) {
                self.was_not_made(step);
                continue;
            }
            let call = match self.call(&step.operation) {
                Ok(Some(call)) => call,
                Ok(None) => {
                    // Something that it needs was not found, which is already reported.
                    self.was_not_made(step);
                    continue;
                }
                Err(why) => {
                    self.report.failures.push(format!("{}: {why}", step.operation.subject()));
                    self.was_not_made(step);
                    continue;
                }
            };
            if !self.has_calls_for(&step.operation) {
                if self.under_way.is_empty() {
                    self.put_off(step);
                    return Next::Done;
                }
                self.steps.insert(place, step);
                return Next::Wait;
            }
            return if step.is_recorded {
                self.begin(step, call)
            } else {
                self.intend(place, step)
            };
        }
        if self.under_way.is_empty() { Next::Done } else { Next::Wait }
    }

    /// Begins a call.
    fn begin(&mut self, step: Step, call: Call) -> Next {
        self.report.calls += 1;
        self.tried.extend(step.operation.actions().iter().flat_map(readings::touched));
        let number = CallNumber(self.report.calls);
        self.under_way.insert(number, step);
        Next::Call(number, call)
    }

    /// Asks to record the intent of a step, which stays at its place.
    fn intend(&mut self, place: usize, mut step: Step) -> Next {
        let Ours { takes, gives } = &mut step.ours;
        takes.retain(|hold| !self.holds.contains(hold));
        gives.retain(|hold| self.holds.contains(hold));
        for hold in takes.iter().chain(gives.iter()) {
            self.report.holds.begin(hold);
        }
        let (takes, gives) = (takes.clone(), gives.clone());
        let what = step.operation.subject();
        self.report.open.push(what.clone());
        step.is_recorded = true;
        self.steps.insert(place, step);
        Next::Intend { what, takes, gives }
    }

    /// Takes the reply to a call that [`Reconcile::next_step`] asked for, which arrived at `at`.
    pub fn answer(&mut self, number: CallNumber, reply: &Reply, at: Timestamp) {
        let Some(Step { operation, mut ours, .. }) = self.under_way.remove(&number) else { return };
        self.heard_at = at;
        let (subject, grant) = (operation.subject(), operation.grant());
        let (is_write, is_urgent) = (operation.is_write(), self.is_urgent(&operation));
        let is_read_back = matches!(operation, Operation::ReadBack { .. });
        let change = operation.pool_change();
        let Err(failure) = self.take(operation, &mut ours, reply) else {
            self.is_accepted = true;
            self.report.denied.remove(&grant);
            self.report.granted.insert(grant);
            return;
        };
        if !is_write || failure.is_certain() {
            self.certainly_not_made(&subject, std::mem::take(&mut ours));
        }
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
            self.stop(&failure, is_read_back);
        }
        self.steps.extend(read_back(change, ours).map(Step::read));
        self.report.failures.push(told);
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
        true
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
                self.steps.push(Step::read(Operation::Plan));
                self.steps.extend(again.into_iter().map(Step::read));
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
        self.steps = step::writes(plan.actions);
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

/// The read that follows a change of a pool of which nobody knows whether it was made.
fn read_back(change: Option<(String, Stage)>, ours: Ours) -> Option<Operation> {
    let (id, stage) = change?;
    let Ours { takes, gives } = ours;
    let is_needed = !takes.is_empty() || !gives.is_empty();
    is_needed.then_some(Operation::ReadBack { id, takes, gives, stage })
}

#[cfg(test)]
pub(crate) mod tests;
