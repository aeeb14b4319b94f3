//! How many calls one invocation may make, and for what.
//!
//! Cloudflare counts the calls that leave an invocation, and fails each one beyond its limit. A
//! round, an act and an alarm are invocations of the Controller. What one of them sets going goes
//! on behind its answer, and its calls count there. So **each of them has one quota, and all that
//! it sets going draws from it**:
//!
//! - Passes come first, since they move traffic: they have all of it but the share of alerts.
//! - Alerts have a share that no pass can spend, and so has the call of a run that a monitor
//!   outside waits for. The worst messages go first.
//! - So has the push of metrics, where the config has one.
//! - Hooks have a share, while a plan is under way or somebody asks whether one would work. Passes
//!   have so much less then: nothing is routed to a primary that is not promoted.
//!
//! What is beyond a quota is not lost. It waits for the next invocation, and an alarm makes one at
//! once.

use super::actuation::Pass;
use super::{Controller, Heartbeat};
use crate::alert::{AT_ONCE_MAX, Delivery, Entry};
use crate::config::API_CALLS_PER_PASS_DEFAULT;
use crate::recovery::HookCall;
use crate::time::Timestamp;

/// The calls that one invocation may make on Workers Free; calls of KV and of Durable Objects have
/// a limit of their own. By default, a whole quota fits in. Source:
/// developers.cloudflare.com/workers/platform/limits, "Subrequests".
pub const INVOCATION_CALLS_MAX: u32 = 50;
/// The fewest calls with which a pass is begun. With fewer it might change nothing, and would say
/// that the config allows too few.
const PASS_CALLS_MIN: u32 = 5;
/// Calls of hooks of one invocation. Whatever is asked again a moment later has one of its own.
pub const HOOKS_PER_INVOCATION_MAX: usize = 6;
/// Calls of one invocation for the monitor outside.
const HEARTBEATS_MAX: u32 = 1;
/// Pushes of metrics of one invocation.
const EXPORTS_MAX: u32 = 1;

/// What one invocation may still call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Calls of Cloudflare's API.
    calls: u32,
    /// Tries of alerts.
    tries: usize,
    /// Calls for the monitor outside.
    heartbeats: u32,
    /// Pushes of metrics.
    exports: u32,
    /// Calls of hooks.
    hooks: usize,
}

impl Quota {
    /// The quota of an invocation whose passes may make so many calls.
    #[must_use]
    pub fn of(calls: u32) -> Self {
        Self { calls, tries: AT_ONCE_MAX, heartbeats: HEARTBEATS_MAX, exports: 0, hooks: 0 }
    }

    /// The same with a share for pushes of metrics.
    #[must_use]
    pub fn with_exports(self) -> Self {
        let calls = self.calls.saturating_sub(EXPORTS_MAX);
        Self { calls, exports: EXPORTS_MAX, ..self }
    }

    /// The same with a share for hooks.
    #[must_use]
    pub fn with_hooks(self) -> Self {
        let hooks = HOOKS_PER_INVOCATION_MAX;
        let calls = self.calls.saturating_sub(u32::try_from(hooks).unwrap_or(u32::MAX));
        Self { calls, hooks, ..self }
    }

    /// Whether a pass may be begun.
    #[must_use]
    pub fn allows_a_pass(&self) -> bool {
        self.calls >= PASS_CALLS_MIN
    }

    /// Uses the call of a push of metrics, if there is one.
    pub(super) fn use_export(&mut self) -> bool {
        let left = self.exports.checked_sub(1);
        self.exports = left.unwrap_or(0);
        left.is_some()
    }

    /// Uses one call of a pass.
    pub fn use_call(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }
}

impl Controller {
    /// The quota of an invocation that begins.
    #[must_use]
    pub fn quota(&self) -> Quota {
        let calls = self.config.as_ref().map(|config| config.api_calls_per_pass);
        let quota = Quota::of(calls.unwrap_or(API_CALLS_PER_PASS_DEFAULT));
        let has_exports = self.config.as_ref().is_some_and(|config| config.otlp.is_some());
        let quota = if has_exports { quota.with_exports() } else { quota };
        if self.may_call_hooks() { quota.with_hooks() } else { quota }
    }

    /// The hooks to call now, as far as the quota goes; see [`Controller::begin_hooks`].
    pub fn draw_hooks(&mut self, quota: &mut Quota, now: Timestamp) -> Vec<HookCall> {
        let calls = self.begin_hooks(quota.hooks, now);
        quota.hooks = quota.hooks.saturating_sub(calls.len());
        calls
    }

    /// Begins a pass that makes no more calls than the quota has; see
    /// [`Controller::begin_reconcile`].
    #[must_use]
    pub fn begin_pass(&mut self, quota: Quota, now: Timestamp) -> Option<Pass> {
        let mut pass =
            if quota.allows_a_pass() { self.begin_reconcile(now)? } else { return None };
        pass.reconcile.limit_calls(quota.calls);
        Some(pass)
    }

    /// What to send now, each to another receiver, as far as the quota goes. It is to be saved
    /// first.
    pub fn begin_deliveries(&mut self, quota: &mut Quota, now: Timestamp) -> Vec<Delivery> {
        let Some(config) = &self.config else { return Vec::new() };
        let begun = self.state.outbox.begin(quota.tries, now);
        quota.tries = quota.tries.saturating_sub(begun.len());
        let delivery = |entry: Entry| {
            let receiver = config.alerts.iter().find(|it| it.id == entry.receiver)?.clone();
            Some(Delivery { entry, receiver })
        };
        begun.into_iter().filter_map(delivery).collect()
    }

    /// The call that a monitor outside waits for, if it is due and the quota allows it; it
    /// counts as made.
    pub fn take_heartbeat(&mut self, quota: &mut Quota) -> Option<Heartbeat> {
        let left = quota.heartbeats.checked_sub(1)?;
        let heartbeat = self.due_heartbeat()?;
        quota.heartbeats = left;
        Some(heartbeat)
    }
}

#[cfg(test)]
mod tests;
