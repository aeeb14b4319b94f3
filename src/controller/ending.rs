//! What to remember of a pass, and when the next one is due.

use super::actuation::{CALLS_WINDOW_MS, CHANGES_WINDOW_MS, Pass};
use super::{Controller, denials, others};
use crate::cloudflare::{PassReport, Urgency, Withheld, WithheldReason};
use crate::fingerprint::Fingerprint;
use crate::hold;
use crate::ordered::{Map, Set};
use crate::state::{APPLIED_MAX, Actuation, Applied, RetryWhy};
use crate::tally::Tally;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// First wait after a failed pass. Each further one that gets no further waits twice as long.
const BACKOFF_MS: Millis = 2 * SECOND;
/// Longest wait after a failed pass, unless the API asks for more.
const BACKOFF_MS_MAX: Millis = MINUTE;
/// How soon upkeep is tried again that was put off.
const UPKEEP_LATER_MS: Millis = MINUTE;
/// Longest time without a look at the account while a guard's time runs.
const LOOK_AGAIN_MS: Millis = 10 * MINUTE;

impl Controller {
    /// Remembers what a pass did. Returns what a person has to see to.
    pub fn end_reconcile(&mut self, pass: Pass, now: Timestamp) -> Vec<String> {
        let Pass { reconcile, wanted, began, grounds, .. } = pass;
        let mut report: PassReport = reconcile.finish();
        self.readings = std::mem::take(&mut report.readings);
        self.seen = std::mem::take(&mut report.seen);
        let hold_down_ms = self.config.as_ref().map_or(0, |config| config.guards.hold_down_ms);
        let actuation = &mut self.state.actuation;
        if actuation.attempted != Some(wanted) {
            // What stood in the way of an old wish need not stand in the way of a new one.
            (actuation.attempts, actuation.left) = (0, None);
        }
        actuation.attempted = Some(wanted);
        actuation.calls.add(report.calls, now);
        self.counters.api_calls += u64::from(report.calls);
        actuation.blocked_until = report.blocked_ms.map(|ms| now.plus(ms));
        if let Some(until) = actuation.blocked_until {
            actuation.upkeep_after = Some(until.plus(CALLS_WINDOW_MS));
        }
        count(actuation, &report, now);
        denials::note(actuation, &report, now);
        when_again(actuation, &report, wanted, Times { now, hold_down_ms });
        close_intents(actuation, &report, began);
        remember(actuation, &report, now, began);
        self.news.failed(&actuation.failures, &report.failures, now);
        actuation.failures.clone_from(&report.failures);
        let mut found = denials::say(actuation, &report, now);
        // A pass that could not read the account does not know.
        if report.is_planned || !report.withheld.is_empty() {
            found.extend(needs_a_person(&report.withheld, &actuation.withheld));
            found.extend(newly_held_back(&actuation.withheld, &report.withheld));
            self.news.withheld(&actuation.withheld, &report.withheld, now);
            actuation.withheld = report.withheld.iter().map(ToString::to_string).collect();
        }
        let applied = std::mem::take(&mut report.applied).into_iter();
        let applied: Vec<(Applied, _)> = applied
            .map(|done| {
                let why = grounds.why(&done);
                (Applied { at: done.at, why, what: done.what }, done.service)
            })
            .collect();
        self.news.applied(&applied);
        others::follow(actuation, &mut self.news, &report.looked, now);
        actuation.applied.extend(applied.into_iter().map(|(done, _)| done));
        let excess = actuation.applied.len().saturating_sub(APPLIED_MAX);
        actuation.applied.drain(..excess);
        self.settle(now);
        found
    }
}

/// What a pass found out about zones, records of ours and holds.
fn remember(actuation: &mut Actuation, report: &PassReport, now: Timestamp, began: Timestamp) {
    actuation.zone_ids.clone_from(&report.zone_ids);
    actuation.owned.clone_from(&report.owned);
    actuation.zones_seen.retain(|zone, _| report.zone_ids.contains_key(zone));
    for zone in report.zones_seen.iter() {
        actuation.zones_seen.insert(zone.clone(), began);
    }
    let ours = (&mut actuation.holds, &mut actuation.claims);
    hold::settle(ours, &report.holds, report.machine);
    for account in report.slow_monitors.iter() {
        actuation.slow_monitors.insert(account.clone(), now);
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

/// Instants and spans that say when a pass is due again.
#[derive(Clone, Copy)]
struct Times {
    now: Timestamp,
    hold_down_ms: Millis,
}

/// Settles what was wanted, or says when to try again.
fn when_again(actuation: &mut Actuation, report: &PassReport, wanted: Fingerprint, times: Times) {
    if report.failures.is_empty() {
        went_well(actuation, report, wanted, times);
    } else {
        failed(actuation, report, times.now);
    }
}

/// A pass that got further than the one before it is tried again soon: what is in the way strikes
/// at random. One that did not waits longer each time.
fn failed(actuation: &mut Actuation, report: &PassReport, now: Timestamp) {
    let got_further = actuation.left.is_none_or(|left| report.left < left);
    actuation.left = Some(report.left);
    if got_further {
        actuation.attempts = 0;
    }
    let doublings = actuation.attempts.min(8);
    let backoff_ms = BACKOFF_MS.saturating_mul(1 << doublings).min(BACKOFF_MS_MAX);
    actuation.attempts = actuation.attempts.saturating_add(1);
    // A person has to act first where only permissions are missing, and all else is done.
    let goes_on = report.put_off.is_some() && got_further;
    let hopeless_ms = denials::wait_ms(actuation, report, now).filter(|_| !goes_on);
    actuation.retry_at = Some(now.plus(hopeless_ms.unwrap_or(backoff_ms)));
    actuation.retry_why = Some(RetryWhy::Failed);
}

fn went_well(actuation: &mut Actuation, report: &PassReport, wanted: Fingerprint, times: Times) {
    let Times { now, hold_down_ms } = times;
    (actuation.attempts, actuation.left) = (0, None);
    let is_held = |why: WithheldReason| report.withheld.iter().any(|withheld| withheld.why == why);
    let ends = actuation.moved_at.values().map(|at| at.plus(hold_down_ms));
    let hold_down_ends =
        ends.filter(|end| now < *end).min().filter(|_| is_held(WithheldReason::HoldDown));
    let budget_grows = is_held(WithheldReason::ChangeBudget).then(|| now.plus(MINUTE));
    let share_grows = is_held(WithheldReason::ZoneShare).then(|| now.plus(LOOK_AGAIN_MS));
    let waits_until = hold_down_ends.into_iter().chain(budget_grows).chain(share_grows).min();
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
    if report.is_planned {
        actuation.compared_at = Some(report.as_of);
    }
}

fn count(actuation: &mut Actuation, report: &PassReport, now: Timestamp) {
    for done in &report.applied {
        let Some(service) = &done.service else { continue };
        actuation.changes.insert_if_absent(service.clone(), Tally::default());
        actuation.changes.get_mut(service).into_iter().for_each(|tally| tally.add(1, done.at));
        if matches!(done.urgency, Urgency::Failover | Urgency::Restore) {
            actuation.moved_at.insert(service.clone(), done.at);
        }
    }
    for (zone, count) in report.zone_changes.iter().filter(|(_, count)| **count > 0) {
        actuation.zone_changes.insert_if_absent(zone.clone(), Tally::default());
        actuation.zone_changes.get_mut(zone).into_iter().for_each(|tally| tally.add(*count, now));
    }
    actuation.zone_changes.retain(|_, tally| tally.within(CHANGES_WINDOW_MS, now) > 0);
    remember_moves(&mut actuation.moved, report);
}

fn remember_moves(moved: &mut Map<String, Set<String>>, report: &PassReport) {
    for (set, contents) in report.returned.iter() {
        let known = moved.get_mut(set).into_iter();
        known.for_each(|known| known.retain(|content| !contents.contains(content)));
    }
    for (set, contents) in report.moved.iter() {
        moved.insert_if_absent(set.clone(), Set::new());
        let known = moved.get_mut(set).into_iter();
        known.for_each(|known| known.extend(contents.iter().cloned()));
    }
    moved.retain(|_, contents| !contents.is_empty());
}

/// What the share of a zone holds back and did not before: a person has to see to it, because time
/// alone may not be enough.
fn newly_held_back(before: &[String], withheld: &[Withheld]) -> Option<String> {
    let is_new = |held: &&Withheld| {
        held.why == WithheldReason::ZoneShare
            && !before.iter().any(|told| told.starts_with(&held.what))
    };
    let mut held = withheld.iter().filter(is_new);
    let first = held.next()?;
    let more = held.count();
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    Some(format!("held back: {first}{more}"))
}

/// An intent of an earlier pass is closed once a plan was made from what the account says now: what
/// had been done was found done, and what had not is in that plan.
fn close_intents(actuation: &mut Actuation, report: &PassReport, began: Timestamp) {
    actuation.intents.retain(|intent| {
        let is_older = intent.at < began;
        report.open.contains(&intent.what) || (is_older && !report.is_planned)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Left;

    /// The waits after failed passes that left so much each.
    fn waits_s(lefts: &[(u32, u32)]) -> Vec<u64> {
        let mut actuation = Actuation::default();
        let now = Timestamp::from_millis(0);
        let waits = lefts.iter().map(|(unread, undone)| {
            let left = Left { unread: *unread, undone: *undone };
            let failures = vec!["no reply".to_owned()];
            let report = PassReport { failures, left, ..PassReport::default() };
            failed(&mut actuation, &report, now);
            actuation.retry_at.unwrap().since(now) / SECOND
        });
        waits.collect()
    }

    #[test]
    fn a_pass_that_gets_no_further_waits_twice_as_long_up_to_a_minute() {
        assert_eq!(waits_s(&[(0, 3); 7]), [2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_pass_that_gets_further_is_tried_again_soon() {
        assert_eq!(waits_s(&[(60, 9), (15, 9), (3, 9), (0, 9), (0, 5), (0, 4)]), [2; 6]);
        assert_eq!(waits_s(&[(0, 3), (0, 3), (0, 3), (0, 2), (0, 2)]), [2, 4, 8, 2, 4]);
        assert_eq!(waits_s(&[(1, 0), (2, 0), (2, 0)]), [2, 4, 8], "less is read");
    }
}
