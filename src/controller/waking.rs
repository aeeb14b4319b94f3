//! When the Controller has to wake by itself, and for what.
//!
//! Rounds wake it several times a minute. An alarm is for what should not wait for a round, or must
//! happen even if cron is silent. There is one alarm, so there is one answer: the earliest instant,
//! with all reasons that hold then.

use super::Controller;
use super::actuation::allowance;
use super::lane::SILENCE_MS_MAX;
use crate::cloudflare::desired;
use crate::json::words;
use crate::ordered::Set;
use crate::state::RetryWhy;
use crate::time::{MINUTE, Millis, Timestamp};

/// When an alarm rings again whose handler did not come to its end. It is set before anything is
/// done: the runtime gives an alarm up after seven failures in a row, and then nobody would wake.
pub const WAKE_AGAIN_MS: Millis = MINUTE;

words! {
    /// Why the Controller wakes by itself.
    pub enum WakeReason {
        /// A pass failed and is tried again.
        PassFailed = "pass_failed",
        /// A pass ran out of calls and goes on.
        PassGoesOn = "pass_goes_on",
        /// Upkeep was put off.
        Upkeep = "upkeep",
        /// A guard withheld a change, and its time ends.
        GuardEnds = "guard_ends",
        /// The API asked for silence until then.
        BlockEnds = "block_ends",
        /// The calls of five minutes are spent, and some are free again.
        BudgetGrows = "budget_grows",
        /// A pass may have been cancelled.
        PassIsSilent = "pass_is_silent",
        /// An order comes into force, or ends.
        Order = "order",
        /// A document did not arrive, or must wait for its turn.
        Documents = "documents",
        /// An alert is tried again, escalates, or has more to tell.
        Alerts = "alerts",
        /// A step of a plan is due, or late.
        Plan = "plan",
        /// If no run of cron comes until then, cron is silent.
        Silence = "silence",
        /// If no run of cron comes until then, one has to be made that stands in for it.
        StandIn = "stand_in",
    }
}

/// When to wake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wake {
    /// Never in the past.
    pub at: Timestamp,
    /// At least one.
    pub reasons: Set<WakeReason>,
}

impl Controller {
    /// When to wake next; `None` where the next round is soon enough. While a pass is under way,
    /// which `in_pass` says, the next one is no reason: its end will tell.
    ///
    /// `routes` is renewed by rounds alone. A heartbeat without rounds would hide that nobody
    /// probes.
    #[must_use]
    pub fn next_wake(&self, now: Timestamp, in_pass: bool) -> Option<Wake> {
        let stand_in = self.stand_in_at().map(|at| (at, WakeReason::StandIn));
        earliest(self.wakes(now, in_pass).into_iter().chain(stand_in).collect(), now)
    }

    /// The same as if cron never failed.
    #[cfg(test)]
    pub(super) fn next_wake_with_cron(&self, now: Timestamp, in_pass: bool) -> Option<Wake> {
        earliest(self.wakes(now, in_pass), now)
    }

    fn wakes(&self, now: Timestamp, in_pass: bool) -> Vec<(Timestamp, WakeReason)> {
        let pass = if in_pass {
            Some((now.plus(SILENCE_MS_MAX), WakeReason::PassIsSilent))
        } else {
            self.next_pass(now)
        };
        let documents = self.publishing.next_try().map(|at| (at, WakeReason::Documents));
        let alerts = self.next_alert(now).map(|at| (at, WakeReason::Alerts));
        let silence = self.silent_at().map(|at| (at, WakeReason::Silence));
        let order = self.next_order().map(|at| (at, WakeReason::Order));
        let all = pass.into_iter().chain(documents).chain(alerts).chain(silence).chain(order);
        let question = self.asks_hooks().then_some(now);
        let plan = self.next_step(now).into_iter().chain(question).min();
        let plan = plan.map(|at| (at, WakeReason::Plan));
        all.chain(plan).collect()
    }

    /// Only where a pass could then begin: an alarm that finds nothing to do must not ask for
    /// another.
    fn next_pass(&self, now: Timestamp) -> Option<(Timestamp, WakeReason)> {
        let view = self.view(now)?;
        let (config, actuation) = (view.config, &view.state.actuation);
        let at = actuation.retry_at?.max(now);
        if desired(&view).is_empty() {
            return None;
        }
        if let Some(blocked) = actuation.blocked_until.filter(|until| at < *until) {
            return Some((blocked, WakeReason::BlockEnds));
        }
        let later = now.plus(MINUTE);
        if at < later && allowance(config, actuation, now).calls == 0 {
            return Some((later, WakeReason::BudgetGrows));
        }
        let reason = match actuation.retry_why {
            Some(RetryWhy::Failed) | None => WakeReason::PassFailed,
            Some(RetryWhy::OutOfCalls) => WakeReason::PassGoesOn,
            Some(RetryWhy::Upkeep) => WakeReason::Upkeep,
            Some(RetryWhy::GuardEnds) => WakeReason::GuardEnds,
        };
        Some((at, reason))
    }
}

/// The earliest instant, with all that is due then.
fn earliest(all: Vec<(Timestamp, WakeReason)>, now: Timestamp) -> Option<Wake> {
    let at = all.iter().map(|(at, _)| *at).min()?.max(now);
    let holds = all.into_iter().filter(|(due, _)| *due <= at);
    Some(Wake { at, reasons: holds.map(|(_, reason)| reason).collect() })
}

#[cfg(test)]
mod tests;
