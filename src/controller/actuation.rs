//! When to compare with Cloudflare, what may be spent on it, and what to remember of it.

use super::Controller;
use super::grounds::Grounds;
use super::zones::zones_due;
use crate::cloudflare::{
    Allowance, Circumstances, Desired, PassInput, PassReport, Reconcile, Urgency, Withheld,
    WithheldReason, desired,
};
use crate::config::Config;
use crate::fingerprint::Fingerprint;
use crate::hold::{self, Hold};
use crate::ordered::{Map, Set};
use crate::state::{APPLIED_MAX, Actuation, Applied, Denied, Intent, RetryWhy, State};
use crate::tally::Tally;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use crate::view::View;

/// First wait after a failed pass; each further one waits twice as long.
const BACKOFF_MS: Millis = 2 * SECOND;
/// Longest wait after a failed pass, unless the API asks for more.
const BACKOFF_MS_MAX: Millis = MINUTE;
/// The window in which calls are counted. Source: the API's rate limit.
pub(super) const CALLS_WINDOW_MS: Millis = 5 * MINUTE;
/// The window in which changes of a service are counted.
const CHANGES_WINDOW_MS: Millis = 60 * MINUTE;
/// For how long a missing permission is not tried again.
const DENIED_MS: Millis = 10 * MINUTE;
/// For how long an account that refused a monitor's interval is not asked again.
const SLOW_MONITORS_MS: Millis = 24 * 60 * MINUTE;
/// How soon upkeep is tried again that was put off.
const UPKEEP_LATER_MS: Millis = MINUTE;
/// Longest time without a look at the account while a guard's time runs.
const LOOK_AGAIN_MS: Millis = 10 * MINUTE;
/// Intents that are kept; a pass writes each down before its call and closes it after.
const INTENTS_MAX: usize = 100;

/// A comparison that has begun.
#[derive(Debug)]
pub struct Pass {
    /// The conversation with the API.
    pub reconcile: Reconcile,
    /// What was wanted when it began: what changes meanwhile is not settled by it.
    pub wanted: Fingerprint,
    /// What it was made from, for people.
    basis: String,
    /// Why it may change something.
    grounds: Grounds,
    began: Timestamp,
}

/// Begins a pass where the desired state is new, an attempt failed and may be made again, something
/// was begun and not heard of since, or the account was not looked at for a while.
pub(super) fn begin(view: &View<'_>) -> Option<Pass> {
    let View { config, state, now } = *view;
    let desired = desired(view);
    let actuation = &state.actuation;
    // What we disabled is looked after even if the config has nothing any more.
    if desired.is_empty() && actuation.holds.is_empty() && actuation.claims.is_empty() {
        return None;
    }
    let wanted = fingerprint(&desired, config, state);
    let waits = |until: Option<Timestamp>| until.is_some_and(|at| now < at);
    // A new wish need not wait for an old failure, but for a block of the whole API it must.
    let is_new = actuation.attempted != Some(wanted);
    if waits(actuation.blocked_until) || (waits(actuation.retry_at) && !is_new) {
        return None;
    }
    let allowance = allowance(config, actuation, now);
    let unsettled = actuation.settled != Some(wanted);
    let is_due = |at: Timestamp| now.since(at) >= config.compare_every_ms;
    // To look after what others did is upkeep.
    let drift_due = actuation.compared_at.is_none_or(is_due) && allowance.upkeep > 0;
    let unheard = actuation.retry_at.is_some() || !actuation.intents.is_empty();
    if allowance.calls == 0 || !(unsettled || drift_due || unheard) {
        return None;
    }
    let denied = actuation.denied.iter().filter(|(_, denied)| now.since(denied.at) < DENIED_MS);
    let basis = format!("config {} at generation {}", config.fingerprint, state.generation);
    Some(Pass {
        reconcile: Reconcile::new(PassInput {
            desired,
            circumstances: circumstances(config, state, now),
            holds: actuation.holds.clone(),
            claims: actuation.claims.clone(),
            slow_monitors: slow_monitors(actuation, now),
            zone_ids: actuation.zone_ids.clone(),
            zones_due: zones_due(actuation, now),
            denied: Map::of(denied.map(|(needs, denied)| (needs.clone(), denied.said.clone()))),
            allowance,
            is_dry: false,
        }),
        wanted,
        grounds: Grounds::of(view, basis.clone()),
        basis,
        began: now,
    })
}

/// Everything that a plan depends on and that is not read from the account.
fn fingerprint(desired: &Desired, config: &Config, state: &State) -> Fingerprint {
    Fingerprint::of_value(&(desired, config.guards, state.doubted_since))
}

/// What the guards look at, as the state has it.
#[must_use]
pub fn circumstances(config: &Config, state: &State, now: Timestamp) -> Circumstances {
    let changes = state.actuation.changes.iter();
    Circumstances {
        now,
        guards: config.guards,
        doubted_since: state.doubted_since,
        moved_at: state.actuation.moved_at.clone(),
        changes: Map::of(
            changes.map(|(id, tally)| (id.clone(), tally.within(CHANGES_WINDOW_MS, now))),
        ),
        owned: state.actuation.owned.clone(),
        open: state.actuation.intents.iter().map(|intent| intent.what.clone()).collect(),
    }
}

/// Half of the budget is for what is urgent alone.
pub(super) fn allowance(config: &Config, actuation: &Actuation, now: Timestamp) -> Allowance {
    let used = actuation.calls.within(CALLS_WINDOW_MS, now);
    let most = config.api_calls_per_5_min;
    let has_to_wait = actuation.upkeep_after.is_some_and(|at| now < at);
    let calls = most.saturating_sub(used).min(config.api_calls_per_pass);
    let upkeep = if has_to_wait { 0 } else { (most / 2).saturating_sub(used).min(calls) };
    Allowance { calls, upkeep }
}

impl Controller {
    /// Writes down what is about to be done; the caller saves the state before it makes the call.
    pub fn intend(&mut self, what: String, now: Timestamp) {
        let actuation = &mut self.state.actuation;
        actuation.intents.retain(|intent| intent.what != what);
        actuation.intents.push(Intent { at: now, what });
        let excess = actuation.intents.len().saturating_sub(INTENTS_MAX);
        actuation.intents.drain(..excess);
    }

    /// Makes claims of what a change disables, and of what we hold and it enables; see
    /// [`hold::begin`]. `machine` is what the machine's clock shows.
    pub fn claim(&mut self, takes: Vec<Hold>, gives: Vec<Hold>, machine: Timestamp) {
        let actuation = &mut self.state.actuation;
        let ours = (&mut actuation.holds, &mut actuation.claims);
        hold::begin(ours, takes, gives, machine);
    }

    /// Ends a pass before its next change if what it was made from no longer holds.
    pub fn still_holds(&self, pass: &mut Pass, now: Timestamp) -> bool {
        let wanted =
            self.view(now).map(|view| fingerprint(&desired(&view), view.config, view.state));
        let holds = wanted == Some(pass.wanted);
        if !holds {
            pass.reconcile.abandon(format!("it was made from {}, which is past", pass.basis));
        }
        holds
    }

    /// Makes the next round compare with the account, and try again what was denied.
    pub fn compare_soon(&mut self) {
        let actuation = &mut self.state.actuation;
        actuation.compared_at = None;
        (actuation.retry_at, actuation.retry_why) = (None, None);
        actuation.denied = Map::new();
        actuation.slow_monitors = Map::new();
    }

    /// Remembers what a pass did. Returns what a person has to see to: permissions that were found
    /// missing only now.
    pub fn end_reconcile(&mut self, pass: Pass, now: Timestamp) -> Vec<String> {
        let Pass { reconcile, wanted, began, grounds, .. } = pass;
        let report: PassReport = reconcile.finish();
        let actuation = &mut self.state.actuation;
        if actuation.attempted != Some(wanted) {
            // What stood in the way of an old wish need not stand in the way of a new one.
            actuation.attempts = 0;
        }
        actuation.attempted = Some(wanted);
        actuation.calls.add(report.calls, now);
        actuation.blocked_until = report.blocked_ms.map(|ms| now.plus(ms));
        if let Some(until) = actuation.blocked_until {
            actuation.upkeep_after = Some(until.plus(CALLS_WINDOW_MS));
        }
        count(actuation, &report, now);
        let hold_down_ms = self.config.as_ref().map_or(0, |config| config.guards.hold_down_ms);
        when_again(actuation, &report, wanted, Times { began, now, hold_down_ms });
        close_intents(actuation, &report, began);
        let ours = (&mut actuation.holds, &mut actuation.claims);
        hold::settle(ours, &report.holds, report.machine);
        for account in report.slow_monitors.iter() {
            actuation.slow_monitors.insert(account.clone(), now);
        }
        actuation.zone_ids = report.zone_ids;
        actuation.owned = report.owned;
        actuation.zones_seen.retain(|zone, _| actuation.zone_ids.contains_key(zone));
        for zone in report.zones_seen {
            actuation.zones_seen.insert(zone, began);
        }
        let before = std::mem::take(&mut actuation.denied);
        let mut found = Vec::new();
        let denied = report.denied.into_iter().map(|(needs, said)| {
            let at = before.get(&needs).map_or(now, |denied| denied.at);
            let at = if now.since(at) < DENIED_MS { at } else { now };
            if at == now {
                found.push(String::clone(&said));
            }
            (needs, Denied { at, said })
        });
        actuation.denied = denied.collect();
        self.news.failed(&actuation.failures, &report.failures);
        found.extend(needs_a_person(&report.withheld, &actuation.withheld));
        actuation.failures = report.failures;
        // A pass that could not read the account does not know.
        if report.is_planned || !report.withheld.is_empty() {
            self.news.withheld(&actuation.withheld, &report.withheld);
            actuation.withheld = report.withheld.iter().map(ToString::to_string).collect();
        }
        let applied = report.applied.into_iter();
        let applied: Vec<Applied> = applied
            .map(|done| Applied { at: now, why: grounds.why(&done), what: done.what })
            .collect();
        self.news.applied(&applied);
        actuation.applied.extend(applied);
        let excess = actuation.applied.len().saturating_sub(APPLIED_MAX);
        actuation.applied.drain(..excess);
        found
    }
}

/// What only a person can end and was not told by the pass before.
fn needs_a_person(withheld: &[Withheld], before: &[String]) -> Vec<String> {
    let is_theirs = |withheld: &&Withheld| {
        matches!(withheld.why, WithheldReason::Breach | WithheldReason::TwoOwners)
    };
    let told = withheld.iter().filter(is_theirs).map(ToString::to_string);
    told.filter(|told| !before.contains(told)).collect()
}

/// Accounts that refused a monitor lately.
fn slow_monitors(actuation: &Actuation, now: Timestamp) -> Set<String> {
    let slow = actuation.slow_monitors.iter();
    let lately = slow.filter(|(_, at)| now.since(**at) < SLOW_MONITORS_MS);
    lately.map(|(account, _)| account.clone()).collect()
}

/// Instants and spans that say when a pass is due again.
#[derive(Clone, Copy)]
struct Times {
    began: Timestamp,
    now: Timestamp,
    hold_down_ms: Millis,
}

/// Settles what was wanted, or says when to try again.
fn when_again(actuation: &mut Actuation, report: &PassReport, wanted: Fingerprint, times: Times) {
    let Times { began, now, hold_down_ms } = times;
    if !report.failures.is_empty() {
        let hopeless =
            report.failures.iter().all(|told| report.denied.values().any(|denied| denied == told));
        let doublings = actuation.attempts.min(8);
        let backoff = BACKOFF_MS.saturating_mul(1 << doublings).min(BACKOFF_MS_MAX);
        actuation.attempts = actuation.attempts.saturating_add(1);
        actuation.retry_at = Some(now.plus(match report.put_off {
            // What went well makes room for what was put off.
            Some(_) if !report.applied.is_empty() => BACKOFF_MS,
            // A person has to act first.
            _ if hopeless => DENIED_MS,
            _ => backoff,
        }));
        actuation.retry_why = Some(RetryWhy::Failed);
        return;
    }
    actuation.attempts = 0;
    let is_held = |why: WithheldReason| report.withheld.iter().any(|withheld| withheld.why == why);
    let ends = actuation.moved_at.values().map(|at| at.plus(hold_down_ms));
    let hold_down_ends =
        ends.filter(|end| now < *end).min().filter(|_| is_held(WithheldReason::HoldDown));
    let budget_grows = is_held(WithheldReason::ChangeBudget).then(|| now.plus(MINUTE));
    let waits_until = hold_down_ends.into_iter().chain(budget_grows).min();
    // A long wait must not keep us from seeing what others do.
    let waits_until = waits_until.map(|at| at.min(now.plus(LOOK_AGAIN_MS)));
    let retry = match report.put_off {
        Some(Urgency::Upkeep) => Some((now.plus(UPKEEP_LATER_MS), RetryWhy::Upkeep)),
        Some(_) => Some((now, RetryWhy::OutOfCalls)),
        None => waits_until.map(|at| (at, RetryWhy::GuardEnds)),
    };
    (actuation.retry_at, actuation.retry_why) = retry.unzip();
    // What was changed is read once more before it counts: others write as well.
    let is_found = report.applied.is_empty();
    let is_over = report.put_off.is_none() && is_found && waits_until.is_none();
    actuation.settled = is_over.then_some(wanted);
    actuation.compared_at = Some(began);
}

fn count(actuation: &mut Actuation, report: &PassReport, now: Timestamp) {
    for done in &report.applied {
        let Some(service) = &done.service else { continue };
        actuation.changes.insert_if_absent(service.clone(), Tally::default());
        actuation.changes.get_mut(service).into_iter().for_each(|tally| tally.add(1, now));
        if matches!(done.urgency, Urgency::Failover | Urgency::Restore) {
            actuation.moved_at.insert(service.clone(), now);
        }
    }
}

/// An intent of an earlier pass is closed once a plan was made from what the account says now: what
/// had been done was found done, and what had not is in that plan.
fn close_intents(actuation: &mut Actuation, report: &PassReport, began: Timestamp) {
    actuation.intents.retain(|intent| {
        let is_older = intent.at < began;
        report.open.contains(&intent.what) || (is_older && !report.is_planned)
    });
}
