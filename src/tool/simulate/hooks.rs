//! The operator's hooks: when they are called, what they answer, and what follows in the databases
//! behind them.

use super::queue::{Due, Life};
use super::script::{HookStep, Meets};
use super::world::World;
use crate::controller::HOOKS_AT_ONCE_MAX;
use crate::outgoing::{Outcome, TIMEOUT_MS};
use crate::recovery::HookCall;
use crate::time::{Millis, Timestamp};

/// How long a hook takes to answer.
const HOOK_MS: Millis = 200;

impl World<'_> {
    pub(super) fn start_hooks(&mut self) {
        if self.lanes.hooks.start(None) {
            self.controller.recover_hooks();
            self.call_hooks();
        }
    }

    fn call_hooks(&mut self) {
        let now = self.time();
        let calls = self.controller.begin_hooks(HOOKS_AT_ONCE_MAX, now);
        self.storage.save(&mut self.controller);
        // The lane does not wait for dry calls.
        let (dry, calls): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.body.is_dry);
        let has_dry = !dry.is_empty();
        self.expect_answers(dry);
        if !calls.is_empty() {
            self.expect_answers(calls);
        } else if has_dry {
            self.call_hooks();
        } else {
            self.end_hooks();
        }
    }

    fn expect_answers(&mut self, calls: Vec<HookCall>) {
        let longest = calls.iter().map(|call| self.answer_of(call).0).max();
        if let Some(longest) = longest {
            self.queue.add(self.now.plus(longest), Due::Hooked(self.life, calls));
        }
    }

    /// Hooks have answered.
    pub(super) fn hooked(&mut self, life: Life, calls: &[HookCall]) {
        for call in calls {
            let (_, outcome) = self.answer_of(call);
            self.tell_hook(call, &outcome);
            self.judge_hook(call, &outcome);
            if matches!(outcome, Outcome::Answered { status: 200, .. }) && !call.body.is_dry {
                let step = self.hook_step(call, self.now).map(|step| step.then.clone());
                self.facts.follow(self.now, step.unwrap_or_default());
            }
            if life == self.life {
                let now = self.time();
                self.controller.end_hook(call, &outcome, now);
                self.after_turn_quietly();
            }
        }
        if life == self.life {
            self.follow_up();
            if calls.iter().any(|call| !call.body.is_dry) {
                self.call_hooks();
            } else {
                self.wake_later();
            }
        }
    }

    fn end_hooks(&mut self) {
        if self.lanes.hooks.next() {
            self.controller.recover_hooks();
            self.call_hooks();
        } else {
            self.wake_later();
        }
    }

    fn hook_step(&self, call: &HookCall, at: Timestamp) -> Option<&HookStep> {
        self.facts.hook(call.service.as_str(), &call.body.step, at)
    }

    /// How long a hook takes, and what it answers.
    fn answer_of(&self, call: &HookCall) -> (Millis, Outcome) {
        let step = self.hook_step(call, self.now);
        let after_ms = step.and_then(|step| step.after_ms).unwrap_or(HOOK_MS);
        match step.and_then(|step| step.meets) {
            Some(Meets::Silence) => (TIMEOUT_MS, Outcome::TimedOut),
            Some(Meets::Refused) => (after_ms, Outcome::NoConnection),
            Some(Meets::Well) | None => {
                let status = step.and_then(|step| step.status).unwrap_or(200);
                let said = step.and_then(|step| step.says.clone()).unwrap_or_default();
                (after_ms, Outcome::Answered { status, retry_after_ms: None, said })
            }
        }
    }

    /// Dry calls that would work are told to nobody: there is one each half hour.
    fn tell_hook(&mut self, call: &HookCall, outcome: &Outcome) {
        if call.body.is_dry && matches!(outcome, Outcome::Answered { status: 200, .. }) {
            return;
        }
        let words = match outcome {
            Outcome::Answered { status, said, .. } if said.is_empty() => status.to_string(),
            Outcome::Answered { status, said, .. } => format!("{status}: {said}"),
            _ => outcome.unanswered().unwrap_or_default().to_owned(),
        };
        let to = call.body.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
        let text = format!("{}{to}: {words}", call.id());
        if !call.body.is_dry {
            self.seen.hooks.push((self.now, call.body.step.clone(), text.clone()));
        }
        self.tell("hook", text);
    }
}
