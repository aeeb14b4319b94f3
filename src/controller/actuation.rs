//! When to compare with Cloudflare, and what to remember of it.

use super::Controller;
use crate::cloudflare::{Desired, Reconcile, Report, desired};
use crate::config::Config;
use crate::fingerprint::Fingerprint;
use crate::hold::Hold;
use crate::json;
use crate::state::{APPLIED_MAX, Applied, State};
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// How often the account is read when nothing has changed, to find what others did.
const DRIFT_EVERY_MS: Millis = 10 * MINUTE;
/// First wait after a failed pass; each further one waits twice as long.
const BACKOFF_MS: Millis = 2 * SECOND;
/// Longest wait after a failed pass, unless the API asks for more.
const BACKOFF_MS_MAX: Millis = MINUTE;

/// A comparison that has begun.
#[derive(Debug)]
pub struct Pass {
    /// The conversation with the API.
    pub reconcile: Reconcile,
    /// What was wanted when it began: what changes meanwhile is not settled by it.
    pub wanted: Fingerprint,
}

/// Begins a pass where the desired state is new, an attempt failed and may be made again, or the
/// account was not looked at for a while.
pub(super) fn begin(config: &Config, state: &State, now: Timestamp) -> Option<Pass> {
    let desired = desired(config, state, now);
    if desired == Desired::default() {
        return None;
    }
    let actuation = &state.actuation;
    let wanted = fingerprint(&desired);
    let waits = |until: Option<Timestamp>| until.is_some_and(|at| now < at);
    // A new wish need not wait for an old failure, but for a block of the whole API it must.
    let is_new = actuation.attempted != Some(wanted);
    if waits(actuation.blocked_until) || (waits(actuation.retry_at) && !is_new) {
        return None;
    }
    let unsettled = actuation.settled != Some(wanted);
    let drift_due = actuation.compared_at.is_none_or(|at| now.since(at) >= DRIFT_EVERY_MS);
    (unsettled || drift_due || actuation.retry_at.is_some()).then(|| Pass {
        reconcile: Reconcile::new(desired, actuation.zone_ids.clone(), actuation.holds.clone()),
        wanted,
    })
}

fn fingerprint(desired: &Desired) -> Fingerprint {
    Fingerprint::of(json::write(desired).as_bytes())
}

impl Controller {
    /// Writes a hold down; the caller saves the state before it makes the call that the hold is
    /// about.
    pub fn intend(&mut self, hold: Hold) {
        self.state.actuation.holds.insert(hold);
    }

    /// Remembers what a pass did.
    pub fn end_reconcile(&mut self, pass: Pass, now: Timestamp) {
        let Pass { reconcile, wanted } = pass;
        let report: Report = reconcile.finish();
        let actuation = &mut self.state.actuation;
        actuation.attempted = Some(wanted);
        actuation.blocked_until = report.blocked_ms.map(|ms| now.plus(ms));
        actuation.zone_ids = report.zone_ids;
        actuation.holds.retain(|hold| !report.released.contains(hold));
        if report.failures.is_empty() {
            actuation.settled = (!report.is_partial).then_some(wanted);
            actuation.compared_at = Some(now);
            actuation.attempts = 0;
            actuation.retry_at = None;
        } else {
            let doublings = actuation.attempts.min(8);
            let backoff = BACKOFF_MS.saturating_mul(1 << doublings).min(BACKOFF_MS_MAX);
            actuation.attempts = actuation.attempts.saturating_add(1);
            actuation.retry_at = Some(now.plus(backoff));
        }
        actuation.failures = report.failures;
        actuation.withheld = report.withheld;
        actuation.applied.extend(report.applied.into_iter().map(|what| Applied { at: now, what }));
        let excess = actuation.applied.len().saturating_sub(APPLIED_MAX);
        actuation.applied.drain(..excess);
    }
}
